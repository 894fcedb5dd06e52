package pick

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"preau/sfu/internal/svctest"
	"preau/sfu/packet"
)

var modes = []svctest.Mode{
	{Spatials: 1, Temporals: 1},
	{Spatials: 1, Temporals: 2},
	{Spatials: 1, Temporals: 3},
	{Spatials: 2, Temporals: 1},
	{Spatials: 2, Temporals: 3},
	{Spatials: 2, Temporals: 3, Key: true},
	{Spatials: 3, Temporals: 1},
	{Spatials: 3, Temporals: 3},
	{Spatials: 3, Temporals: 3, Key: true},
}

// inEveryMode runs a body for each mode, told by dependency descriptor and by VP9's own.
func inEveryMode(t *testing.T, body func(t *testing.T, s *stream)) {
	for _, m := range modes {
		for _, described := range []bool{true, false} {
			t.Run(fmt.Sprintf("L%dT%d key %t described %t", m.Spatials, m.Temporals, m.Key, described), func(t *testing.T) {
				s := &stream{described: described, fates: map[uint16]fate{}, needs: map[uint16][]uint16{}}
				s.Mode = m
				s.Number, s.Picture = 65500, 32740 // both wrap soon
				body(t, s)
			})
		}
	}
}

// stream feeds a Picker and keeps the books as a decoder would.
type stream struct {
	svctest.Stream
	described bool
	reader    packet.DependencyReader
	pool      packet.Pool
	seq       uint64
	k         Picker
	entered   bool
	fates     map[uint16]fate
	needs     map[uint16][]uint16
	top       packet.LayerID // of the frames taken of the last picture
	got       int
}

func (s *stream) packets(frames []svctest.Frame) (out []*packet.Packet) {
	for i := range frames {
		f := &frames[i]
		s.needs[f.Number] = f.Needs
		for part := range 2 {
			raw := packet.AppendHeader(nil, packet.Header{Marker: f.Last && part == 1}, nil)
			p, err := s.pool.New(append(raw, f.VP9(part == 0, part == 1, 3)...), time.Time{})
			if err != nil {
				panic(err)
			}
			p.Inspect(packet.VP9)
			s.seq++
			if s.described {
				d, ok := s.reader.Read(f.Descriptor(part == 0, part == 1), s.seq)
				if !ok {
					panic("a descriptor of ours cannot be read")
				}
				p.Describe(d)
				p.VP9 = packet.VP9Descriptor{} // as an AV1 packet would have none
			}
			p.Seq = uint64(f.Number)
			out = append(out, p)
		}
	}
	return out
}

func (s *stream) picture(t *testing.T, key bool) { s.feed(t, s.packets(s.Next(key))) }

func (s *stream) feed(t *testing.T, packets []*packet.Packet) {
	t.Helper()
	s.top, s.got = packet.LayerID{}, 0
	for _, p := range packets {
		if !s.entered {
			if !p.Keyframe || !p.Start {
				continue
			}
			s.entered = true
			s.k.Enter(p)
		}
		number := uint16(p.Seq)
		f := dropped
		if s.k.Take(p) {
			f = taken
			s.got++
			s.top.Spatial, s.top.Temporal = max(s.top.Spatial, p.Spatial), max(s.top.Temporal, p.Temporal)
		}
		if before := s.fates[number]; before != unknown && before != f {
			t.Fatalf("frame %d goes out in part", number)
		}
		s.fates[number] = f
	}
}

// decode fails if something went out that a decoder cannot decode.
func (s *stream) decode(t *testing.T) {
	t.Helper()
	for number, f := range s.fates {
		if f != taken {
			continue
		}
		for _, need := range s.needs[number] {
			if s.fates[need] != taken {
				t.Fatalf("frame %d went out without %d, which it needs", number, need)
			}
		}
	}
}

// All that is wanted comes, nothing more, and every step down or up is decodable.
func TestGoalsAreReachedAtKeyframes(t *testing.T) {
	inEveryMode(t, func(t *testing.T, s *stream) {
		for spatial := range uint8(s.Mode.Spatials) {
			for temporal := range uint8(s.Mode.Temporals) {
				s.k.Aim(packet.LayerID{Spatial: spatial, Temporal: temporal})
				best := packet.LayerID{}
				for i := range 12 {
					s.picture(t, i == 0)
					best.Spatial, best.Temporal = max(best.Spatial, s.top.Spatial), max(best.Temporal, s.top.Temporal)
				}
				if want := (packet.LayerID{Spatial: spatial, Temporal: temporal}); best != want || s.k.Now() != want || s.k.Behind() {
					t.Errorf("aimed at %v, got %v, at %v, behind %t", want, best, s.k.Now(), s.k.Behind())
				}
			}
		}
		s.decode(t)
	})
}

