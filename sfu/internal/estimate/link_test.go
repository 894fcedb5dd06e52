package estimate

import (
	"time"

	"github.com/pion/rtcp"
)

// link is a bottleneck in virtual time: a queue served at a rate, bounded in
// time, behind a fixed delay; it loses some packets at random.
type link struct {
	kbps  float64
	delay time.Duration // one way
	queue time.Duration // longest
	loss  int           // of a thousand
	free  time.Duration // when the queue is empty
	coin  uint32
}

// pass says when a packet sent at now arrives; not ok: lost.
func (l *link) pass(now time.Duration, size int) (time.Duration, bool) {
	l.coin = l.coin*1664525 + 1013904223
	if int(l.coin>>16%1000) < l.loss {
		return 0, false
	}
	start := max(now, l.free)
	if start-now > l.queue {
		return 0, false
	}
	l.free = start + time.Duration(float64(size*8)/(l.kbps*1000)*float64(time.Second))
	return l.free + l.delay, true
}

type arrival struct {
	sequence uint16
	at       time.Duration
}

// sender sends as much as the estimate says, up to a limit; the receiver reports every 100 ms.
type sender struct {
	e     *Estimator
	l     *link
	limit float64 // kb/s; 0: none
	probe bool
	size  int // of a packet

	now, next, report time.Duration
	sequence, told    uint16
	flying            []arrival
	cluster           uint8
}

var epoch = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func newSender(o Options, l *link) *sender {
	return &sender{e: New(o), l: l, sequence: 65000, told: 65000, size: 1200}
}

const tick = time.Millisecond

// run lets d pass and says how many kb/s the estimate then is.
func (s *sender) run(d time.Duration) float64 {
	for end := s.now + d; s.now < end; s.now += tick {
		for s.next <= s.now {
			s.next += s.send(s.size, 0)
		}
		if s.now >= s.report {
			s.report = s.now + 100*time.Millisecond
			s.feedback()
		}
		if s.probe && s.now%(2*time.Second) == 0 {
			s.cluster++
			for range 6 {
				s.send(1200, s.cluster)
			}
		}
		if s.now%(250*time.Millisecond) == 0 {
			s.e.Tick(epoch.Add(s.now))
		}
	}
	return s.kbps()
}

func (s *sender) kbps() float64 { return float64(s.e.Snapshot().Bits) / 1000 }

// queued is how long a packet sent now would wait.
func (s *sender) queued() time.Duration { return max(s.l.free-s.now, 0) }

// send sends a packet and says when the next is due.
func (s *sender) send(size int, probe uint8) time.Duration {
	s.e.Sent(s.sequence, size, probe, epoch.Add(s.now))
	if at, ok := s.l.pass(s.now, size); ok {
		s.flying = append(s.flying, arrival{s.sequence, at})
	}
	s.sequence++
	kbps := float64(s.e.Snapshot().Spend) / 1000
	if s.limit > 0 {
		kbps = min(kbps, s.limit)
	}
	return time.Duration(float64(size*8) / (kbps * 1000) * float64(time.Second))
}

// feedback reports what had arrived half a round trip ago.
func (s *sender) feedback() {
	var here, later []arrival
	for _, a := range s.flying {
		if a.at <= s.now-s.l.delay {
			here = append(here, a)
		} else {
			later = append(later, a)
		}
	}
	s.flying = later
	if len(here) == 0 {
		return
	}
	s.e.Feedback(report(s.told, here), epoch.Add(s.now))
	s.told = here[len(here)-1].sequence + 1
}

// report writes arrivals, in the order of their numbers, as a receiver does.
func report(base uint16, here []arrival) *rtcp.TransportLayerCC {
	reference := here[0].at / (64 * time.Millisecond)
	fb := &rtcp.TransportLayerCC{BaseSequenceNumber: base, ReferenceTime: uint32(reference)}
	last := reference * 64 * time.Millisecond
	for number, i := base, 0; i < len(here); number++ {
		symbol := uint16(rtcp.TypeTCCPacketNotReceived)
		if here[i].sequence == number {
			symbol = rtcp.TypeTCCPacketReceivedLargeDelta
			delta := (here[i].at - last).Microseconds() / 250 * 250
			last += time.Duration(delta) * time.Microsecond
			fb.RecvDeltas = append(fb.RecvDeltas, &rtcp.RecvDelta{Type: symbol, Delta: delta})
			i++
		}
		fb.PacketChunks = append(fb.PacketChunks, &rtcp.RunLengthChunk{PacketStatusSymbol: symbol, RunLength: 1})
		fb.PacketStatusCount++
	}
	return fb
}
