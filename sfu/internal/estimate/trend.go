package estimate

import (
	"math"
	"time"
)

// state is what the trend of one-way delay says of the bottleneck's queue.
type state uint8

const (
	normal state = iota
	overused
	underused // draining
)

const (
	burst       = 5 * time.Millisecond // packets sent within one are one group (gcc-02, 4.1)
	samples     = 20                   // groups that the trend is drawn through
	smoothing   = 0.9
	gain        = 4.0
	maxGroups   = 60
	overuseTime = 10 * time.Millisecond
	// The threshold follows the trend, faster down than up (gcc-02, 4.4).
	thresholdUp, thresholdDown = 0.0087, 0.039
	// stall is how long arrivals may stop before what was learnt is worth nothing.
	stall = 3 * time.Second
)

// trend draws a line through the growth of one-way delay.
type trend struct {
	state state

	current, last group
	groups        int
	delay, smooth float64 // accumulated delay variation, ms
	times, delays [samples]float64
	at, filled    int

	threshold float64 // ms
	updated   time.Duration
	before    float64 // last modified trend
	over      time.Duration
	since     time.Duration // of the last weighing, by arrival
}

// group is packets that were sent together.
type group struct {
	first, sent, arrived time.Duration
	size                 int
}

func newTrend() trend { return trend{threshold: 12.5} }

// add takes in a packet that arrived.
func (t *trend) add(sent, arrived time.Duration, size int) {
	c := &t.current
	switch {
	case c.size == 0:
		*c = group{sent, sent, arrived, size}
		return
	case sent < c.first: // out of order: would count twice
		return
	case sent-c.first <= burst || arrived-c.arrived <= burst && arrived-c.arrived < sent-c.sent:
		c.sent, c.arrived = max(c.sent, sent), max(c.arrived, arrived)
		c.size += size
		return
	}
	if t.last.size > 0 {
		t.measure(c)
	}
	t.last = *c
	*c = group{sent, sent, arrived, size}
}

// measure compares a whole group with the one before it.
func (t *trend) measure(g *group) {
	arrived := g.arrived - t.last.arrived
	if arrived < 0 {
		return
	}
	if arrived > stall {
		t.groups, t.filled, t.delay, t.smooth, t.over = 0, 0, 0, 0, 0
		t.state = normal
		return
	}
	t.groups++
	t.delay += milliseconds(arrived - (g.sent - t.last.sent))
	t.smooth = smoothing*t.smooth + (1-smoothing)*t.delay
	t.times[t.at], t.delays[t.at] = milliseconds(g.arrived), t.smooth
	t.at = (t.at + 1) % samples
	t.filled = min(t.filled+1, samples)
	if t.filled == samples {
		t.weigh(t.slope(), g.arrived)
	}
}

// slope is the line's, by least squares.
func (t *trend) slope() float64 {
	var x, y float64
	for i := range samples {
		x += t.times[i]
		y += t.delays[i]
	}
	x, y = x/samples, y/samples
	var above, below float64
	for i := range samples {
		dx := t.times[i] - x
		above += dx * (t.delays[i] - y)
		below += dx * dx
	}
	if below == 0 {
		return 0
	}
	return above / below
}

// weigh holds the slope against the threshold.
func (t *trend) weigh(slope float64, now time.Duration) {
	modified := float64(min(t.groups, maxGroups)) * slope * gain
	passed := now - t.since
	t.since = now
	switch {
	case modified > t.threshold:
		t.over += passed
		if t.over > overuseTime && modified >= t.before {
			t.over = 0
			t.state = overused
		}
	case modified < -t.threshold:
		t.over, t.state = 0, underused
	default:
		t.over, t.state = 0, normal
	}
	t.before = modified
	t.adapt(math.Abs(modified), now)
}

func (t *trend) adapt(modified float64, now time.Duration) {
	passed := min(milliseconds(now-t.updated), 100)
	t.updated = now
	if modified > t.threshold+15 { // a spike: not to be learnt from
		return
	}
	k := thresholdUp
	if modified < t.threshold {
		k = thresholdDown
	}
	t.threshold = min(max(t.threshold+k*(modified-t.threshold)*passed, 6), 600)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
