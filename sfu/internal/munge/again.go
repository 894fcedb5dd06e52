package munge

import (
	"time"

	"preau/sfu/packet"
)

// Lookup finds the origin of an outgoing sequence number that a NACK names.
// Not ok: forgotten, never sent, or answered less than gap before now.
func (m *Munger) Lookup(sequence uint16, now time.Time, gap time.Duration) (Origin, bool) {
	s := m.slotOf(sequence)
	if s == nil {
		return Origin{}, false
	}
	ms := uint32(now.UnixMilli())
	if s.answered != 0 && ms-s.answered < uint32(gap.Milliseconds()) {
		return Origin{}, false
	}
	s.answered = max(ms, 1)
	return Origin{Layer: s.layer, Seq: s.in, Hole: s.state == hole}, true
}

// Again gives the numbers with which p, found under the origin of an outgoing
// sequence number, goes out once more; not ok if p is not from there.
func (m *Munger) Again(sequence uint16, p *packet.Packet) (Out, bool) {
	s := m.slotOf(sequence)
	if s == nil || s.in != p.Seq || s.layer != p.Layer || s.state == hole {
		return Out{}, false
	}
	if s.state == awaited { // it comes late, and out at once
		s.marker = m.ends(p)
	}
	s.state = sent
	return s.outgoing(p), true
}

// Current says whether an outgoing sequence number lies in the present stretch:
// what lies before, no picture to come needs.
func (m *Munger) Current(sequence uint16) bool {
	newest := m.next - 1
	return m.started && !m.cut && newest+uint64(int64(int16(sequence-uint16(newest)))) >= m.first
}

func (m *Munger) slotOf(sequence uint16) *slot {
	newest := m.next - 1
	return m.window.sent(newest + uint64(int64(int16(sequence-uint16(newest)))))
}

// NextRTX is the next sequence number of the RTX stream (RFC 4588, 4).
func (m *Munger) NextRTX() uint16 {
	m.rtx++
	return m.rtx - 1
}

// Last is the newest outgoing sequence number and timestamp; not ok before the first.
func (m *Munger) Last() (sequence uint16, timestamp uint32, ok bool) {
	return uint16(m.next - 1), m.time.out, m.started
}

// Translate turns a timestamp of the current layer into the outgoing stream's,
// for sender reports; not ok before the first packet or for another layer.
func (m *Munger) Translate(layer uint8, timestamp uint32) (uint32, bool) {
	return timestamp + m.time.added, m.started && layer == m.layer
}
