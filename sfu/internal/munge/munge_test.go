package munge

import (
	"testing"
	"time"

	"preau/sfu/packet"
)

// edges are the numbers around which 7, 8, 15, 16 and 32 bits wrap.
var edges = []uint32{0, 126, 254, 32766, 65534, 1<<31 - 3000, 1<<32 - 3000}

// fromEveryEdge runs a body with streams that come in, and go out, from the
// numbers just before each wrap-around.
func fromEveryEdge(t *testing.T, body func(t *testing.T, m *Munger, sources []*source)) {
	for _, in := range edges {
		for _, out := range edges {
			m := New(Options{
				Window: 64, Sequence: uint16(out), Timestamp: out,
				PictureID: uint16(out), TL0: uint8(out),
			})
			body(t, m, []*source{
				newSource(0, uint16(in), in, uint16(in), uint8(in)),
				newSource(1, uint16(in+7), in+12345, uint16(in+100), uint8(in+9)),
			})
			if t.Failed() {
				t.Fatalf("coming in at %d, going out at %d", in, out)
			}
		}
	}
}

// expect forwards a packet and holds its numbers against what was last sent.
func expect(t *testing.T, m *Munger, p *packet.Packet, sequence, picture, tl0 int) Out {
	t.Helper()
	before, _, started := m.Last()
	lastID, lastTL0 := m.picture.nextID-1, m.picture.nextTL0-1
	out, verdict := m.Forward(p)
	if verdict != Sent {
		t.Fatalf("packet %d of layer %d: verdict %d", p.Seq, p.Layer, verdict)
	}
	if started && out.Sequence != before+uint16(sequence) {
		t.Errorf("sequence %d follows %d, want %+d", out.Sequence, before, sequence)
	}
	if out.PictureID != (lastID+uint16(picture))&wideMask {
		t.Errorf("picture %d follows %d, want %+d", out.PictureID, lastID, picture)
	}
	if out.TL0 != lastTL0+uint8(tl0) {
		t.Errorf("tl0 %d follows %d, want %+d", out.TL0, lastTL0, tl0)
	}
	return out
}

func TestOneLayerGoesThroughInARow(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		expect(t, m, s[0].frame(1, true)[0], 1, 1, 1)
		for range 8 {
			frame := s[0].frame(2, false)
			tl0 := 0
			if frame[0].Temporal == 0 {
				tl0 = 1
			}
			expect(t, m, frame[0], 1, 1, tl0)
			expect(t, m, frame[1], 1, 0, 0)
		}
	})
}

func TestSwitchOfLayerLeavesNoGap(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		for i := range 2 {
			m.Report(uint8(i), first(s[i].report()), second(s[i].report()))
		}
		last := expect(t, m, s[0].frame(1, true)[0], 1, 1, 1)
		s[1].skip()
		for n := range 6 {
			from, to := s[n%2], s[(n+1)%2]
			from.skip()
			out := expect(t, m, to.frame(1, true)[0], 1, 1, 1)
			if step := out.Timestamp - last.Timestamp; step != frameTicks {
				t.Errorf("timestamp moved by %d at a switch one frame later", step)
			}
			last = out
		}
	})
}

// A stream that goes on in the layer that it left keeps that layer's clock, though its packets come
// seconds late: only a clock that leaps is not believed.
func TestTheSameLayerGoesOnByItsClock(t *testing.T) {
	for _, late := range []time.Duration{0, 3 * time.Second, -3 * time.Second} {
		fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
			a, _ := m.Forward(s[0].frame(1, true)[0])
			m.Cut()
			s[0].skip()
			p := s[0].frame(1, true)[0]
			p.Arrival = p.Arrival.Add(late)
			b, _ := m.Forward(p)
			if step := b.Timestamp - a.Timestamp; step != 2*frameTicks {
				t.Errorf("%v late: timestamp moved by %d for two frames", late, step)
			}
		})
	}
}

func TestWithoutReportsArrivalsAlignLayers(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		a, _ := m.Forward(s[0].frame(1, true)[0])
		s[1].skip()
		b, _ := m.Forward(s[1].frame(1, true)[0])
		if step := int32(b.Timestamp - a.Timestamp); step < frameTicks-1 || step > frameTicks+1 {
			t.Errorf("timestamp moved by %d at a switch one frame later", step)
		}
	})
}

func TestOlderKeyframeDoesNotTurnTimeBack(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		for i := range 2 {
			m.Report(uint8(i), first(s[i].report()), second(s[i].report()))
		}
		late := s[1].frame(1, true)[0] // captured now, arrives last
		m.Forward(s[0].frame(1, true)[0])
		a, _ := m.Forward(s[0].frame(1, false)[0])
		b, _ := m.Forward(late)
		if step := int32(b.Timestamp - a.Timestamp); step <= 0 || step > frameTicks {
			t.Errorf("timestamp moved by %d at a switch to an older frame", step)
		}
		s[0].skip()
		s[1].skip()
		s[1].skip()
		s[1].skip() // both stand at frame 4
		s[0].skip()
		c, _ := m.Forward(s[0].frame(1, true)[0])
		if step := c.Timestamp - a.Timestamp; step != 3*frameTicks {
			t.Errorf("after switching back, %d ticks for three frames: the push ahead was kept", step)
		}
	})
}

func TestDroppedTemporalLayersLeaveNoGap(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		expect(t, m, s[0].frame(1, true)[0], 1, 1, 1)
		for range 12 {
			frame := s[0].frame(2, false)
			if frame[0].Temporal > 0 {
				m.Drop(frame[0])
				m.Drop(frame[1])
				continue
			}
			expect(t, m, frame[0], 1, 1, 1)
			expect(t, m, frame[1], 1, 0, 0)
		}
	})
}

