package client

import (
	"time"

	"github.com/pion/rtp"
)

// maxMissing bounds the sequence numbers that are remembered as late.
const maxMissing = 4096

// continuity checks one stream packet by packet. Packets out of order are
// counted as missing until they come.
type continuity struct {
	// fixed after construction
	format    format
	contents  contents // nil: not checked
	red       uint8    // payload type of redundant sound, 0: none
	described uint8    // id of the dependency descriptor's extension, 0: none

	seen    Stats
	jitter  jitter
	freezes freezes
	when    captures
	next    uint16 // sequence number expected
	begun   bool
	missing map[uint16]struct{}
	// repaired came late: whoever asks until a packet comes may get it more than once
	repaired map[uint16]struct{}
	last     rtp.Header
	picture  uint16
	tl0      uint8
	entry    uint32 // timestamp of the newest keyframe
	entered  bool
	place    place  // of the last packet in order
	highest  int    // layer so far in this picture
	frame    uint16 // of the last dependency descriptor
}

func newContinuity(f format, c contents) continuity {
	clock := float64(videoClock)
	if f.audio() {
		clock = audioClock
	}
	return continuity{format: f, contents: c, missing: map[uint16]struct{}{}, repaired: map[uint16]struct{}{}, jitter: jitter{clock: clock}}
}

func (c *continuity) stats() Stats {
	s := c.seen
	s.Jitter = c.jitter.duration()
	return s
}

func (c *continuity) packet(p *rtp.Packet, now time.Time) {
	if len(p.Payload) == 0 { // padding probes carry nothing
		c.advance(p)
		return
	}
	c.seen.Packets++
	c.seen.Bytes += uint64(len(p.Payload))
	first := c.seen.First.IsZero()
	if first {
		c.seen.First = now
	}
	silence := now.Sub(c.seen.Last)
	c.seen.Last = now
	c.jitter.packet(p.Timestamp, now)
	if !c.advance(p) {
		return
	}
	if c.format.audio() {
		c.sound(p, first, silence, now)
	} else {
		c.video(p, first, silence, now)
	}
	c.last = p.Header
}

// advance does the sequence numbers; false: p is late or repeated.
func (c *continuity) advance(p *rtp.Packet) bool {
	if !c.begun {
		c.begun, c.next = true, p.SequenceNumber
	}
	if int16(p.SequenceNumber-c.next) < 0 {
		if _, late := c.missing[p.SequenceNumber]; late {
			delete(c.missing, p.SequenceNumber)
			if len(c.repaired) < maxMissing {
				c.repaired[p.SequenceNumber] = struct{}{}
			}
			c.seen.Missing--
			c.seen.Reordered++
		} else if _, asked := c.repaired[p.SequenceNumber]; asked {
			c.seen.Copies++ // it was missed for long enough to be asked for more than once
		} else {
			c.seen.Repeated++
		}
		return false
	}
	for ; c.next != p.SequenceNumber; c.next++ {
		c.seen.Missing++
		if len(c.missing) < maxMissing {
			c.missing[c.next] = struct{}{}
		}
	}
	c.next++
	return true
}

func (c *continuity) sound(p *rtp.Packet, first bool, silence time.Duration, now time.Time) {
	blocks := [][]byte{p.Payload}
	if c.red != 0 && p.PayloadType == c.red {
		var ok bool
		if blocks, ok = splitRED(p.Payload); !ok {
			c.seen.BadBytes++
			return
		}
		if len(blocks) > 1 {
			c.seen.Redundant++
		}
	}
	if !c.when.sound(p, blocks[len(blocks)-1], c.last, silence) && !first {
		c.seen.BadTimestamps++
	}
	for i, b := range blocks {
		if c.contents == nil || len(b) == 0 {
			continue
		}
		at, ok := c.contents.find(b, b, part{})
		if !ok {
			c.seen.BadBytes++
		}
		if i == len(blocks)-1 { // the others are older
			c.took(at, now)
		}
	}
}

