package sfu

import (
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"preau/sfu/internal/munge"
	"preau/sfu/packet"
)

// heardPacket is a packet of a voice, as it comes and as it went on.
type heardPacket struct {
	p        *packet.Packet
	captured int64 // ticks: when its sound began
	lasts    int64
	out      uint32
}

// speech is both renditions of that many seconds of a voice, in the order in which they come. Each
// packet leaves when its sound has ended, is late by up to jitter, and may be lost.
func speech(t *testing.T, random *rand.Rand, seconds int, jitter time.Duration, loss float64) []heardPacket {
	t.Helper()
	epoch := time.Unix(1_000_000, 0)
	var all []heardPacket
	for layer, lasts := range [2]int64{ordinaryVoice: 960, lowVoice: 2880} {
		start := random.Uint32()
		toc := [2]byte{ordinaryVoice: 9 << 3, lowVoice: 11 << 3}[layer] // SILK, wide band, 20 and 60 ms
		first := random.Int64N(lasts/seamGrid) * seamGrid               // the encoders' frames begin at different times
		for n := range uint16(int64(seconds) * opusRate / lasts) {
			captured := first + int64(n)*lasts
			late := time.Duration(0)
			if jitter > 0 {
				late = time.Duration(random.Int64N(int64(jitter)))
			}
			if random.Float64() < loss {
				continue
			}
			raw := packet.AppendHeader(nil, packet.Header{PayloadType: 111, Sequence: 100 + n, Timestamp: start + uint32(captured-first), SSRC: uint32(layer)}, nil)
			p, err := new(packet.Pool).New(append(raw, toc, 1, 2, 3), epoch.Add(time.Duration(captured+lasts)*time.Second/opusRate+late))
			if err != nil {
				t.Fatal(err)
			}
			p.Seq, p.Layer = uint64(p.Sequence)+1<<16, uint8(layer)
			p.Inspect(packet.Opus)
			all = append(all, heardPacket{p: p, captured: captured, lasts: lasts})
		}
	}
	slices.SortStableFunc(all, func(a, b heardPacket) int { return a.p.Arrival.Compare(b.p.Arrival) })
	return all
}

// spliced is what a subscriber hears who changes renditions as told.
func spliced(t *testing.T, all []heardPacket, wanted func(at time.Duration) uint8) []heardPacket {
	t.Helper()
	pub := &publication{spec: TrackSpec{Kind: KindAudio}, layers: new([maxLayers]atomic.Pointer[layer])}
	layers := [2]*layer{{codec: packet.Opus}, {codec: packet.Opus}}
	for i, l := range layers {
		pub.layers[i].Store(l)
	}
	s := &subscription{pub: pub, current: noLayer, munger: munge.New(munge.Options{ClockRate: opusRate, Audio: true, Timestamp: 77})}
	epoch := all[0].p.Arrival.Add(-time.Hour)
	var out []heardPacket
	for _, h := range all {
		l := layers[h.p.Layer]
		l.lastArrival.Store(h.p.Arrival.UnixNano())
		l.clock.note(h.p.Timestamp, soundLasts(h.p), h.p.Arrival, epoch)
		s.choice.Sending, s.choice.Spatial = true, wanted(h.p.Arrival.Sub(all[0].p.Arrival))
		if !s.speaks(h.p) {
			continue
		}
		if o, verdict := s.munger.Forward(h.p); verdict == munge.Sent {
			h.out = o.Timestamp
			out = append(out, h)
		}
	}
	return out
}

// everySecond changes the rendition each second and a bit.
func everySecond(at time.Duration) uint8 { return uint8(at / (1130 * time.Millisecond) % 2) }

// On a quiet way here no sound is missing and none is heard twice, whatever the renditions' frames:
// each packet begins where the one before ended.
func TestRenditionsFollowWithoutASeam(t *testing.T) {
	for seed := range uint64(50) {
		out := spliced(t, speech(t, rand.New(rand.NewPCG(seed, 1)), 30, 0, 0), everySecond)
		switches := 0
		for i := 1; i < len(out); i++ {
			before, now := out[i-1], out[i]
			gap := int64(int32(now.out-before.out)) - before.lasts
			truth := now.captured - before.captured - before.lasts
			if now.p.Layer != before.p.Layer {
				switches++
				if gap < 0 || gap > 480 { // frames of 20 ms may meet those of 60 ms in their middle
					t.Fatalf("seed %d: %d ticks between renditions, to %d at %d (before: %d, %d)", seed, gap, now.p.Layer, now.captured, before.captured, before.lasts)
				}
			} else if gap != 0 {
				t.Fatalf("seed %d: %d ticks within a rendition", seed, gap)
			}
			if gap != truth {
				t.Fatalf("seed %d: %d ticks after the one before, really %d", seed, gap, truth)
			}
		}
		if switches < 25 {
			t.Errorf("seed %d: %d changes in 30 s", seed, switches)
		}
	}
}

// On a jittery, lossy way nothing is heard twice, the sound stays where it belongs in time, and a
// change costs a low packet at most beyond what was lost.
func TestRenditionsThroughJitterAndLoss(t *testing.T) {
	for seed := range uint64(50) {
		out := spliced(t, speech(t, rand.New(rand.NewPCG(seed, 2)), 30, 18*time.Millisecond, .03), everySecond)
		switches := 0
		for i := 1; i < len(out); i++ {
			before, now := out[i-1], out[i]
			if now.p.Layer == before.p.Layer {
				continue
			}
			switches++
			gap := int64(int32(now.out-before.out)) - before.lasts
			if gap < 0 || gap > 3*2880 {
				t.Errorf("seed %d: %d ticks between renditions", seed, gap)
			}
			if off := gap - (now.captured - before.captured - before.lasts); off < -seamGrid || off > seamGrid {
				t.Errorf("seed %d: the sound is %d ticks from its place", seed, off)
			}
		}
		if switches < 20 {
			t.Errorf("seed %d: %d changes in 30 s", seed, switches)
		}
	}
}

// Where one rendition ends, the other goes on, though its clock is not known.
func TestRenditionThatEnds(t *testing.T) {
	all := speech(t, rand.New(rand.NewPCG(1, 3)), 10, 0, 0)
	all = slices.DeleteFunc(all, func(h heardPacket) bool { return (h.p.Layer == lowVoice) != (h.captured > 5*opusRate) })
	out := spliced(t, all, func(at time.Duration) uint8 {
		if at > 7*time.Second {
			return 0
		}
		return 1
	})
	if last := out[len(out)-1]; last.p.Layer != lowVoice {
		t.Error("the low rendition is not heard where the ordinary one has ended")
	}
}
