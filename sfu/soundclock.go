package sfu

import (
	"math"
	"sync/atomic"
	"time"
)

// clockWindow is half of what a soundClock looks back on.
const clockWindow = 4 * time.Second

// soundClock tells when the sound of a stream's packets was captured, on this machine's clock: the
// earliest that they have come lately, less how long they last. That two renditions of a voice took
// the same way here ties them together within milliseconds, from the first packets on; their
// sender reports come seconds apart, and need not name the time of capture (RFC 3550, 6.4.1: the
// instant at which the report was sent).
type soundClock struct {
	least atomic.Int64 // capture time less timestamp, in ticks of 1/48,000 s

	// owned by the reader
	started  bool
	last     uint32    // newest timestamp
	at       int64     // it, unwrapped
	since    time.Time // when this half of the window began
	now, was int64     // the least of this half, and of the one before
}

// origin is the capture time of timestamp 0, as far as it is known.
func (c *soundClock) origin() (ticks int64, known bool) {
	ticks = c.least.Load()
	return ticks, ticks != 0
}

// note takes in a packet as it comes, long after epoch.
func (c *soundClock) note(timestamp, lasts uint32, arrival, epoch time.Time) {
	step := int64(int32(timestamp - c.last))
	if !c.started || step > 60*opusRate || step < -2*opusRate { // another clock
		c.started, c.last, c.at, c.since = true, timestamp, int64(timestamp), arrival
		c.now, c.was, step = math.MaxInt64, math.MaxInt64, 0
	}
	if step < 0 {
		return // it came late: nothing to learn
	}
	c.last, c.at = timestamp, c.at+step
	if arrival.Sub(c.since) > clockWindow {
		c.was, c.now, c.since = c.now, math.MaxInt64, arrival
	}
	came := arrival.Sub(epoch).Microseconds() * (opusRate / 1000) / 1000
	c.now = min(c.now, came-int64(lasts)-c.at)
	c.least.Store(min(c.now, c.was))
}