// A step down needs no keyframe, except where the descriptor shows that only a keyframe frees it.
func TestStepsDownAndTemporalStepsUpNeedNoKeyframe(t *testing.T) {
	inEveryMode(t, func(t *testing.T, s *stream) {
		top := packet.LayerID{Spatial: uint8(s.Mode.Spatials - 1), Temporal: uint8(s.Mode.Temporals - 1)}
		for _, goal := range []packet.LayerID{top, {Spatial: top.Spatial}, top, {}} {
			s.k.Aim(goal)
			for range 9 {
				s.picture(t, false)
			}
			stuck := s.described && s.Mode.Key && goal.Spatial < top.Spatial
			if s.k.Behind() != stuck || !stuck && s.k.Now() != goal {
				t.Errorf("aimed at %v: at %v, behind %t", goal, s.k.Now(), s.k.Behind())
			}
		}
		s.k.Aim(top)
		for range 9 {
			s.picture(t, false)
		}
		if top.Spatial > 0 && s.k.Now().Spatial == top.Spatial && !(s.described && s.Mode.Key) {
			t.Error("a higher spatial layer was taken up without a keyframe")
		}
		s.picture(t, true)
		if s.k.Now().Spatial != top.Spatial {
			t.Errorf("after a keyframe at %v", s.k.Now())
		}
		s.decode(t)
	})
}

// Whatever the goals, keyframes and order of arrival, what goes out can be decoded.
func TestWhatGoesOutIsDecodable(t *testing.T) {
	inEveryMode(t, func(t *testing.T, s *stream) {
		random := rand.New(rand.NewPCG(7, uint64(s.Mode.Spatials*10+s.Mode.Temporals)))
		for range 600 {
			if random.IntN(8) == 0 {
				s.k.Aim(packet.LayerID{Spatial: uint8(random.IntN(4)), Temporal: uint8(random.IntN(4))})
			}
			packets := s.packets(s.Next(random.IntN(25) == 0))
			if s.described && s.entered && !packets[0].Keyframe && random.IntN(3) == 0 {
				slices.Reverse(packets)
			}
			s.feed(t, packets)
		}
		s.decode(t)
		sent := 0
		for _, f := range s.fates {
			if f == taken {
				sent++
			}
		}
		if sent < 300 {
			t.Errorf("only %d frames went out", sent)
		}
	})
}

// Layer syncs take up one temporal layer after another.
func TestVP8TakesUpALayerAtItsSync(t *testing.T) {
	var pool packet.Pool
	var k Picker
	send := func(temporal uint8, sync, key bool) bool {
		flags := temporal << 6
		if sync {
			flags |= 0x20
		}
		payload := []byte{0x90, 0x20, flags, 1}
		if key {
			payload[3] = 0
		}
		p, err := pool.New(append(packet.AppendHeader(nil, packet.Header{}, nil), payload...), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		p.Inspect(packet.VP8)
		if key {
			k.Enter(p)
		}
		return k.Take(p)
	}
	k.Aim(packet.LayerID{Temporal: 0})
	for i, c := range []struct {
		goal, temporal  uint8
		sync, key, want bool
	}{
		{0, 0, false, true, true},
		{0, 2, true, false, false},
		{2, 0, false, false, true},
		{2, 2, true, false, false}, // layer 1 first: later pictures of 2 may need it
		{2, 1, false, false, false},
		{2, 1, true, false, true},
		{2, 2, false, false, false},
		{2, 2, true, false, true},
		{2, 2, false, false, true},
		{1, 2, false, false, false},
		{1, 1, false, false, true},
		{2, 0, false, true, true},
		{2, 2, false, false, true}, // a keyframe brings all
	} {
		k.Aim(packet.LayerID{Temporal: c.goal})
		if got := send(c.temporal, c.sync, c.key); got != c.want {
			t.Errorf("step %d: taken %t", i, got)
		}
	}
}

func TestTakeDoesNotAllocate(t *testing.T) {
	for _, described := range []bool{true, false} {
		s := &stream{described: described, fates: map[uint16]fate{}, needs: map[uint16][]uint16{}}
		s.Mode = svctest.Mode{Spatials: 3, Temporals: 3}
		s.k.Aim(packet.LayerID{Spatial: 2, Temporal: 2})
		packets := s.packets(s.Next(true))
		s.k.Enter(packets[0])
		i := 0
		if n := testing.AllocsPerRun(100, func() { s.k.Take(packets[i%len(packets)]); i++ }); n != 0 {
			t.Errorf("described %t: %v allocations a packet", described, n)
		}
	}
}
