package link

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const ms = time.Millisecond

// arrivals plays packets through a queue and says when each was delivered, by
// its number; what was not delivered is missing.
func arrivals(q *Queue, until time.Duration) map[int]time.Duration {
	got := map[int]time.Duration{}
	for {
		at, more := q.Next()
		if !more || at > until {
			q.Pop(until)
			return got
		}
		for _, p := range q.Pop(at) {
			got[int(p[0])] = at
		}
	}
}

// numbered is packet n of so many bytes.
func numbered(n, size int) []byte {
	p := make([]byte, size)
	p[0] = byte(n)
	return p
}

// Each packet is 1,000 bytes; ten of them a second fit in 80 kb/s.
func TestQueueServes(t *testing.T) {
	thin := Way{Rate: 80 * Kilobit, Delay: 50 * ms}
	bounded := thin
	bounded.Queue = 2500
	for _, c := range []struct {
		name string
		way  Way
		came []time.Duration
		want []time.Duration // 0: dropped
	}{
		{"one after the other", thin, []time.Duration{0, 0, 0}, []time.Duration{150 * ms, 250 * ms, 350 * ms}},
		{"an idle link saves nothing up", thin, []time.Duration{0, 500 * ms, 500 * ms}, []time.Duration{150 * ms, 650 * ms, 750 * ms}},
		{"a full queue drops what comes", bounded, []time.Duration{0, 0, 0, 99 * ms}, []time.Duration{150 * ms, 250 * ms, 0, 0}},
		{"and takes the next when one has left", bounded, []time.Duration{0, 0, 0, 100 * ms}, []time.Duration{150 * ms, 250 * ms, 0, 350 * ms}},
		{"free", Way{Delay: 50 * ms}, []time.Duration{0, 0, 10 * ms}, []time.Duration{50 * ms, 50 * ms, 60 * ms}},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := NewQueue(c.way, 1, 1)
			for i, at := range c.came {
				q.Push(at, numbered(i, 1000))
			}
			got := arrivals(q, time.Minute)
			for i, want := range c.want {
				if got[i] != want {
					t.Errorf("packet %d came after %v, want %v", i, got[i], want)
				}
			}
		})
	}
}

func TestQueueFollowsChanges(t *testing.T) {
	at80 := Way{Rate: 80 * Kilobit}
	cut := at80
	cut.Cut = true
	for _, c := range []struct {
		name    string
		changes map[time.Duration]Way
		want    time.Duration // of the second of two packets of 1,000 bytes, 200 ms of the link
	}{
		{"nothing changes", nil, 200 * ms},
		{"half as fast from the middle of the first on", map[time.Duration]Way{50 * ms: {Rate: 40 * Kilobit}}, 350 * ms},
		{"cut for a second in the middle of the first", map[time.Duration]Way{50 * ms: cut, 1050 * ms: at80}, 1200 * ms},
		{"free from the middle of the second on", map[time.Duration]Way{150 * ms: {}}, 150 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := NewQueue(at80, 1, 1)
			q.Push(0, numbered(0, 1000))
			q.Push(0, numbered(1, 1000))
			got := map[int]time.Duration{}
			for now := time.Duration(0); now < 2*time.Second; now += 10 * ms {
				if w, ok := c.changes[now]; ok {
					q.Set(now, w)
				}
				for _, p := range q.Pop(now) {
					got[int(p[0])] = now
				}
			}
			if got[1] != c.want {
				t.Errorf("it came after %v, want %v", got[1], c.want)
			}
		})
	}
}

// near says whether got is want within 2 %.
func near(got, want float64) bool { return math.Abs(got/want-1) <= 0.02 }

func TestQueueLosesItsShare(t *testing.T) {
	for _, w := range []Way{
		{Loss: 0.01},
		{Loss: 0.05},
		{Loss: 0.5},
		{Burst: Burst{Share: 0.03, Mean: 5}},
		{Burst: Burst{Share: 0.2, Mean: 12}},
		{Burst: Burst{Share: 0.03, Mean: 1}},
	} {
		t.Run(fmt.Sprintf("%v %v", w.Loss, w.Burst), func(t *testing.T) {
			const sent = 1_000_000
			q := NewQueue(w, 7, 1)
			runs, lost, packet := 0, false, make([]byte, 40)
			for range sent {
				before := q.Counts().Lost
				q.Push(0, packet)
				q.Pop(0)
				now := q.Counts().Lost > before
				if now && !lost {
					runs++
				}
				lost = now
			}
			share := float64(q.Counts().Lost) / sent
			if want := w.Loss + w.Burst.Share; !near(share, want) {
				t.Errorf("lost %.5f of all, want %v", share, want)
			}
			if run := float64(q.Counts().Lost) / float64(runs); w.Burst.Mean > 0 && !near(run, w.Burst.Mean) {
				t.Errorf("lost %.3f in a row, want %v", run, w.Burst.Mean)
			}
		})
	}
}

