package sfu

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/allocate"
	"preau/sfu/internal/munge"
	"preau/sfu/internal/pick"
	"preau/sfu/packet"
)

const noLayer = -1

// rtpWriter is what a subscription writes to: pion's WriteStream.
type rtpWriter interface {
	WriteRTP(header *rtp.Header, payload []byte) (int, error)
}

// subscription sends one publication to one peer. It is a webrtc.TrackLocal: pion binds it when
// its media section is negotiated, and unbinds it when that ends.
type subscription struct {
	// fixed after construction
	pub    *publication
	out    *outlet
	stream string // "PA_…|TR_…"

	setting atomic.Pointer[TrackSetting]
	bound   atomic.Bool

	// set once by Bind, before the writer knows the subscription
	wire             rtpWriter
	ssrc, rtxSSRC    uint32
	pt, rtxPT        uint8
	redPT            uint8 // audio; 0: RED was not negotiated
	transportWide    [2]byte
	level, orient    [1]byte
	hasTransportWide bool
	levelID          uint8
	orientID         uint8
	dependID         uint8
	header, rtx      rtp.Header
	bare             rtp.Header       // of a low voice: the transport-wide number only, every byte counts
	depends          describedHeaders // those for packets with a dependency descriptor
	section          sectionName
	kept             *kept // nil: there is a repair stream

	// owned by the writer
	munger   *munge.Munger
	picker   pick.Picker
	seam     seam      // of a voice in two renditions
	current  int       // stream being sent; noLayer: none, waiting for a keyframe
	behind   time.Time // since when the picker wants what it cannot reach; zero: it does not
	choice   allocate.Choice
	paused   bool // for want of bandwidth, as the client was told
	packets  uint32
	octets   uint32
	rtt      time.Duration
	loss     float64
	lossy    int // reports left until the link counts as one that loses nothing
	reported [8]sentReport
	reports  int
}

// sentReport remembers when a sender report left, by the middle of its NTP time (RFC 3550, 6.4.1).
type sentReport struct {
	lsr uint32
	at  time.Time
}

var _ webrtc.TrackLocal = (*subscription)(nil)

func newSubscription(pub *publication, out *outlet, setting TrackSetting) *subscription {
	s := &subscription{
		pub: pub, out: out, stream: pub.participant + "|" + pub.spec.SID, current: noLayer,
		lossy: 1, // until a report tells better
	}
	s.setting.Store(&setting)
	return s
}

// want is what the allocator is asked for.
func (s *subscription) want(r *allocate.Rates) allocate.Want {
	set := *s.setting.Load()
	top := allocate.Layer{Spatial: s.pub.best(set), Temporal: s.fastest(set)}
	return allocate.Want{Rung: s.pub.rung(), Rates: r, Off: s.off(), Now: s.choice, Max: top}
}

// unlimited is the best choice, where no estimate holds it down: the highest layer wanted that is
// really sent, or if none is yet, the highest there is.
func (s *subscription) unlimited(now time.Time) allocate.Choice {
	set := *s.setting.Load()
	c := allocate.Choice{Sending: !s.off(), Since: now}
	c.Temporal = s.fastest(set)
	best := s.pub.best(set)
	switch {
	case s.pub.paired():
		if l := s.pub.layers[ordinaryVoice].Load(); best > 0 && l != nil && l.alive(now) {
			c.Spatial = 1
		}
		return c
	case s.pub.single():
		c.Spatial = best
		return c
	}
	for i := range best + 1 {
		if l := s.pub.layers[i].Load(); l != nil && (l.alive(now) || c.Spatial == 0) {
			c.Spatial = i
		}
	}
	return c
}

// fastest is the highest temporal layer that is wanted.
func (s *subscription) fastest(set TrackSetting) uint8 {
	if s.pub.spec.Kind == KindAudio {
		return s.copies()
	}
	return temporalFor(set.FPS)
}

// temporalFor is the temporal layers wanted for a frame rate: each halves the one above, from 30.
func temporalFor(fps uint32) uint8 {
	switch {
	case fps == 0 || fps > 15:
		return allocate.Temporals - 1
	case fps > 7:
		return 1
	}
	return 0
}

// off says that nothing is to be sent, whatever the bandwidth.
func (s *subscription) off() bool { return s.setting.Load().Disabled || !s.pub.open.Load() }

// choose takes the allocator's choice and tells whether the pause for want of bandwidth changed.
func (s *subscription) choose(c allocate.Choice, now time.Time) (changed bool) {
	if !c.Sending && s.current != noLayer {
		s.cut()
	}
	if s.off() {
		s.choice = allocate.Choice{} // switched on again, it need not wait as after a step down
		return false
	}
	s.choice = c
	s.pub.use(s.out.writer, s.layers())
	s.aim()
	if c.Sending && s.current != s.pub.stream(c.Spatial) {
		s.askKeyframe(now)
	}
	paused := !c.Sending && s.started()
	changed = paused != s.paused
	s.paused = paused
	return changed
}

func (s *subscription) started() bool { return s.packets > 0 }

// layers are the streams that the subscription takes, or is about to, bit by bit.
func (s *subscription) layers() (bits uint) {
	if s.pub.spec.Kind == KindAudio {
		return everyLayer
	}
	if s.current != noLayer {
		bits |= 1 << s.current
	}
	if s.choice.Sending {
		bits |= 1 << s.pub.stream(s.choice.Spatial)
	}
	return bits
}

// aim tells the picker what was chosen: all spatial layers of a stream that is one itself.
func (s *subscription) aim() {
	goal := packet.LayerID{Spatial: s.choice.Spatial, Temporal: s.choice.Temporal}
	if !s.pub.single() {
		goal.Spatial = allocate.Spatials - 1
	}
	s.picker.Aim(goal)
}

