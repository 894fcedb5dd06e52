package sfu

import (
	"encoding/binary"
	"math/bits"
	"time"

	"github.com/pion/rtcp"

	"preau/sfu/internal/munge"
	"preau/sfu/packet"
)

// resend answers a NACK (RFC 4585, 6.2.1) out of the layers' shared histories: over RTX (RFC 4588)
// where negotiated, else under the stream's own SSRC. What is beyond maxNacks, and what is asked for
// once the peer has got maxAgain since the last tick, is left unanswered: the client asks again.
func (s *subscription) resend(w *writer, nacks []rtcp.NackPair, now time.Time) {
	if s.pub.spec.Kind == KindAudio && s.rtt > latestVoice {
		s.out.peer.node.m.dropped[dropNack].Add(float64(len(nacks)))
		return
	}
	left, asked := maxNacks, 0
	gap := s.repairGap()
	for _, n := range nacks {
		asked += 1 + bits.OnesCount16(uint16(n.LostPackets))
		if left <= 0 {
			continue
		}
		n.Range(func(seq uint16) bool {
			if !s.out.holdAgain(s, seq, now) {
				s.resendOne(w, seq, now, gap)
			}
			left--
			return left > 0
		})
	}
	if asked > maxNacks {
		s.out.peer.node.m.dropped[dropNack].Add(float64(asked - maxNacks))
	}
}

// latestVoice is the round trip from which on sound that is asked for again comes too late: nobody waits for it longer,
// the page 1.2 s at most.
const latestVoice = 1100 * time.Millisecond

// repairGap is how soon the same packet is not sent again.
func (s *subscription) repairGap() time.Duration { return max(s.rtt, 10*time.Millisecond) }

func (s *subscription) resendOne(w *writer, seq uint16, now time.Time, gap time.Duration) {
	if s.out.again >= maxAgain {
		s.out.peer.node.m.drop(dropNack)
		return
	}
	origin, ok := s.munger.Lookup(seq, now, gap)
	if !ok {
		s.out.peer.node.m.drop(dropNack)
		return
	}
	if origin.Hole {
		s.sendAgain(w, munge.Out{Sequence: seq}, nil, nil)
		return
	}
	l := s.pub.layers[min(origin.Layer, maxLayers-1)].Load()
	if l == nil {
		return
	}
	p := l.history.Get(origin.Seq)
	if p == nil {
		s.out.peer.node.m.drop(dropLate)
		return
	}
	defer p.Release()
	out, ok := s.munger.Again(seq, p)
	if !ok {
		return
	}
	payload, _, ok := s.sound(p)
	if !ok {
		return
	}
	s.extend(p)
	w.scratch = append(w.scratch[:0], byte(out.Sequence>>8), byte(out.Sequence))
	if p.RED {
		w.scratch = append(w.scratch, payload...)
	} else {
		w.scratch = out.AppendPayload(w.scratch, p)
	}
	s.sendAgain(w, out, w.scratch, p)
}

// sendAgain sends a packet once more; osn is its payload behind the original sequence number
// (RFC 4588, 4), nil, as p is, for a packet that stands for nothing.
func (s *subscription) sendAgain(w *writer, out munge.Out, osn []byte, p *packet.Packet) {
	if osn == nil {
		_, ts, ok := s.munger.Last()
		if !ok {
			return
		}
		out.Timestamp = ts
		w.scratch = binary.BigEndian.AppendUint16(w.scratch[:0], out.Sequence)
		osn = w.scratch
	}
	s.out.peer.node.m.retransmitted.Inc()
	s.out.again++
	if s.rtxSSRC == 0 {
		s.sendSame(out, osn[2:], p)
		return
	}
	h := &s.rtx
	if p != nil {
		h = s.depends.again(s, p, out)
	}
	h.SequenceNumber, h.Timestamp, h.Marker = s.munger.NextRTX(), out.Timestamp, out.Marker
	s.write(h, osn)
}

// sendSame sends a packet once more under its own number.
func (s *subscription) sendSame(out munge.Out, payload []byte, p *packet.Packet) {
	if s.out.sealer != nil && s.kept != nil {
		newest, _, _ := s.munger.Last()
		sealed, never := s.kept.get(out.Sequence, newest)
		if sealed != nil {
			s.out.pacer.Sent(len(sealed)+wireOverhead, time.Now())
			s.out.sent(len(sealed)+wireOverhead, s.out.sendSealed(sealed))
			return
		}
		if !never {
			s.out.peer.node.m.drop(dropLate)
			return
		}
	}
	h := s.header
	if p != nil {
		h = *s.depends.media(s, p, out)
		_, h.PayloadType, _ = s.sound(p)
	}
	h.Padding, h.PaddingSize = false, 0
	h.SequenceNumber, h.Timestamp, h.Marker = out.Sequence, out.Timestamp, out.Marker
	s.write(&h, payload)
}

// report takes in a sender report of a layer and passes it on for the one being sent: with the
// publisher's own clock, so that its voice and picture stay together.
func (s *subscription) report(layer uint8, ntp uint64, ts uint32) {
	s.munger.Report(layer, ntp, ts)
	if int(layer) != s.current {
		return
	}
	translated, ok := s.munger.Translate(layer, ts)
	if !ok {
		return
	}
	s.reported[s.reports%len(s.reported)] = sentReport{uint32(ntp >> 16), time.Now()}
	s.reports++
	_ = s.out.transport.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{ // closing: nobody to tell
		SSRC: s.ssrc, NTPTime: ntp, RTPTime: translated, PacketCount: s.packets, OctetCount: s.octets,
	}})
}

// received takes in a reception report about this stream.
func (s *subscription) received(r rtcp.ReceptionReport, now time.Time) {
	s.loss = float64(r.FractionLost) / 256
	s.section.known = true
	s.noteLoss(s.loss)
	if r.LastSenderReport == 0 {
		return
	}
	for _, sent := range s.reported {
		if sent.lsr == r.LastSenderReport {
			held := time.Duration(r.Delay) * time.Second / 65536
			if rtt := now.Sub(sent.at) - held; rtt > 0 {
				s.rtt = rtt
			}
			return
		}
	}
}