func TestMissingPacketKeepsItsPlace(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		expect(t, m, s[0].frame(1, true)[0], 1, 1, 1)
		missing := s[0].frame(1, false)[0]
		after := s[0].frame(1, false)[0]
		b := expect(t, m, after, 2, 2, 0)
		a, verdict := m.Forward(missing)
		if verdict != Sent || a.Sequence != b.Sequence-1 || a.PictureID != (b.PictureID-1)&wideMask ||
			b.Timestamp-a.Timestamp != frameTicks {
			t.Errorf("late packet went out as %+v before %+v (verdict %d)", a, b, verdict)
		}
		if _, verdict := m.Forward(missing); verdict != Duplicate {
			t.Errorf("the same packet again: verdict %d", verdict)
		}
	})
}

func TestPaddingAndTheRestOfADroppedFrameAreLeftOut(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		expect(t, m, s[0].frame(1, true)[0], 1, 1, 1)
		if _, verdict := m.Forward(s[0].send(nil, false)); verdict != Empty {
			t.Errorf("padding: verdict %d", verdict)
		}
		frame := s[0].frame(2, false)
		m.Drop(frame[0])
		if _, verdict := m.Forward(frame[1]); verdict != Empty {
			t.Errorf("rest of a dropped frame: verdict %d", verdict)
		}
		expect(t, m, s[0].frame(1, false)[0], 1, 1, 0)
	})
}

func TestPauseLeavesNoGapButItsTime(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		a := expect(t, m, s[0].frame(1, true)[0], 1, 1, 1)
		m.Cut()
		var old *packet.Packet
		for range 299 {
			old = s[0].frame(1, false)[0]
		}
		b := expect(t, m, s[0].frame(1, true)[0], 1, 1, 1)
		if step := b.Timestamp - a.Timestamp; step != 300*frameTicks {
			t.Errorf("%d ticks for a pause of 300 frames", step)
		}
		m.Cut()
		if _, verdict := m.Forward(old); verdict != Late {
			t.Errorf("packet from before the cut: verdict %d", verdict)
		}
	})
}

func TestNackFindsItsWayBack(t *testing.T) {
	fromEveryEdge(t, func(t *testing.T, m *Munger, s []*source) {
		kept := s[0].frame(1, true)[0]
		a, _ := m.Forward(kept)
		lost := s[0].frame(1, false)[0]
		unwanted := s[0].frame(1, false)[0]
		m.Forward(s[0].frame(1, false)[0])
		m.Drop(unwanted)
		m.Forward(s[1].frame(1, true)[0])

		now := epoch
		origin, ok := m.Lookup(a.Sequence, now, 50*time.Millisecond)
		if !ok || origin != (Origin{Layer: 0, Seq: kept.Seq}) {
			t.Errorf("origin of the first: %+v %t", origin, ok)
		}
		if again, ok := m.Again(a.Sequence, kept); !ok || again != a {
			t.Errorf("sent again as %+v, was %+v", again, a)
		}
		if _, ok := m.Lookup(a.Sequence, now.Add(40*time.Millisecond), 50*time.Millisecond); ok {
			t.Error("answered twice within a round trip")
		}
		if _, ok := m.Lookup(a.Sequence, now.Add(60*time.Millisecond), 50*time.Millisecond); !ok {
			t.Error("not answered a round trip later")
		}
		if origin, ok := m.Lookup(a.Sequence+1, now, 0); !ok || origin.Seq != lost.Seq || origin.Hole {
			t.Errorf("one that never came, asked for after the switch: %+v %t", origin, ok)
		}
		if out, ok := m.Again(a.Sequence+1, lost); !ok || out.Timestamp-a.Timestamp != frameTicks {
			t.Errorf("it came in the end and goes out as %+v", out)
		}
		if origin, ok := m.Lookup(a.Sequence+2, now, 0); !ok || !origin.Hole {
			t.Errorf("one that came and was not wanted: %+v %t", origin, ok)
		}
		if _, ok := m.Lookup(a.Sequence+100, now, 0); ok {
			t.Error("found one never sent")
		}
	})
}

func first(a uint64, _ uint32) uint64  { return a }
func second(_ uint64, b uint32) uint32 { return b }

func TestForwardDoesNotAllocate(t *testing.T) {
	m := New(Options{})
	s := newSource(0, 65000, 0, 0, 0)
	var packets []*packet.Packet
	for n := range 1000 {
		packets = append(packets, s.frame(2, n%100 == 0)...)
	}
	buffer := make([]byte, 0, packet.MaxSize)
	n := 0
	allocs := testing.AllocsPerRun(1000, func() {
		p := packets[n]
		n++
		if p.Temporal == 2 {
			m.Drop(p)
			return
		}
		out, _ := m.Forward(p)
		buffer = out.AppendPayload(buffer[:0], p)
		m.Lookup(out.Sequence, p.Arrival, 0)
	})
	if allocs != 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
}

func BenchmarkForward(b *testing.B) {
	m := New(Options{})
	p := newSource(0, 65000, 0, 0, 0).frame(1, true)[0]
	buffer := make([]byte, 0, packet.MaxSize)
	b.ReportAllocs()
	for b.Loop() {
		p.Seq++
		out, _ := m.Forward(p)
		buffer = out.AppendPayload(buffer[:0], p)
	}
}