func (c *continuity) video(p *rtp.Packet, first bool, silence time.Duration, now time.Time) {
	is, ok := c.format.parse(p.Payload)
	if !ok {
		c.seen.BadBytes++
		return
	}
	consecutive := !first && p.SequenceNumber == c.last.SequenceNumber+1
	newPicture := first || p.Timestamp != c.last.Timestamp
	if first {
		c.seen.ColdStart = !is.keyframe
	}
	if is.keyframe && (!c.entered || p.Timestamp != c.entry) {
		c.entry, c.entered = p.Timestamp, true
		c.seen.Keyframes++
	}
	// A server may pause a stream and go on at a keyframe; ids it does not write itself jump there.
	leaps := c.entered && p.Timestamp == c.entry
	step := p.Timestamp - c.last.Timestamp
	if !first && step != 0 && (int32(step) < 0 || leaps && !passes(step, videoClock, silence)) {
		c.seen.BadTimestamps++
	}
	if is.pictures && consecutive && !c.follows(is) && (is.rewritten || !leaps) {
		c.seen.BadPictures++
	}
	c.picture, c.tl0 = is.picture, is.tl0
	if newPicture {
		c.seen.Frames++
		if frozen := c.freezes.frame(now); frozen > 0 {
			c.seen.Freezes++
			c.seen.Frozen += frozen
		}
	}
	if c.contents == nil {
		return
	}
	at, ok := c.contents.find(p.Payload, is.body, is)
	if !ok {
		c.seen.BadBytes++
	}
	c.took(at, now)
	if ok && at.told && !c.when.picture(at, p.Timestamp, leaps, !consecutive) {
		c.seen.BadTimestamps++
	}
	c.layer(at, newPicture)
	skips := leaps || is.pictures || c.describes(p, consecutive)
	c.order(at, consecutive, newPicture, skips)
}

// took counts how long a packet did, if it tells.
func (c *continuity) took(at place, now time.Time) {
	if !at.sent.IsZero() {
		c.seen.Delays.Add(now.Sub(at.sent))
	}
}

// follows says whether a picture's id may come after the last one's. In layers
// without their references (RFC 9628, non-flexible mode) ids tell a decoder what
// refers to what, so a server leaves gaps where it drops an upper temporal layer;
// what must be in a row are the pictures of the base layer.
func (c *continuity) follows(is part) bool {
	step := (is.picture - c.picture) & 0x7fff
	if is.layered {
		return step < 1<<14 && is.tl0-c.tl0 <= 1
	}
	return step <= 1
}

// describes reads the frame number of the dependency descriptor, which a server
// may leave gaps in but not turn back; false: there is none.
func (c *continuity) describes(p *rtp.Packet, consecutive bool) bool {
	b := p.GetExtension(c.described)
	if c.described == 0 || len(b) < 3 {
		return false
	}
	frame := uint16(b[1])<<8 | uint16(b[2])
	if consecutive && int16(frame-c.frame) < 0 {
		c.seen.BadPictures++
	}
	c.frame = frame
	return true
}

// layer counts a picture's highest layer as the stream's, once it is whole.
func (c *continuity) layer(at place, newPicture bool) {
	if !at.told {
		return
	}
	c.seen.MaxLayer = max(c.seen.MaxLayer, at.layer)
	if !newPicture {
		c.highest = max(c.highest, at.layer)
		return
	}
	if c.seen.Frames > 2 && c.highest != c.seen.Layer {
		c.seen.Switches++
	}
	if c.seen.Frames > 1 {
		c.seen.Layer = c.highest
	}
	c.highest = at.layer
}

// order holds a packet to the place of the one before. With skips, frames may be
// left out: elsewhere nothing tells which one is next.
func (c *continuity) order(at place, consecutive, newPicture, skips bool) {
	before := c.place
	c.place = at
	if !at.told || !before.told || !consecutive || at.layer != before.layer {
		return
	}
	sameFrame := at.frame == before.frame && !newPicture
	if sameFrame && at.packet != before.packet+1 || !sameFrame && at.packet != 0 {
		c.seen.Torn++
	}
	if step := at.frame - before.frame; !skips && step > 1 {
		c.seen.BadPictures++
	}
}
