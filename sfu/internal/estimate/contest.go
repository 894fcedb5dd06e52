package estimate

import "time"

// A connection that lets its packets fill the queue until some are lost (TCP)
// leaves nothing to one that gives way to every delay. Where the queue stays full
// however little is sent here, it is another's: then delay says nothing, and the
// estimate rises to half of what the link has carried, and gives way to loss only.
//
// Where the other was there first, what the link carries was never seen. The queue may then be one's
// own, of a link too thin for what is sent: that it grows with what more is sent tells, and the
// next such try waits twice as long.

const (
	contestSpan = 3 * time.Second // two of them tell
	// contestFall is what a queue of one's own loses in one at least, contestGrowth
	// what it gains once more is sent.
	contestFall   = 300 * time.Millisecond
	contestGrowth = 400 * time.Millisecond
	contestLoss   = 0.03    // more: it may be the own rate that does not fit
	contestLost   = 0.1     // that ends it; less is the other's way to find out where the queue ends
	contestLeast  = 300_000 // bits/s that must have passed: on a thin link the voice itself fills it
	contestShare  = 0.5     // of what passed, at most
	// contestBlind is how far the estimate rises where too little has passed to tell, in bits/s, and
	// blindSpans for how long the queue must have stood.
	contestBlind = 400_000
	blindSpans   = 4
	// contestOver is how long the queue must have been short for the other to be
	// gone: it begins anew after each loss, and a queue that stands for long is taken
	// for the path's own delay.
	contestOver = 10 * time.Second
	remember    = time.Minute
	barMost     = 16 * time.Minute
)

// contest finds out whether the bottleneck's queue is another's.
type contest struct {
	on     bool
	best   float64       // bits/s that passed, lately
	bestAt time.Duration // when

	high   time.Duration // when the estimate was last above the share of that
	full   time.Duration // when the queue had last stood all through a span
	began  time.Duration // the shortest it has been since the contest began
	barred time.Duration // no other before
	bar    time.Duration // how long the last one was barred

	turned time.Duration
	first  time.Duration // of the queue, in this span
	least  time.Duration
	stood  int // for how many spans it has
}

// update says how far the estimate may rise against delay; 0: not at all.
func (c *contest) update(now time.Duration, bits float64, is seen) float64 {
	if is.acked > c.best || now-c.bestAt > remember {
		c.best, c.bestAt = is.acked, now
	}
	if bits >= c.best*contestShare {
		c.high = now
	}
	c.least = min(c.least, is.stood)
	c.began = min(c.began, is.stood)
	if c.on && is.stood > c.began+contestGrowth { // it was the own after all
		c.bar = min(max(2*c.bar, remember), barMost)
		c.on, c.barred = false, now+c.bar
	}
	if now-c.full > contestOver || is.loss > contestLost {
		c.on = false
	}
	if now-c.turned >= contestSpan {
		c.turn(now, bits, is)
	}
	if !c.on {
		return 0
	}
	if c.best < contestLeast {
		return contestBlind
	}
	return c.best * contestShare
}

// turn ends a span.
func (c *contest) turn(now time.Duration, bits float64, is seen) {
	stands := c.least > standing && is.stood > c.first-contestFall
	// What arrives now was sent before the queue was passed.
	told := now-c.high > 2*contestSpan+is.stood+is.rtt
	if c.least > standing {
		c.full = now
	}
	if stands {
		c.stood++
	} else {
		c.stood = 0
	}
	sure := c.stood >= 2 && told
	if c.best < contestLeast {
		sure = c.stood >= blindSpans
	}
	if sure && now >= c.barred && is.loss < contestLoss && !c.on {
		c.on, c.began = true, is.stood
	}
	c.turned, c.first, c.least = now, is.stood, is.stood
}
