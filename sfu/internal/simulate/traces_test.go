package simulate

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"preau/sfu/internal/allocate"
)

// trace is a link that changes some times, at random.
type trace struct {
	at   []time.Duration
	bits []float64
}

func (t trace) rate(now time.Duration) float64 {
	i, found := slices.BinarySearch(t.at, now)
	if !found {
		i--
	}
	return t.bits[i]
}

// go test ./sfu/internal/simulate -run Traces -first 5000 tries others.
var first = flag.Int("first", 0, "the number of the first random trace")

const (
	traceLength = 80 * time.Second
	tail        = 45 * time.Second // of a trace, without a change
)

func randomTrace(r *rand.Rand) trace {
	t := trace{at: []time.Duration{0}, bits: []float64{rateBetween(r, 80e3, 4e6)}}
	for n := r.IntN(4); n > 0; n-- {
		t.at = append(t.at, time.Duration(r.Int64N(int64(traceLength-tail))))
		t.bits = append(t.bits, rateBetween(r, 80e3, 4e6))
	}
	slices.Sort(t.at)
	return t
}

// rateBetween is as likely between 100 and 200 kb/s as between 1 and 2 Mb/s.
func rateBetween(r *rand.Rand, low, high float64) float64 {
	x := r.Float64()
	bits := low
	for step := high / low; x > 0; x -= 0.01 {
		bits *= math.Pow(step, min(x, 0.01))
	}
	return bits
}

func randomLink(r *rand.Rand, t trace) *link {
	l := &link{rate: t.rate, delay: time.Duration(5+r.IntN(200)) * time.Millisecond, queue: 16_000 + r.IntN(50_000)}
	switch r.IntN(3) {
	case 1:
		l.loss = random(r, 0.03*r.Float64())
	case 2:
		l.loss = bursts(r, 0.03*r.Float64(), 5)
	}
	return l
}

// TestRandomTraces holds the four invariants on a thousand links: voice is not
// starved by video, no more is allocated than estimated for longer than a second,
// what is sent converges to what the link carries, and it does not flap.
func TestRandomTraces(t *testing.T) {
	for seed := *first; seed < *first+traces; seed++ {
		r := rand.New(rand.NewPCG(1, uint64(seed)))
		tr := randomTrace(r)
		w := newWorld(randomLink(r, tr))
		w.run(traceLength)
		kbps := tr.rate(w.now) / 1000
		if w.overMost > time.Second {
			t.Errorf("trace %d: more allocated than estimated for %v", seed, w.overMost)
		}
		if d := w.starved(tr.at[len(tr.at)-1] + settle + w.drainTime()); d > starvedMost {
			t.Errorf("trace %d, %.0f kb/s: voice %v behind a picture", seed, kbps, d)
		}
		if n := w.flapping(); n > 0 {
			t.Errorf("trace %d, %.0f kb/s: %d changes too many, %v", seed, kbps, n, w.changes)
		}
		if !w.converged(tr.rate(w.now)) {
			t.Errorf("trace %d, %.0f kb/s: %+v", seed, kbps, w.choice[1])
		}
	}
}

const (
	settle      = 3 * time.Second
	starvedMost = 400 * time.Millisecond
	steadyTail  = 20 * time.Second
	steadyGap   = 5 * time.Second
)

// drainTime is how long a full queue takes to drain beside the voice; the voice
// has to wait for what stood in it before anything could react.
func (w *world) drainTime() time.Duration {
	bytes := float64(w.link.queue)
	return time.Duration(bytes * 8 / (w.link.rate(w.now) - voiceBits) * float64(time.Second))
}

// starved is how long all voice sent in a second stood in the queue, at worst, from then on.
func (w *world) starved(from time.Duration) (worst time.Duration) {
	least, began := time.Hour, from
	for i, at := range w.voiceAt {
		if at < from {
			continue
		}
		if at-began > time.Second {
			worst = max(worst, least)
			least, began = time.Hour, at
		}
		least = min(least, w.voiceLate[i])
	}
	return worst
}

// flapping is how many changes there are in the last seconds, when the link has
// long been steady, beyond one in five seconds.
func (w *world) flapping() (n int) {
	for _, at := range w.changes {
		if at > w.now-steadyTail {
			n++
		}
	}
	return max(n-int(steadyTail/steadyGap), 0)
}

// converged says whether the camera had over the last seconds what fits into six tenths of the
// link with the headroom that a step up needs.
func (w *world) converged(bits float64) bool {
	want := 0.0
	for s := range sizes {
		for _, part := range portion {
			if cost := sizes[s] * part; voiceBits+cost*1.2 < bits*0.6 {
				want = cost
			}
		}
	}
	sum, last := 0.0, w.costs[len(w.costs)-int(steadyTail/tick):]
	for _, cost := range last {
		sum += cost
	}
	return sum/float64(len(last)) >= want
}

func (w *world) cost(c allocate.Choice) float64 {
	if !c.Sending {
		return 0
	}
	return float64(w.rates[c.Spatial][c.Temporal])
}
