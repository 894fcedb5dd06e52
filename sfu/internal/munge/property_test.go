package munge

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"preau/sfu/packet"
)

// subscription is what a receiver would see of a Munger's output.
type subscription struct {
	m       *Munger
	layer   uint8
	top     uint8 // highest temporal layer taken
	numbers packet.Unwrapper
	seen    map[uint64]sight // by outgoing number
	newest  uint64
}

type sight struct {
	layer     uint8
	seq       uint64
	timestamp uint32
	picture   uint16
	temporal  uint8
}

// take is what a writer does with a packet that reaches it.
func (s *subscription) take(t *rapid.T, p *packet.Packet) {
	if p.Layer != s.layer {
		return
	}
	if p.Temporal > s.top {
		s.m.Drop(p)
		return
	}
	out, verdict := s.m.Forward(p)
	if verdict == Duplicate {
		t.Fatalf("packet %d of layer %d taken for a duplicate", p.Seq, p.Layer)
	}
	if verdict != Sent {
		return
	}
	number := s.numbers.Unwrap(out.Sequence)
	if was, twice := s.seen[number]; twice {
		t.Fatalf("outgoing number %d for %d/%d and for %d/%d", number, was.layer, was.seq, p.Layer, p.Seq)
	}
	s.seen[number] = sight{p.Layer, p.Seq, out.Timestamp, out.PictureID, p.Temporal}
	s.newest = max(s.newest, number)
	s.wayBack(t, out, p)
}

func (s *subscription) wayBack(t *rapid.T, out Out, p *packet.Packet) {
	origin, ok := s.m.Lookup(out.Sequence, p.Arrival, 0)
	if !ok || origin.Hole || origin.Layer != p.Layer || origin.Seq != p.Seq {
		t.Fatalf("the way back of %d leads to %+v (%t), not to %d/%d", out.Sequence, origin, ok, p.Layer, p.Seq)
	}
	if again, ok := s.m.Again(out.Sequence, p); !ok || again.Timestamp != out.Timestamp || again.PictureID != out.PictureID {
		t.Fatalf("first %+v, again %+v", out, again)
	}
}

// wholeInOrder holds the outgoing stream, in the order of its numbers, against
// what a decoder expects: time and pictures go forward together.
func (s *subscription) wholeInOrder(t *rapid.T) {
	var last *sight
	for number := range s.newest + 1 {
		now, ok := s.seen[number]
		if !ok {
			continue
		}
		if last != nil {
			follows(t, *last, now)
		}
		last = &now
	}
}

func follows(t *rapid.T, last, now sight) {
	time := int32(now.timestamp - last.timestamp)
	picture := int16((now.picture-last.picture)<<1) / 2
	if time < 0 || picture < 0 {
		t.Fatalf("back in time: %+v after %+v", now, last)
	}
	if (time == 0) != (picture == 0) {
		t.Fatalf("frame and time part: %+v after %+v", now, last)
	}
	if last.layer == now.layer && now.seq <= last.seq {
		t.Fatalf("order turned: %+v after %+v", now, last)
	}
}

// TestAnyStream sends two layers through loss, reordering, switches, cuts and
// changes of temporal layer.
func TestAnyStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edge := rapid.SampledFrom(edges)
		in, out := edge.Draw(t, "in"), edge.Draw(t, "out")
		s := &subscription{
			m:    New(Options{Window: 256, Sequence: uint16(out), Timestamp: out, PictureID: uint16(out), TL0: uint8(out)}),
			seen: map[uint64]sight{}, top: 2,
		}
		sources := []*source{
			newSource(0, uint16(in), in, uint16(in), uint8(in)),
			newSource(1, uint16(in+9), in+777, uint16(in+9), uint8(in+9)),
		}
		var held []*packet.Packet // delayed, to arrive out of order
		for range rapid.IntRange(5, 60).Draw(t, "frames") {
			held = step(t, s, sources, held)
		}
		for _, p := range held {
			s.take(t, p)
		}
		s.wholeInOrder(t)
	})
}

// step is one frame of every layer.
func step(t *rapid.T, s *subscription, sources []*source, held []*packet.Packet) []*packet.Packet {
	key := rapid.IntRange(0, 7).Draw(t, "key") == 0 || sources[0].frames == 0
	if rapid.IntRange(0, 9).Draw(t, "reports") == 0 {
		for i, source := range sources {
			ntp, rtp := source.report()
			s.m.Report(uint8(i), ntp, rtp)
		}
	}
	switchAt := key && rapid.Bool().Draw(t, "switch")
	if key && rapid.IntRange(0, 3).Draw(t, "cut") == 0 {
		s.m.Cut()
	}
	if !key {
		s.top = rapid.Uint8Range(0, 2).Draw(t, "top")
	}
	var next []*packet.Packet
	for _, source := range sources {
		for i, p := range source.frame(rapid.IntRange(1, 3).Draw(t, "packets"), key) {
			if switchAt && i == 0 && p.Layer != s.layer {
				s.layer, switchAt = p.Layer, false
			} else if key && i == 0 {
				s.take(t, p) // a stretch begins with a keyframe's first packet
				continue
			}
			switch rapid.IntRange(0, 5).Draw(t, "fate") {
			case 0: // lost
			case 1:
				next = append(next, p)
			default:
				s.take(t, p)
			}
		}
	}
	for _, p := range held {
		s.take(t, p)
	}
	return next
}

// TestNothingLostNothingMissing: with no loss and no reordering there is no
// gap at all, in numbers or in pictures.
func TestNothingLostNothingMissing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		edge := rapid.SampledFrom(edges)
		in, out := edge.Draw(t, "in"), edge.Draw(t, "out")
		m := New(Options{Sequence: uint16(out), Timestamp: out, PictureID: uint16(out), TL0: uint8(out)})
		sources := []*source{
			newSource(0, uint16(in), in, uint16(in), uint8(in)),
			newSource(1, uint16(in+9), in+777, uint16(in+9), uint8(in+9)),
		}
		var last *Out
		at, top := 0, uint8(2)
		for range rapid.IntRange(5, 60).Draw(t, "frames") {
			other := rapid.IntRange(0, 5).Draw(t, "switch") == 0
			if other {
				at = 1 - at
			}
			top = rapid.Uint8Range(0, 2).Draw(t, "top")
			sources[1-at].skip()
			for i, p := range sources[at].frame(rapid.IntRange(1, 3).Draw(t, "packets"), other || last == nil) {
				if p.Temporal > top {
					m.Drop(p)
					continue
				}
				out, verdict := m.Forward(p)
				if verdict != Sent {
					t.Fatalf("verdict %d", verdict)
				}
				unbroken(t, last, out, i == 0)
				last = &out
			}
		}
	})
}

func unbroken(t *rapid.T, last *Out, out Out, newFrame bool) {
	if last == nil {
		return
	}
	if out.Sequence != last.Sequence+1 {
		t.Fatalf("sequence %d after %d", out.Sequence, last.Sequence)
	}
	picture := last.PictureID
	if newFrame {
		picture = (picture + 1) & wideMask
	}
	if out.PictureID != picture {
		t.Fatalf("picture %d after %d", out.PictureID, last.PictureID)
	}
	if ahead := time.Duration(int32(out.Timestamp-last.Timestamp)) * time.Second / 90_000; ahead < 0 || newFrame == (ahead == 0) {
		t.Fatalf("timestamp moved by %v", ahead)
	}
}
