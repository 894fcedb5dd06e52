package simulate

import (
	"math/rand/v2"
	"time"
)

// step is how far virtual time goes at once; a writer's timer is as fine.
const step = 5 * time.Millisecond

type kind uint8

const (
	voice kind = iota
	video
	padding
	foreign // of a TCP connection
)

// parcel is a packet under way.
type parcel struct {
	kind   kind
	size   int
	number uint16 // transport-wide
	sent   time.Duration
	due    time.Duration // when it arrives
}

// link is a bottleneck: a rate that changes, a drop-tail queue, a delay, loss.
type link struct {
	rate  func(now time.Duration) float64 // bits/s
	delay time.Duration                   // one way
	queue int                             // bytes
	loss  func() bool                     // nil: none

	waiting []parcel
	bytes   int
	free    time.Duration // when the last that left had left
}

// put queues a packet; false: it is lost.
func (l *link) put(p parcel) bool {
	if l.loss != nil && l.loss() || l.bytes+p.size > l.queue {
		return false
	}
	l.bytes += p.size
	l.waiting = append(l.waiting, p)
	return true
}

// run lets time pass up to now and hands over what left, with the time of its arrival.
func (l *link) run(now time.Duration, arrive func(parcel)) {
	left := 0
	for left < len(l.waiting) {
		p := l.waiting[left]
		from := max(l.free, p.sent)
		until := from + time.Duration(float64(p.size*8)/l.rate(from)*float64(time.Second))
		if until > now {
			break
		}
		l.free = until
		l.bytes -= p.size
		p.due = until + l.delay
		arrive(p)
		left++
	}
	l.waiting = append(l.waiting[:0], l.waiting[left:]...)
}

// stands is how long a packet put in now would wait.
func (l *link) stands(now time.Duration) time.Duration {
	return time.Duration(float64(l.bytes*8) / l.rate(now) * float64(time.Second))
}

func random(r *rand.Rand, share float64) func() bool {
	return func() bool { return r.Float64() < share }
}

// bursts is the model of Gilbert and Elliott: loss in bursts of a mean length.
func bursts(r *rand.Rand, share, length float64) func() bool {
	bad := false
	return func() bool {
		if bad {
			bad = r.Float64() > 1/length
		} else {
			bad = r.Float64() < share/(length*(1-share))
		}
		return bad
	}
}

// download is a TCP connection with as much to carry as it can: a window that
// grows by a packet a round trip and is halved at a loss (RFC 5681).
type download struct {
	window, threshold float64
	flying            int
	acks              []time.Duration
	lost              time.Duration // when the newest loss will be noticed; 0: none
	halved            time.Duration
	bytes             int
}

const segment = 1500

func (d *download) run(now time.Duration, l *link) {
	kept := d.acks[:0]
	for _, at := range d.acks {
		if at > now {
			kept = append(kept, at)
			continue
		}
		d.flying--
		d.bytes += segment
		if d.window < d.threshold {
			d.window++
		} else {
			d.window += 1 / d.window
		}
	}
	d.acks = kept
	if d.lost != 0 && now >= d.lost {
		d.lost = 0
		if now-d.halved > 2*l.delay+l.stands(now) {
			d.window = max(d.window/2, 2)
			d.threshold, d.halved = d.window, now
		}
	}
	for float64(d.flying) < d.window {
		if !l.put(parcel{kind: foreign, size: segment, sent: now}) {
			if d.lost == 0 {
				d.lost = now + 2*l.delay + l.stands(now)
			}
			break
		}
		d.flying++
	}
}
