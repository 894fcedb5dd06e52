package history

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"preau/sfu/packet"
)

// make1 is a packet with that number and so many bytes of payload.
func make1(pool *packet.Pool, seq uint64, payload int) *packet.Packet {
	raw := packet.AppendHeader(nil, packet.Header{Sequence: uint16(seq), Timestamp: uint32(seq)}, nil)
	p, err := pool.New(append(raw, make([]byte, payload)...), time.Time{})
	if err != nil {
		panic(err)
	}
	p.Seq = seq
	return p
}

func add(h *History, pool *packet.Pool, seq uint64, payload int) bool {
	p := make1(pool, seq, payload)
	defer p.Release()
	return h.Add(p)
}

// has says whether a number is kept, and checks that it is the right packet.
func has(t interface{ Fatalf(string, ...any) }, h *History, seq uint64) bool {
	p := h.Get(seq)
	if p == nil {
		return false
	}
	defer p.Release()
	if p.Seq != seq || p.Sequence != uint16(seq) {
		t.Fatalf("asked for %d, got %d", seq, p.Seq)
	}
	return true
}

func TestKeepsTheLast(t *testing.T) {
	h, pool := New(Options{Packets: 8}), &packet.Pool{}
	for seq := uint64(65530); seq < 65550; seq++ {
		add(h, pool, seq, 10)
	}
	for seq := uint64(65520); seq < 65560; seq++ {
		if want := seq >= 65542 && seq < 65550; has(t, h, seq) != want {
			t.Errorf("%d kept: %t", seq, !want)
		}
	}
	newest := h.Newest()
	if newest == nil || newest.Seq != 65549 {
		t.Errorf("newest %+v", newest)
	}
	h.Clear()
	if h.Newest() != nil || has(t, h, 65549) {
		t.Error("not cleared")
	}
}

func TestLatePacketsFindTheirPlace(t *testing.T) {
	h, pool := New(Options{Packets: 8}), &packet.Pool{}
	add(h, pool, 100, 1)
	for _, c := range []struct {
		seq  uint64
		kept bool
	}{{103, true}, {101, true}, {101, false}, {99, true}, {95, false}, {500, true}, {103, false}, {499, true}} {
		if got := add(h, pool, c.seq, 1); got != c.kept {
			t.Errorf("%d kept: %t", c.seq, got)
		}
	}
}

func TestBytesAreBounded(t *testing.T) {
	h, pool := New(Options{Packets: 1024, Bytes: 10_000}), &packet.Pool{}
	for seq := uint64(1); seq <= 100; seq++ {
		add(h, pool, seq, 988) // 1,000 with the header
	}
	if has(t, h, 90) || !has(t, h, 91) || !has(t, h, 100) {
		t.Error("want the last ten packets")
	}
}

// TestAgainstAMap holds the ring against the plainest model.
func TestAgainstAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h, pool := New(Options{Packets: 16}), &packet.Pool{}
		kept := map[uint64]bool{}
		at, highest := uint64(1000), uint64(0)
		for range rapid.IntRange(1, 100).Draw(t, "packets") {
			at += uint64(rapid.IntRange(0, 4).Draw(t, "step"))
			seq := at - uint64(rapid.IntRange(0, 20).Draw(t, "late"))
			if add(h, pool, seq, 1) {
				if kept[seq] {
					t.Fatalf("%d kept twice", seq)
				}
				kept[seq] = true
			}
			highest = max(highest, seq)
			for n := range kept {
				if n+16 <= highest {
					delete(kept, n)
				}
			}
		}
		for seq := uint64(970); seq < at+20; seq++ {
			if has(t, h, seq) != kept[seq] {
				t.Fatalf("%d kept: %t, want %t", seq, !kept[seq], kept[seq])
			}
		}
	})
}

// TestManyReaders lets writers look up while the reader overwrites; the race
// detector watches, and no reader may get another's packet.
func TestManyReaders(t *testing.T) {
	h, pool := New(Options{Packets: 64}), &packet.Pool{}
	const last = 20_000
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for seq := uint64(1); seq < last; {
				p := h.Newest()
				if p == nil {
					continue
				}
				seq = p.Seq
				has(t, h, seq-min(seq, 40))
				if p.Timestamp != uint32(seq) {
					t.Errorf("packet %d says it is %d", seq, p.Timestamp)
				}
				p.Release()
			}
		})
	}
	for seq := uint64(1); seq <= last; seq++ {
		add(h, pool, seq, 20)
	}
	wait.Wait()
}

func TestAddAndGetDoNotAllocate(t *testing.T) {
	h, pool := New(Options{}), &packet.Pool{}
	p := make1(pool, 1, 100)
	if allocs := testing.AllocsPerRun(1000, func() {
		p.Seq++
		h.Add(p)
		h.Get(p.Seq).Release()
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkAdd(b *testing.B) {
	h, pool := New(Options{}), &packet.Pool{}
	p := make1(pool, 1, 1100)
	b.ReportAllocs()
	for b.Loop() {
		p.Seq++
		h.Add(p)
	}
}