func TestQueueJitters(t *testing.T) {
	q := NewQueue(Way{Delay: 100 * ms, Jitter: 40 * ms}, 3, 1)
	const sent = 50_000
	var sum, last time.Duration
	for i := range sent {
		now := time.Duration(i) * 200 * ms // apart: none waits for the one before
		q.Push(now, make([]byte, 40))
		at, _ := q.Next()
		q.Pop(at)
		if at < last || at < now+100*ms || at > now+140*ms {
			t.Fatalf("sent at %v, came at %v", now, at)
		}
		sum, last = sum+at-now, at
	}
	if mean := float64(sum) / sent / float64(120*ms); !near(mean, 1) {
		t.Errorf("the mean delay is %.3f of what it should be", mean)
	}
}

// The same seed tells the same story, and a change of rate does not change it.
func TestQueueIsRepeatable(t *testing.T) {
	story := func(seed uint64, rate Rate) (lost []int) {
		q := NewQueue(Way{Rate: rate, Loss: 0.1, Burst: Burst{Share: 0.1, Mean: 3}}, seed, 1)
		for i := range 500 {
			before := q.Counts().Lost
			now := time.Duration(i) * time.Second
			q.Push(now, numbered(0, 100))
			q.Pop(now + 900*ms)
			if q.Counts().Lost > before {
				lost = append(lost, i)
			}
		}
		return lost
	}
	first := story(1, 0)
	if len(first) == 0 || !slices.Equal(first, story(1, 64*Kilobit)) {
		t.Error("the same seed lost other packets")
	}
	if slices.Equal(first, story(2, 0)) {
		t.Error("another seed lost the same packets")
	}
}

// Whatever comes and changes: every packet is accounted for, none overtakes
// another, the bound holds, and nothing is faster than the fastest rate.
func TestQueueKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ways := rapid.SliceOfN(rapid.Custom(anyWay), 1, 4).Draw(t, "ways")
		q := NewQueue(ways[0], rapid.Uint64().Draw(t, "seed"), 1)
		var now, last time.Duration
		var came, delivered int64
		for range rapid.IntRange(1, 200).Draw(t, "moments") {
			now += time.Duration(rapid.IntRange(0, 400).Draw(t, "pause")) * ms
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				q.Set(now, rapid.SampledFrom(ways).Draw(t, "way"))
			case 1:
				for _, p := range q.Pop(now) {
					delivered++
					if at := time.Duration(p[0])<<40 | time.Duration(p[1])<<32 | time.Duration(p[2])<<24 | time.Duration(p[3])<<16 | time.Duration(p[4])<<8 | time.Duration(p[5]); at < last {
						t.Fatalf("the packet of %v came after that of %v", at, last)
					} else {
						last = at
					}
				}
			default:
				p := make([]byte, rapid.IntRange(20, 1500).Draw(t, "size"))
				for i := range 6 {
					p[i] = byte(now.Milliseconds() >> (8 * (5 - i)))
				}
				q.Push(now, p)
				came++
				if bound := q.way.Queue; bound > 0 && len(ways) == 1 && q.Counts().Standing > bound {
					t.Fatalf("%d bytes stand in a queue of %d", q.Counts().Standing, bound)
				}
			}
			c := q.Counts()
			if held := int64(len(q.standing) + len(q.flight)); c.Came != came || c.Delivered != delivered ||
				came != delivered+c.Lost+c.Overflow+c.Blocked+held {
				t.Fatalf("%d came, but %+v and %d held", came, c, held)
			}
			if c.Standing < 0 || q.flying < 0 || len(q.standing) > 0 && q.left < 0 {
				t.Fatalf("%+v, %d bytes in flight, %d left", c, q.flying, q.left)
			}
		}
	})
}

func anyWay(t *rapid.T) Way {
	return Way{
		Rate:   Rate(rapid.SampledFrom([]int64{0, 1, 32_000, 1_000_003, 1_000_000_000}).Draw(t, "rate")),
		Delay:  time.Duration(rapid.IntRange(0, 500).Draw(t, "delay")) * ms,
		Jitter: time.Duration(rapid.IntRange(0, 100).Draw(t, "jitter")) * ms,
		Loss:   rapid.SampledFrom([]float64{0, 0.1, 1}).Draw(t, "loss"),
		Queue:  rapid.SampledFrom([]int{0, 1500, 16000}).Draw(t, "queue"),
		Cut:    rapid.Bool().Draw(t, "cut"),
	}
}
