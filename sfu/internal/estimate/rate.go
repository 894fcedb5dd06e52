package estimate

import (
	"math"
	"time"
)

const (
	backoff  = 0.85 // of what arrives, at overuse (gcc-02, 5)
	growth   = 1.08 // a second, far from where overuse was seen
	headroom = 1.5  // over what is seen to pass
	// Without probes nothing but the media itself can show that more passes, and
	// a simulcast layer is up to four times the one below.
	blindHeadroom = 4
	blindBase     = 100_000
	probesFor     = 10 * time.Second // a probe counts as recent
	packetBits    = 1200 * 8
)

// rate is raised and lowered by what the trend says.
type rate struct {
	bits, min, max float64
	demand         float64 // 0: not told
	capacity       float64 // smoothed throughput at overuse; 0: not known
	deviation      float64 // of it, relative variance
	updated        time.Duration
	lowered        time.Duration
	probed         time.Duration // when a probe last got through
}

func newRate(o Options) rate {
	return rate{
		bits: float64(o.Start), min: float64(o.Min), max: float64(o.Max),
		deviation: 0.4, probed: -probesFor, lowered: -time.Hour,
	}
}

// update is called once for each report.
func (r *rate) update(now time.Duration, s state, acked float64, rtt time.Duration) {
	passed := min(now-r.updated, time.Second)
	r.updated = now
	switch s {
	case overused:
		r.lower(now, acked, rtt)
	case normal:
		r.raise(now, acked, passed, rtt)
	}
	r.bits = min(max(r.bits, r.min), r.max)
}

// lower goes below what arrives, so that the queue drains; then a round trip
// must pass before that can show.
func (r *rate) lower(now time.Duration, acked float64, rtt time.Duration) {
	if acked == 0 || now-r.lowered < max(rtt, 100*time.Millisecond) && acked*backoff > r.bits/2 {
		return
	}
	r.lowered = now
	r.learn(acked)
	r.bits = min(r.bits, backoff*acked)
}

// learn remembers the throughput at which the queue grew.
func (r *rate) learn(acked float64) {
	if r.capacity == 0 || math.Abs(acked-r.capacity) > 3*r.spread() {
		r.capacity = acked
		return
	}
	off := acked - r.capacity
	r.capacity += 0.05 * off
	r.deviation = min(max(0.95*r.deviation+0.05*off*off/(r.capacity/1000), 0.4), 2.5)
}

// spread is the standard deviation of the capacity.
func (r *rate) spread() float64 { return math.Sqrt(r.deviation * r.capacity * 1000) }

func (r *rate) raise(now time.Duration, acked float64, passed, rtt time.Duration) {
	bound := r.bound(now, acked)
	if r.bits >= bound {
		return
	}
	raised := r.bits * math.Pow(growth, passed.Seconds())
	if r.capacity > 0 {
		switch spread := 3 * r.spread(); {
		case acked > r.capacity+spread:
			r.capacity = 0 // the path became wider
		case r.bits > r.capacity-spread:
			response := 2*rtt + 100*time.Millisecond // additive: a packet each response time
			raised = r.bits + max(packetBits/2*passed.Seconds()/response.Seconds(), 4000*passed.Seconds())
		}
	}
	r.bits = min(raised, bound)
}

// bound is how far the estimate may go beyond what is seen to pass.
func (r *rate) bound(now time.Duration, acked float64) float64 {
	bound := headroom*acked + 10_000
	if now-r.probed >= probesFor && r.demand > 0 {
		bound = max(bound, min(1.3*r.demand, blindHeadroom*acked+blindBase))
	}
	return bound
}

// proven takes in what a probe got through.
func (r *rate) proven(bits float64, now time.Duration) {
	r.probed = now
	if bits*0.95 > r.bits {
		r.bits = min(bits*0.95, r.max)
	}
}

// lose takes in the share lost in a second: below a tenth it is the link's own
// (radio), not a queue's overflow (gcc-02, 6).
func (r *rate) lose(share float64) {
	if share > 0.1 {
		r.bits = max(r.bits*(1-0.5*share), r.min)
	}
}

// sink is for reports that stay away.
func (r *rate) sink() { r.bits = max(r.bits*0.7, r.min) }
