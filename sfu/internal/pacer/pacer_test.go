package pacer

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// sends how many packets of size bytes leave in d, as a writer with a timer of 5 ms has them.
func sends(p *Pacer, now time.Time, d time.Duration, size int) (n int) {
	for end := now.Add(d); now.Before(end); now = now.Add(5 * time.Millisecond) {
		for ; p.Free(now) && n < 1<<16; n++ {
			p.Sent(size, now)
		}
	}
	return n
}

func TestPace(t *testing.T) {
	for _, c := range []struct {
		link Link
		most float64 // times the estimate
	}{
		{Link{Estimate: 100_000, Tight: true}, 1.1},
		{Link{Estimate: 500_000, Tight: true}, 1.1},
		{Link{Estimate: 1_000_000}, 1.8},
		{Link{Estimate: 4_000_000}, 2.5},
		{Link{Estimate: 300_000, Full: true}, 1},
	} {
		var p Pacer
		p.Set(c.link, start)
		bits := float64(sends(&p, start, 10*time.Second, 1000)) * 8000 / 10
		if pace := bits / float64(c.link.Estimate); pace > c.most*1.06 || pace < c.most*0.94 {
			t.Errorf("%+v: %.2f times the estimate, want %.2f", c.link, pace, c.most)
		}
	}
}

func TestWithoutAnEstimateAllPasses(t *testing.T) {
	var p Pacer
	if n := sends(&p, start, 5*time.Millisecond, 1500); n < 1<<16 {
		t.Errorf("only %d packets pass", n)
	}
}

// What leaves at once is some milliseconds, and one packet at least.
func TestBurst(t *testing.T) {
	for _, c := range []struct {
		link    Link
		packets int
	}{
		{Link{Estimate: 50_000, Tight: true}, 1},
		{Link{Estimate: 1_000_000, Tight: true}, 2},
		{Link{Estimate: 4_000_000}, 51}, // a picture of 50 kB
	} {
		var p Pacer
		p.Set(c.link, start)
		if n := sends(&p, start, time.Millisecond, 1000); n != c.packets {
			t.Errorf("%+v: %d packets at once, want %d", c.link, n, c.packets)
		}
	}
}

// Voice takes what it needs, more than there is, and leaves a debt that is soon forgotten.
func TestVoiceLeavesNoEndlessDebt(t *testing.T) {
	var p Pacer
	p.Set(Link{Estimate: 40_000, Tight: true}, start)
	for i := range 500 {
		p.Sent(200, start.Add(time.Duration(i)*20*time.Millisecond)) // 80 kb/s
	}
	end := start.Add(10 * time.Second)
	if p.Free(end) || !p.Free(end.Add(remembered)) {
		t.Error("the debt is not between nothing and a quarter of a second")
	}
}

func push(q *Queue[int], value int, flow, frame uint32, size int) bool {
	return q.Push(Item[int]{Value: value, Flow: flow, Frame: frame, Size: size})
}

func drain(q *Queue[int]) (values []int) {
	for it, ok := q.Pop(); ok; it, ok = q.Pop() {
		values = append(values, it.Value)
	}
	return values
}

func TestTrimKeepsTheFirstPicture(t *testing.T) {
	var q Queue[int]
	for i, it := range []struct{ flow, frame uint32 }{{1, 5}, {2, 7}, {1, 5}, {1, 6}, {2, 8}, {1, 7}} {
		push(&q, i, it.flow, it.frame, 1000)
	}
	var gone []int
	if !q.Trim(1, func(v int) { gone = append(gone, v) }) || q.Bytes() != 4000 {
		t.Errorf("%d bytes left", q.Bytes())
	}
	if q.Trim(1, func(int) {}) {
		t.Error("there was more to trim")
	}
	if left := drain(&q); !slices.Equal(left, []int{0, 1, 2, 4}) || !slices.Equal(gone, []int{3, 5}) {
		t.Errorf("left %v, gone %v", left, gone)
	}
}

// A picture of any size may wait alone; what comes behind it is bounded.
func TestOver(t *testing.T) {
	var p Pacer
	p.Set(Link{Estimate: 400_000, Tight: true}, start)
	room := p.Bound(longest)
	var q Queue[int]
	for range 100 {
		push(&q, 0, 1, 1, 1200)
	}
	if q.Over(&p) {
		t.Error("one picture is too much")
	}
	behind := 0
	for ; !q.Over(&p); behind += 1200 {
		push(&q, 0, 1, 2, 1200)
	}
	if behind < room || behind > room+1200 {
		t.Errorf("%d bytes may wait behind it, want %d", behind, room)
	}
}

func TestQueueIsBounded(t *testing.T) {
	var q Queue[int]
	n := 0
	for push(&q, n, 1, 1, 1) {
		n++
	}
	if n != most {
		t.Errorf("%d packets wait", n)
	}
}

// TestQueueAsASlice holds the queue against the plainest one there is.
func TestQueueAsASlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Queue[int]
		var plain []Item[int]
		t.Repeat(map[string]func(*rapid.T){
			"push": func(t *rapid.T) {
				it := Item[int]{
					Value: rapid.Int().Draw(t, "value"), Flow: rapid.Uint32Range(1, 3).Draw(t, "flow"),
					Frame: rapid.Uint32Range(1, 4).Draw(t, "frame"), Size: rapid.IntRange(1, 1500).Draw(t, "size"),
				}
				if q.Push(it) {
					plain = append(plain, it)
				}
			},
			"pop": func(t *rapid.T) {
				it, ok := q.Pop()
				if ok != (len(plain) > 0) || ok && it != plain[0] {
					t.Fatalf("%+v %t of %+v", it, ok, plain)
				}
				if ok {
					plain = plain[1:]
				}
			},
			"drop": func(t *rapid.T) {
				flow := rapid.Uint32Range(1, 3).Draw(t, "flow")
				gone := 0
				q.Drop(flow, func(int) { gone++ })
				before := len(plain)
				plain = slices.DeleteFunc(plain, func(it Item[int]) bool { return it.Flow == flow })
				if gone != before-len(plain) {
					t.Fatalf("%d gone", gone)
				}
			},
			"": func(t *rapid.T) {
				bytes := 0
				for _, it := range plain {
					bytes += it.Size
				}
				if q.Bytes() != bytes || q.Empty() != (len(plain) == 0) {
					t.Fatalf("%d bytes, want %d", q.Bytes(), bytes)
				}
			},
		})
	})
}

func TestNothingIsAllocated(t *testing.T) {
	var p Pacer
	var q Queue[int]
	p.Set(Link{Estimate: 1_000_000}, start)
	push(&q, 0, 1, 1, 1)
	if n := testing.AllocsPerRun(1000, func() {
		p.Free(start)
		p.Sent(1000, start)
		push(&q, 0, 1, 1, 1000)
		q.Over(&p)
		q.Pop()
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
