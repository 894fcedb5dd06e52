package estimate

import (
	"math"
	"time"
)

const (
	backoff  = 0.85 // of what arrives, at overuse (gcc-02, 5)
	growth   = 1.08 // a second, far from where overuse was seen
	regrowth = 1.2
	headroom = 1.5 // over what is seen to pass
	// Without probes nothing but the media itself can show that more passes, and
	// a simulcast layer is up to four times the one below.
	blindHeadroom = 4
	blindBase     = 100_000
	blindAfter    = 5 * time.Second
	probesFor     = 10 * time.Second // a probe counts as recent
	packetBits    = 1200 * 8

	spreadOut    = 0.85 // of the rate tried: a cluster that got less through was spread out by the link
	ceilingSlack = 1.05
	ceilingFor   = 30 * time.Second

	standing = 100 * time.Millisecond // of queue: it is there
	// leap is queue that needs no trend to be believed, where little arrives.
	leap      = 80 * time.Millisecond
	stretched = 1.3
	// Where much less is sent than is estimated, the trend of few packets with a queue shorter than
	// trifling is jitter.
	trifling  = 20 * time.Millisecond
	idle      = 0.6
	drained   = 60 * time.Millisecond
	drainMost = 5 * time.Second
	// drainWithin is how soon a queue that stands is gone.
	drainWithin = 2 * time.Second
	deep        = 0.6 // of the estimate: a fall to less than that
)

// rate is raised and lowered by what the trend says.
type rate struct {
	bits, min, max float64
	demand         float64 // 0: not told
	capacity       float64 // smoothed throughput at overuse; 0: not known
	deviation      float64 // of it, relative variance
	tried          bool    // clusters show what passes beyond what is sent
	updated        time.Duration
	lowered        time.Duration
	draining       bool // what stood in the queue at a deep fall
	drainUntil     time.Duration
	fell           time.Duration // deep
	queue, before  time.Duration // at the last report
	stood          time.Duration // at the last two
	contest        contest
	probed         time.Duration // when a probe last got through
	ceiling        float64       // what the last one was spread out to by the link, with slack; 0: it was not
}

func newRate(o Options) rate {
	return rate{
		bits: float64(o.Start), min: float64(o.Min), max: float64(o.Max),
		deviation: 0.4, probed: -probesFor, lowered: -time.Hour,
	}
}

// seen is what the reports tell beside the trend.
type seen struct {
	acked, lately float64       // bits/s
	stretch       float64       // see lately
	loss          float64       // share, of the last seconds
	queue, stood  time.Duration // see queue
	rtt           time.Duration
}

// update is called once for each report.
func (r *rate) update(now time.Duration, s state, is seen) {
	passed := min(now-r.updated, time.Second)
	r.updated = now
	if most := r.contest.update(now, r.bits, is); most > 0 {
		r.contend(now, is.acked, passed, most)
		return
	}
	sudden := is.queue > r.queue && is.queue > max(leap, r.packets(1.5)) && is.stretch > stretched && is.lately < deep*r.bits
	r.queue = is.queue
	r.stood, r.before = min(is.stood, r.before), is.stood // one straggler is no queue
	switch {
	case s == overused, sudden:
		r.lower(now, is, sudden)
	case s == normal:
		r.raise(now, is.acked, passed, is.rtt)
	}
	if r.draining {
		r.drain(now, is)
	}
	r.bits = min(max(r.bits, r.min), r.max)
}

// packets is how long so many of the largest packets take: on a thin link a single one of somebody
// else's is no queue that stands.
func (r *rate) packets(n float64) time.Duration {
	return time.Duration(n * 1500 * 8 / r.bits * float64(time.Second))
}

// lower goes below what arrives, so that the queue drains; then a round trip
// must pass before that can show.
func (r *rate) lower(now time.Duration, is seen, sudden bool) {
	carried := is.acked
	if is.lately > 0 {
		carried = is.lately
	}
	if !sudden && is.queue < trifling && is.acked < idle*r.bits { // few packets, and none of them waits
		return
	}
	again := now-r.lowered < max(is.rtt, 100*time.Millisecond)
	if carried == 0 || again && carried*backoff > r.bits/2 {
		return
	}
	to := backoff * carried
	if !sudden && is.queue < max(standing, r.packets(1)) || is.stretch < stretched && is.acked < r.bits/2 { // what is sent tells little: step by step
		to = max(to, backoff*r.bits)
		if again {
			return
		}
	}
	r.learn(carried)
	if to < r.bits*deep && is.queue > standing {
		r.draining, r.fell = true, now
		r.drainUntil = now + is.queue + is.rtt
	}
	r.lowered = now
	r.bits = min(r.bits, to)
}

// drain waits until the queue is gone. How long that takes shows only as its
// packets arrive; a path that has become longer looks the same, for a while.
func (r *rate) drain(now time.Duration, is seen) {
	if is.queue < drained || now > r.drainUntil {
		r.draining = false
		return
	}
	r.drainUntil = min(max(r.drainUntil, now+is.queue/2), r.fell+drainMost)
}

// spend is what may be sent: while what a fall left in the queue drains, little
// beside the voice, which is always sent; and less, the longer a queue stands.
func (r *rate) spend() float64 {
	if r.draining {
		return r.bits / 2
	}
	stands := max(r.stood-2*standing, 0)
	return r.bits * (1 - min(stands.Seconds()/drainWithin.Seconds(), 0.5))
}

// contend rises beside another connection that has filled the queue.
func (r *rate) contend(now time.Duration, acked float64, passed time.Duration, most float64) {
	r.draining, r.lowered, r.stood = false, now, 0
	most = min(most, 2*acked+50_000)
	if r.bits < most {
		r.bits = min(r.bits*math.Pow(regrowth, passed.Seconds()), most)
	}
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
	if r.ceiling > 0 && now-r.probed < ceilingFor {
		bound = min(bound, max(r.ceiling, ceilingSlack*acked))
	}
	if r.bits >= bound {
		return
	}
	factor := growth
	if r.bits < r.capacity/2 { // after an outage: the path has carried more
		factor = regrowth
	}
	raised := r.bits * math.Pow(factor, passed.Seconds())
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
	unanswered := r.probed < 0 && now > blindAfter // there are clusters, and nobody tells of them
	if (!r.tried || unanswered) && now-r.probed >= probesFor && r.demand > 0 {
		bound = max(bound, min(1.3*r.demand, blindHeadroom*acked+blindBase))
	}
	return bound
}

// trust is described at Tried.
func (r *rate) trust(start float64) {
	if !r.tried && r.probed < 0 {
		r.bits = max(min(r.bits, start), r.min)
	}
	r.tried = true
}

// proven takes in what a probe got through.
func (r *rate) proven(bits, most float64, now time.Duration) {
	first := r.probed < 0
	r.probed, r.ceiling = now, 0
	if bits < spreadOut*most {
		r.ceiling = ceilingSlack * bits
	}
	if first && r.tried && bits < r.bits { // nothing else is known of the link
		r.bits = max(bits, r.min)
	}
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
