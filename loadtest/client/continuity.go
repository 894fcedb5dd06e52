package client

import (
	"encoding/binary"
	"time"

	"github.com/pion/rtp"
)

// Stats is what a receiver saw of one stream. In a stream without fault Missing,
// BadTimestamps, BadPictures and BadBytes are 0 however often the layer changed.
type Stats struct {
	Packets       uint64
	Bytes         uint64 // of payload
	Missing       uint64 // sequence numbers passed over and never seen
	Repeated      uint64
	BadTimestamps uint64 // backwards, or forward by more than two seconds without a silence as long
	BadPictures   uint64 // picture id, or without one the frame, not the same or the next
	BadBytes      uint64 // payload not what the source wrote
	Frames        uint64
	Keyframes     uint64
	ColdStart     bool   // the stream began elsewhere than at a keyframe's first packet
	Switches      uint64 // of the layer
	Layer         int    // of the last packet
	MaxLayer      int
	First, Last   time.Time
}

// continuity checks one stream packet by packet. Packets out of order are
// counted as missing until they come.
type continuity struct {
	parse   func(payload []byte) (part, bool) // of a video's codec; nil: audio
	seen    Stats
	next    uint16 // sequence number expected
	last    *rtp.Packet
	picture uint16
	entry   uint32 // timestamp of the newest keyframe
	tag     uint32 // frame number of the last tag; 0: none yet
	missing map[uint16]struct{}
}

func (c *continuity) stats() Stats {
	s := c.seen
	s.Missing = uint64(len(c.missing))
	return s
}

func (c *continuity) packet(p *rtp.Packet, now time.Time) {
	if len(p.Payload) == 0 { // padding probes carry nothing
		c.advance(p)
		return
	}
	c.seen.Packets++
	c.seen.Bytes += uint64(len(p.Payload))
	if c.seen.First.IsZero() {
		c.seen.First = now
	}
	silence := now.Sub(c.seen.Last)
	c.seen.Last = now
	inOrder := c.advance(p)
	if !inOrder {
		return
	}
	if c.last != nil {
		c.timestamps(p, silence)
	}
	if c.parse != nil {
		c.frame(p)
	} else if len(p.Payload) == 80 {
		c.audio(p.Payload)
	}
	c.last = p
}

// advance does the sequence numbers; false: p is late or repeated.
func (c *continuity) advance(p *rtp.Packet) bool {
	if c.missing == nil {
		c.missing, c.next = map[uint16]struct{}{}, p.SequenceNumber
	}
	switch ahead := int16(p.SequenceNumber - c.next); {
	case ahead < 0:
		if _, late := c.missing[p.SequenceNumber]; late {
			delete(c.missing, p.SequenceNumber)
		} else {
			c.seen.Repeated++
		}
		return false
	default:
		for ; c.next != p.SequenceNumber; c.next++ {
			c.missing[c.next] = struct{}{}
		}
		c.next++
		return true
	}
}

func (c *continuity) timestamps(p *rtp.Packet, silence time.Duration) {
	rate := 48000
	if c.parse != nil {
		rate = 90000
	}
	step := int32(p.Timestamp - c.last.Timestamp)
	allowed := 2*rate + int(silence.Seconds()*float64(rate))
	if step < 0 || int(step) > allowed {
		c.seen.BadTimestamps++
	}
}

func (c *continuity) frame(p *rtp.Packet) {
	is, ok := c.parse(p.Payload)
	if !ok {
		c.seen.BadBytes++
		return
	}
	consecutive := c.last != nil && p.SequenceNumber == c.last.SequenceNumber+1
	if is.keyframe {
		c.entry = p.Timestamp
	}
	// A server may pause a stream and go on at a keyframe; ids it does not write itself jump there.
	leaps := p.Timestamp == c.entry
	if is.pictures && consecutive && is.picture != c.picture && is.picture != (c.picture+1)&0x7fff && (is.rewritten || !leaps) {
		c.seen.BadPictures++
	}
	c.picture = is.picture
	if c.last == nil {
		c.seen.ColdStart = !is.keyframe
	}
	if c.last == nil || p.Timestamp != c.last.Timestamp {
		c.seen.Frames++
	}
	if is.keyframe {
		c.seen.Keyframes++
	}
	body := is.body
	if body == nil {
		return
	}
	if len(body) < markerSize {
		c.seen.BadBytes++
		return
	}
	layer, frame := int(body[0]), binary.BigEndian.Uint32(body[1:])
	if c.last != nil && layer != c.seen.Layer {
		c.seen.Switches++
	}
	if step := frame - c.tag; !is.pictures && consecutive && !leaps && layer == c.seen.Layer && c.tag != 0 && step > 1 {
		c.seen.BadPictures++
	}
	c.tag = frame
	c.seen.Layer, c.seen.MaxLayer = layer, max(layer, c.seen.MaxLayer)
	c.bytes(body[markerSize:], frame)
}

func (c *continuity) audio(payload []byte) {
	c.bytes(payload[1:], uint32(payload[1])) // the first filled byte is the counter's low byte
}

func (c *continuity) bytes(body []byte, seed uint32) {
	for i, b := range body {
		if b != byte(seed)+byte(i) {
			c.seen.BadBytes++
			return
		}
	}
}
