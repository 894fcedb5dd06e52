// Package probe decides when to try whether a connection carries more than is
// estimated, and with how much.
//
// It knows no socket and no clock, and runs no goroutine: a Prober belongs to
// the writer that owns the connection. A try is a cluster: a few packets of
// padding in one burst. A link spreads them out as far as its rate makes it, and
// the estimator reads that off their arrivals. A cluster is therefore as small as
// can be measured, since on a thin link it stands before the voice.
package probe

import "time"

const (
	packets = 6  // of a cluster at least: the estimator needs five
	least   = 72 // bytes of a packet: headers, and some padding
	largest = 300

	// length is how long the rate tried takes to send a cluster: too short, and
	// the coarse times of the feedback tell nothing.
	length = 15 * time.Millisecond

	step  = 3.0 // times the estimate that is tried at once
	above = 1.1 // times what is needed that is tried at most
	good  = 0.8 // of the rate tried that must pass to go on at once

	// After a try that showed nothing the next waits, twice as long each time; not
	// as long where the link has lately fallen, and may come back.
	wait       = 2 * time.Second
	waitFallen = 4 * time.Second
	waitMost   = 15 * time.Second
	fallen     = time.Minute

	quiet = time.Second // that delay must have been, before a try
	// settle is how long after a rise the media itself has the word.
	settle   = 300 * time.Millisecond
	patience = 500 * time.Millisecond // beyond the round trip, for a cluster's feedback
)

// State is what a Prober must know of the connection.
type State struct {
	Estimate uint64 // bits/s
	Need     uint64 // bits/s at which all wanted would fit; 0: not known
	Next     uint64 // bits/s at which the next step would fit; 0: all have what they want
	Noisy    bool   // one-way delay is growing, or what stood in the queue still drains
	RTT      time.Duration
	Result   uint64 // bits/s that the last cluster got through
	ResultOf uint8  // that cluster's number
}

// Cluster is a burst to be sent.
type Cluster struct {
	Number  uint8  // never 0
	Bits    uint64 // the rate tried, bits/s
	Packets int
	Size    int // bytes of each, with all headers
}

// Prober is one connection's; its zero value is ready.
type Prober struct {
	number  uint8
	waiting bool // for a result
	bits    uint64
	from    uint64 // estimate when it was sent
	sent    time.Time
	next    time.Time // no try before
	back    time.Duration

	noisy   time.Time // when delay last grew
	highest uint64    // estimate that was reached, and from which it fell
	fell    time.Time
}

// Step says whether to send a cluster now; call it some times a second.
func (p *Prober) Step(s State, now time.Time) (Cluster, bool) {
	p.watch(s, now)
	if p.waiting {
		p.judge(s, now)
	}
	if p.waiting || s.Next == 0 || s.Estimate == 0 || now.Before(p.next) || now.Sub(p.noisy) < quiet {
		return Cluster{}, false
	}
	goal := uint64(above * float64(max(s.Need, s.Next)))
	if s.Need > 0 && s.Estimate >= s.Need || float64(goal) <= above*float64(s.Estimate) {
		return Cluster{}, false
	}
	p.from = s.Estimate
	return p.send(min(uint64(step*float64(s.Estimate)), goal), now), true
}

// watch notes growing delay and falls.
func (p *Prober) watch(s State, now time.Time) {
	if s.Noisy {
		p.noisy = now
	}
	switch {
	case s.Estimate < p.highest*6/10:
		p.fell, p.highest = now, s.Estimate
		p.back = 0
	case s.Estimate > p.highest:
		p.highest = s.Estimate
	}
}

// judge looks for the result of the cluster sent.
func (p *Prober) judge(s State, now time.Time) {
	switch {
	case s.ResultOf == p.number && float64(s.Result) >= good*float64(p.bits) && float64(s.Estimate) >= above*float64(p.from):
		p.waiting, p.back = false, 0
		p.next = now
	case s.ResultOf == p.number && s.Result > 0, now.Sub(p.sent) > s.RTT+patience:
		p.waiting = false
		p.next = now.Add(p.delay(now))
	}
}

func (p *Prober) delay(now time.Time) time.Duration {
	most := waitMost
	if now.Sub(p.fell) < fallen {
		most = waitFallen
	}
	p.back = min(max(2*p.back, wait), most)
	return p.back
}

func (p *Prober) send(bits uint64, now time.Time) Cluster {
	if p.number++; p.number == 0 {
		p.number = 1
	}
	p.waiting, p.bits, p.sent = true, bits, now
	c := Cluster{Number: p.number, Bits: bits, Packets: packets}
	bytes := int(float64(bits) / 8 * length.Seconds())
	if c.Size = bytes / packets; c.Size > largest {
		c.Packets, c.Size = (bytes+largest-1)/largest, largest
	}
	c.Size = max(c.Size, least)
	return c
}
