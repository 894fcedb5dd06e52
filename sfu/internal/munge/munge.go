// Package munge makes one continuous RTP stream for one subscription out of
// the streams of a publication's layers, and finds the way back for NACKs.
//
// It owns the numbers of the outgoing stream: sequence number, timestamp,
// picture id and TL0PICIDX of VP8 and VP9, frame number of the dependency
// descriptor. It knows no socket and no clock, decides nothing
// about which packet is wanted, runs no goroutine: a Munger belongs to the
// writer that owns the subscription.
//
// The outgoing stream is a row of stretches, each the packets of one layer
// from one number on. Within a stretch
//
//	outgoing number = number received + what was added − packets dropped so far
//
// and a gap in what was received keeps its place, since its packets may still
// come. Between stretches there is no gap: the first packet of one follows the
// last of the other, however long the pause was.
package munge

import "preau/sfu/packet"

// Options say how the outgoing stream begins; the caller picks the first
// numbers at random (RFC 3550, 5.1).
type Options struct {
	ClockRate uint32 // of the timestamps; 90,000 if zero
	Audio     bool   // the first packet after a cut carries the marker (RFC 3551, 4.1)
	Window    int    // how many outgoing packets are remembered; power of two, 512 if zero
	Sequence  uint16 // first sequence number
	Timestamp uint32 // first timestamp
	PictureID uint16 // first VP8 picture id
	TL0       uint8  // first TL0PICIDX
	RTX       uint16 // first sequence number of the RTX stream
}

// Verdict is what becomes of a packet.
type Verdict uint8

const (
	Sent      Verdict = iota // to be sent as Out says
	Late                     // from before the current stretch, or out of the window: not to be sent
	Duplicate                // went out before
	Empty                    // padding only, or the rest of a dropped frame: left out as by Drop
)

// Out is how a packet goes out.
type Out struct {
	Sequence  uint16
	Timestamp uint32
	Marker    bool
	PictureID uint16 // for VP8 and VP9, as TL0
	TL0       uint8
	Frame     uint16 // of the dependency descriptor
}

// AppendPayload appends p's payload to dst as it goes out.
func (o Out) AppendPayload(dst []byte, p *packet.Packet) []byte {
	at := len(dst)
	dst = append(dst, p.Payload()...)
	switch {
	case p.VP8.Size > 0:
		p.VP8.Rewrite(dst[at:], o.PictureID, o.TL0)
	case p.VP9.HasPictureID:
		p.VP9.Rewrite(dst[at:], o.PictureID, o.TL0)
	}
	return dst
}

// Origin is where an outgoing packet came from.
type Origin struct {
	Layer uint8
	Seq   uint64 // for History.Get of that layer
	Hole  bool   // nothing was or will be sent under this number: answer with an empty packet
}

// Munger rewrites the packets of one subscription.
type Munger struct {
	// fixed after construction
	audio bool

	// the stretch
	started bool
	cut     bool
	layer   uint8
	highest uint64 // the newest number received of the layer, forwarded or dropped
	first   uint64 // the outgoing number of the stretch's first packet

	next    uint64 // the next outgoing number
	window  window
	time    timeline
	picture pictures
	frame   frames
	top     uint8 // spatial layer whose last packet ends a picture
	rtx     uint16
}

// New makes a Munger.
func New(o Options) *Munger {
	if o.ClockRate == 0 {
		o.ClockRate = 90_000
	}
	if o.Window <= 0 {
		o.Window = 512
	}
	return &Munger{
		audio: o.Audio,
		// One turn ahead, so that no number is ever before the first.
		next:    1<<16 + uint64(o.Sequence),
		window:  newWindow(o.Window),
		time:    timeline{rate: o.ClockRate, out: o.Timestamp},
		picture: pictures{nextID: o.PictureID & wideMask, nextTL0: o.TL0},
		frame:   frames{next: o.PictureID},
		rtx:     o.RTX,
	}
}

// Top says which spatial layer is the highest that is forwarded from now on:
// the last packet of its frame carries the marker, as it ends the picture.
func (m *Munger) Top(spatial uint8) { m.top = spatial }

// Report takes in a sender report of a layer: its timestamp rtp was sampled at
// the publisher's time ntp (both from the same report; ntp in NTP's 32.32 form).
func (m *Munger) Report(layer uint8, ntp uint64, rtp uint32) {
	m.time.report(layer, ntp, rtp)
}

