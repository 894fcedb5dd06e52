// Package pacer decides when what is to be sent on one connection may leave, so
// that a picture does not stand in the link's queue before the voice.
//
// It knows no socket and no clock, and runs no goroutine: a Pacer and its Queue
// belong to the writer that owns the connection; all times come as arguments.
//
// The voice asks nobody: it only counts. All else leaves while the debt, which
// grows by every byte sent and is paid off at the pace, is below a burst; what
// must wait stands in the Queue, which is bounded.
package pacer

import "time"

const (
	// A thin link is filled by a picture for as long as the picture is large, and
	// the voice waits behind it; a wide one is done with it in no time.
	thinPace, widePace = 1.1, 2.5
	thin, wide         = 500_000, 1_500_000 // bits/s

	// tightBurst is what leaves at once while the estimate holds something back,
	// easyBurst while it holds back nothing: most pictures whole.
	tightBurst = 5 * time.Millisecond
	easyBurst  = 40 * time.Millisecond

	// remembered is how long a debt lasts at most: the voice is never refused and
	// may take more than there is.
	remembered = 250 * time.Millisecond
)

// Pacer is one connection's; its zero value lets all pass.
type Pacer struct {
	pace  float64 // bytes/s; 0: no bound
	burst float64 // bytes
	debt  float64 // bytes
	at    time.Time
}

// Link is what the pace follows.
type Link struct {
	Estimate uint64 // bits/s; 0: there is none, all passes
	Tight    bool   // it holds something back
	Full     bool   // packets stand in the link's queue
}

// Set changes the pace.
func (p *Pacer) Set(l Link, now time.Time) {
	p.settle(now)
	p.pace = float64(l.Estimate) / 8
	if !l.Full {
		p.pace *= factor(l.Estimate)
	}
	burst := easyBurst
	if l.Tight || l.Full {
		burst = tightBurst
	}
	p.burst = p.pace * burst.Seconds()
	if p.pace == 0 {
		p.debt = 0
	}
}

// factor is how much faster than the estimate a picture leaves.
func factor(estimate uint64) float64 {
	part := (float64(estimate) - thin) / (wide - thin)
	return thinPace + (widePace-thinPace)*min(max(part, 0), 1)
}

// settle pays off the debt up to now.
func (p *Pacer) settle(now time.Time) {
	if passed := now.Sub(p.at); passed > 0 {
		p.debt = max(p.debt-p.pace*passed.Seconds(), 0)
		p.at = now
	}
}

// Free says whether a packet may leave now; one always may when there is no debt.
func (p *Pacer) Free(now time.Time) bool {
	if p.pace == 0 || p.debt <= p.burst {
		return true
	}
	p.settle(now)
	return p.debt <= p.burst
}

// Sent counts a packet of size bytes that left, whatever it was.
func (p *Pacer) Sent(size int, now time.Time) {
	if p.pace == 0 {
		return
	}
	p.settle(now)
	p.debt = min(p.debt+float64(size), max(p.pace*remembered.Seconds(), p.burst, float64(size)))
}

// Bound is how many bytes leave in d.
func (p *Pacer) Bound(d time.Duration) int { return int(p.pace * d.Seconds()) }
