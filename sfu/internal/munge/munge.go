// Package munge makes one continuous RTP stream for one subscription out of
// the streams of a publication's layers, and finds the way back for NACKs.
//
// It owns the numbers of the outgoing stream: sequence number, timestamp, VP8
// picture id and TL0PICIDX. It knows no socket and no clock, decides nothing
// about which packet is wanted, runs no goroutine: a Munger belongs to the
// writer that owns the subscription.
package munge

import (
	"time"

	"preau/sfu/packet"
)

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
	Empty                    // padding only, or the rest of a dropped frame: left out without a gap
)

// Out is how a packet goes out.
type Out struct {
	Sequence  uint16
	Timestamp uint32
	Marker    bool
	PictureID uint16 // for VP8, as TL0
	TL0       uint8
}

// AppendPayload appends p's payload to dst as it goes out.
func (o Out) AppendPayload(dst []byte, p *packet.Packet) []byte {
	at := len(dst)
	dst = append(dst, p.Payload()...)
	if p.VP8.Size > 0 {
		p.VP8.Rewrite(dst[at:], o.PictureID, o.TL0)
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
type Munger struct{}

// New makes a Munger.
func New(o Options) *Munger { return &Munger{} }

// Report takes in a sender report of a layer: its timestamp rtp was sampled at
// the publisher's time ntp (both from the same report; ntp in NTP's 32.32 form).
func (m *Munger) Report(layer uint8, ntp uint64, rtp uint32) {}

// Forward gives the outgoing numbers of a wanted packet. A packet of another
// layer than the one before begins a new stretch: the caller switches at
// keyframes only.
func (m *Munger) Forward(p *packet.Packet) (Out, Verdict) { return Out{}, Empty }

// Drop leaves an unwanted packet of the current layer (a temporal layer too
// high, say) out without a gap. Whole frames are to be dropped, not parts.
func (m *Munger) Drop(p *packet.Packet) {}

// Cut ends the stretch: after it packets may go missing unmentioned (muted,
// paused), and the next Forward joins on without a gap in the numbers.
func (m *Munger) Cut() {}

// Lookup finds the origin of an outgoing sequence number that a NACK names.
// Not ok: forgotten, never sent, or answered less than gap before now.
func (m *Munger) Lookup(sequence uint16, now time.Time, gap time.Duration) (Origin, bool) {
	return Origin{}, false
}

// Again gives the numbers with which p, found under the origin of an outgoing
// sequence number, goes out once more.
func (m *Munger) Again(sequence uint16, p *packet.Packet) (Out, bool) { return Out{}, false }

// NextRTX is the next sequence number of the RTX stream.
func (m *Munger) NextRTX() uint16 { return 0 }

// Last is the newest outgoing sequence number and timestamp; not ok before the first.
func (m *Munger) Last() (sequence uint16, timestamp uint32, ok bool) { return 0, 0, false }

// Translate turns a timestamp of the current layer into the outgoing stream's,
// for sender reports; not ok before the first packet or for another layer.
func (m *Munger) Translate(layer uint8, timestamp uint32) (uint32, bool) { return 0, false }