// Align tells what to add to a layer's timestamps for a clock that is common to all layers it was
// told of; between these, sender reports count no more.
func (m *Munger) Align(layer uint8, add uint32) { m.time.align(layer, add) }

// Forward gives the outgoing numbers of a wanted packet. A packet of another
// layer than the one before begins a new stretch: the caller switches at
// keyframes only, and then no longer forwards the layer it left.
func (m *Munger) Forward(p *packet.Packet) (Out, Verdict) {
	begins := m.begins(p)
	switch {
	case len(p.Payload()) == 0:
		m.Drop(p)
		return Out{}, Empty
	case begins && m.returnsLate(p), !begins && m.before(p):
		return Out{}, Late
	case begins:
		m.begin(p)
	case m.picture.refuses(p):
		m.Drop(p)
		return Out{}, Empty
	case p.Seq <= m.highest:
		return m.forwardLate(p)
	}
	return m.forwardNewest(p, begins), Sent
}

// Drop leaves an unwanted packet of the current layer (a temporal layer too
// high, say) out without a gap. Whole frames are to be dropped, not parts.
func (m *Munger) Drop(p *packet.Packet) {
	if m.begins(p) || m.before(p) {
		return
	}
	if p.Seq <= m.highest {
		if s := m.window.received(p.Seq, m.first, m.next); s != nil && s.state == awaited {
			s.state = hole
		}
		return
	}
	m.await(p.Seq)
	m.highest = p.Seq
	m.picture.drop(p)
}

// Cut ends the stretch: after it packets may go missing unmentioned (muted,
// paused), and the next Forward joins on without a gap in the numbers.
func (m *Munger) Cut() { m.cut = true }

// begins says whether p would begin a stretch: after a cut, on another layer,
// or after so long a gap that keeping its place would empty the window.
func (m *Munger) begins(p *packet.Packet) bool {
	return !m.started || m.cut || p.Layer != m.layer ||
		p.Seq > m.highest+uint64(m.window.size()/2)
}

// returnsLate says whether p is an old packet of the layer that was cut.
func (m *Munger) returnsLate(p *packet.Packet) bool {
	return m.started && p.Layer == m.layer && p.Seq <= m.highest
}

// before says whether p is older than all the window remembers.
func (m *Munger) before(p *packet.Packet) bool {
	return p.Seq+uint64(m.window.size()) < m.highest
}

func (m *Munger) begin(p *packet.Packet) {
	m.time.begin(p)
	m.picture.begin(p)
	m.frame.begin(p)
	m.started, m.cut = true, false
	m.layer = p.Layer
	m.highest = p.Seq - 1
	m.first = m.next
}

// await keeps a place for each packet missing before seq.
func (m *Munger) await(seq uint64) {
	for in := m.highest + 1; in < seq; in++ {
		*m.window.at(m.next) = m.slot(in, awaited)
		m.next++
	}
}

func (m *Munger) slot(in uint64, s state) slot {
	return slot{
		in: in, out: uint32(m.next), state: s, layer: m.layer,
		timestamp: m.time.added, picture: m.picture.added, tl0: m.picture.addedTL0,
		frame: m.frame.added,
	}
}

func (m *Munger) forwardNewest(p *packet.Packet, begins bool) Out {
	m.await(p.Seq)
	m.highest = p.Seq
	m.time.forward(p)
	m.picture.forward(p)
	m.frame.forward(p)
	s := m.window.at(m.next)
	*s = m.slot(p.Seq, sent)
	s.marker = m.ends(p)
	m.next++
	out := s.outgoing(p)
	out.Marker = out.Marker || m.audio && begins
	return out
}

func (m *Munger) forwardLate(p *packet.Packet) (Out, Verdict) {
	s := m.window.received(p.Seq, m.first, m.next)
	switch {
	case s == nil || s.state == hole:
		return Out{}, Late
	case s.state == sent:
		return Out{}, Duplicate
	}
	s.state, s.marker = sent, m.ends(p)
	return s.outgoing(p), Sent
}

// ends says whether p ends a picture as far as it is forwarded.
func (m *Munger) ends(p *packet.Packet) bool {
	layered := p.VP9.HasLayers || p.Dependency.Structure != nil
	return layered && p.End && p.Spatial == m.top
}