// askKeyframe asks the stream that is sent, and the one that is to be.
func (s *subscription) askKeyframe(now time.Time) {
	if s.pub.spec.Kind != KindVideo || !s.choice.Sending {
		return
	}
	wanted := s.pub.stream(s.choice.Spatial)
	if l := s.pub.layers[wanted].Load(); l != nil {
		l.askKeyframe(now)
	}
	if s.current != noLayer && s.current != wanted {
		if l := s.pub.layers[s.current].Load(); l != nil {
			l.askKeyframe(now)
		}
	}
}

// patience is how long a layer may be out of reach before a keyframe is asked for: within it, most
// streams offer a point to switch at.
const patience = time.Second

func (s *subscription) tick(now time.Time) {
	if !s.choice.Sending || s.off() || s.pub.spec.Kind != KindVideo {
		return
	}
	wanted := s.pub.stream(s.choice.Spatial)
	switch {
	case s.current == noLayer && !s.out.queue.Empty(): // what waited was too much: another picture is for later
		return
	case s.current == wanted && !s.picker.Behind():
		s.behind = time.Time{}
		return
	case s.current == wanted && s.behind.IsZero():
		s.behind = now
		return
	case s.current == wanted && now.Sub(s.behind) < patience:
		return
	}
	if l := s.pub.layers[wanted].Load(); l != nil {
		l.askKeyframe(now)
		s.behind = now
	}
}

// cut ends the stretch being sent: video goes on at a keyframe, voice at once.
func (s *subscription) cut() {
	s.out.clear(s)
	s.current = noLayer
	s.munger.Cut()
}

// forward sends p if it is wanted, or has it wait for its turn.
func (s *subscription) forward(w *writer, p *packet.Packet) {
	if !s.choice.Sending || !s.out.ready.Load() {
		return
	}
	enters := false
	switch layer := int(p.Layer); {
	case s.pub.spec.Kind == KindAudio:
		if !s.speaks(p) {
			return
		}
	case layer != s.current:
		if !s.enters(p) {
			return
		}
		s.current = layer
		enters = true
	}
	if !s.out.hold(s, p, enters) {
		s.pass(w, p, enters)
	}
}

// pass sends p, whose turn it is; enters: the stream goes over to its layer.
func (s *subscription) pass(w *writer, p *packet.Packet, enters bool) {
	if enters {
		s.munger.Cut() // what was dropped before may be of the same layer
		s.picker.Enter(p)
	}
	if !s.picker.Take(p) {
		s.munger.Drop(p)
		return
	}
	s.munger.Top(s.picker.Now().Spatial)
	payload, pt, ok := s.sound(p)
	if !ok {
		s.out.peer.node.m.drop(dropCodec)
		s.munger.Drop(p)
		return
	}
	out, verdict := s.munger.Forward(p)
	if verdict != munge.Sent {
		return
	}
	if p.VP8.Size > 0 || p.VP9.HasPictureID {
		w.scratch = out.AppendPayload(w.scratch[:0], p)
		payload = w.scratch
	}
	h := s.depends.media(s, p, out)
	if s.pub.spec.Kind == KindAudio && p.Layer == lowVoice {
		h = &s.bare
	}
	h.PayloadType = pt
	h.SequenceNumber, h.Timestamp, h.Marker = out.Sequence, out.Timestamp, out.Marker
	s.extend(p)
	if s.pub.spec.Kind == KindVideo {
		h.PaddingSize = s.out.even(h.MarshalSize()+len(payload), h.Marker)
		h.Padding = h.PaddingSize > 0
	}
	s.write(h, payload)
	s.packets++
	s.octets += uint32(len(payload))
}

// enters says whether the stream may go over to p's layer with p.
func (s *subscription) enters(p *packet.Packet) bool {
	return int(p.Layer) == s.pub.stream(s.choice.Spatial) && p.Keyframe && p.Start
}

// extend sets the extensions that packets bring along.
func (s *subscription) extend(p *packet.Packet) {
	if s.levelID != 0 {
		s.level[0] = 127
		if p.AudioLevel != packet.NoLevel {
			s.level[0] = p.AudioLevel
			if p.Voice {
				s.level[0] |= 0x80
			}
		}
	}
	if s.orientID == 0 {
		return
	}
	l := s.pub.layers[p.Layer].Load()
	if l == nil || l.orientID == 0 {
		return
	}
	if v := p.Extension(l.orientID); len(v) == 1 {
		s.orient[0] = v[0]
	}
}

// write numbers and sends one packet on the connection.
func (s *subscription) write(h *rtp.Header, payload []byte) {
	o := s.out
	h = s.section.name(h)
	size := h.MarshalSize() + len(payload) + int(h.PaddingSize) + wireOverhead
	o.lastSent = time.Now()
	if s.hasTransportWide {
		s.transportWide[0], s.transportWide[1] = byte(o.number>>8), byte(o.number)
		o.estimate.Sent(o.number, size, o.cluster, o.lastSent)
		o.number++
	}
	o.pacer.Sent(size, o.lastSent)
	sealed, err := o.send(s.wire, h, payload)
	if s.kept != nil && sealed != nil {
		s.kept.put(h.SequenceNumber, sealed)
	}
	o.sent(size, err)
}

// sent counts a packet that has left, or not.
func (o *outlet) sent(size int, err error) {
	if err != nil {
		o.peer.node.m.drop(dropWrite)
		o.drops.Add(1)
		return
	}
	o.sentPackets++
	o.sentBytes += uint64(size)
}
