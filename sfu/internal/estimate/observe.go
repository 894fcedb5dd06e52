package estimate

import "time"

const (
	bucket  = 50 * time.Millisecond
	buckets = 10
)

// acked measures what arrives, over the last half second of the receiver's
// clock.
type acked struct {
	bytes  [buckets]int
	first  time.Duration
	newest time.Duration // bucket's beginning
	known  bool
}

func (a *acked) add(arrived time.Duration, size int) {
	at := arrived.Truncate(bucket)
	if !a.known {
		a.known, a.first, a.newest = true, at, at
	}
	for n := 0; a.newest < at; n++ {
		if n == buckets {
			a.newest = at
			break
		}
		a.newest += bucket
		*a.at(a.newest) = 0
	}
	if a.newest-at < buckets*bucket {
		*a.at(at) += size
	}
}

func (a *acked) at(t time.Duration) *int { return &a.bytes[(t/bucket)%buckets] }

// bits is the rate over the whole buckets but the newest, which still fills.
func (a *acked) bits() float64 {
	if !a.known || a.newest == a.first {
		return 0
	}
	sum := 0
	for i := range a.bytes {
		sum += a.bytes[i]
	}
	sum -= *a.at(a.newest)
	span := min(a.newest-a.first, (buckets-1)*bucket)
	return float64(sum*8) / span.Seconds()
}

const (
	latelyPackets = 64
	latelyLeast   = 5
	latelySpan    = 150 * time.Millisecond
	latelyGap     = 500 * time.Millisecond // without a packet: nothing was sent, or nothing passed
)

// lately measures what arrives over a moment just long enough to tell: what a
// link that has narrowed carries shows here long before it does in acked.
type lately struct {
	at   [latelyPackets]time.Duration
	sent [latelyPackets]time.Duration
	size [latelyPackets]int32
	n    int
}

func (l *lately) add(sent, arrived time.Duration, size int) {
	if l.n > 0 {
		switch passed := arrived - l.at[(l.n-1)%latelyPackets]; {
		case passed < 0: // out of order
			return
		case passed > latelyGap:
			l.n = 0
		}
	}
	i := l.n % latelyPackets
	l.at[i], l.sent[i], l.size[i] = arrived, sent, int32(size)
	l.n++
}

// measure is the rate, and how many times as long as the sending the arriving
// took; 0: too little has come.
func (l *lately) measure() (bits, stretch float64) {
	if l.n == 0 {
		return 0, 0
	}
	last := (l.n - 1) % latelyPackets
	bytes := 0
	for back := 1; back < min(l.n, latelyPackets); back++ {
		bytes += int(l.size[(l.n-back)%latelyPackets])
		first := (l.n - back - 1) % latelyPackets
		span := l.at[last] - l.at[first]
		if back >= latelyLeast && (span >= latelySpan || back == latelyPackets-1) && span > 0 {
			took := max(l.sent[last]-l.sent[first], time.Millisecond)
			return float64(bytes*8) / span.Seconds(), float64(span) / float64(took)
		}
	}
	return 0, 0
}

// queue tells how long packets stand in the bottleneck's queue: what the newest
// took beyond the least of the last five to ten seconds. The clocks' offset is
// in both.
//
// A queue that always stands is soon taken for the path's own delay; beyond the least of the last
// half minute to minute it is still seen.
type queue struct {
	newest     time.Duration
	base, long least
}

func (q *queue) add(sent, arrived time.Duration) {
	q.newest = arrived - sent
	q.base.add(q.newest, arrived, baseTurn)
	q.long.add(q.newest, arrived, longTurn)
}

func (q *queue) stands() time.Duration { return q.newest - q.base.value() }

func (q *queue) stood() time.Duration { return q.newest - q.long.value() }

// least is the least of the last one to two turns.
type least struct {
	before, now time.Duration // of each
	turned      time.Duration
	known       bool
}

const (
	baseTurn = 5 * time.Second
	longTurn = 30 * time.Second
)

func (l *least) add(v, at, turn time.Duration) {
	switch {
	case !l.known:
		l.before, l.now, l.turned, l.known = v, v, at, true
	case at-l.turned >= turn:
		l.before, l.now, l.turned = l.now, v, at
	}
	l.now = min(l.now, v)
}

func (l *least) value() time.Duration { return min(l.before, l.now) }

// loss counts what was lost, by the second.
type loss struct {
	share      float64 // of the last whole second
	lasting    float64 // of the last few: a burst is over before anything could help
	lost, seen int
	weighed    time.Duration
}

func (l *loss) count(received bool) {
	l.seen++
	if !received {
		l.lost++
	}
}

// found takes back a loss: the packet was only late.
func (l *loss) found() { l.lost = max(l.lost-1, 0) }

// weigh closes the second, and says whether it did.
func (l *loss) weigh(now time.Duration) bool {
	if now-l.weighed < time.Second || l.seen < 10 {
		return false
	}
	l.share = float64(l.lost) / float64(l.seen)
	l.lasting += (l.share - l.lasting) / 2
	l.lost, l.seen, l.weighed = 0, 0, now
	return true
}

// probe measures one burst of packets.
type probe struct {
	cluster        uint8
	most           float64 // bits/s that it was to show, 0: what it shows
	count, arrived int
	bytes          int // of those that arrived, but the first
	firstSent      time.Duration
	lastSent       time.Duration
	first, last    time.Duration // arrivals
	result         float64       // bits/s that got through; 0: not known yet
}

func (p *probe) sent(cluster uint8) {
	if cluster != p.cluster {
		*p = probe{cluster: cluster}
	}
	p.count++
}

func (p *probe) acked(cluster uint8, sent, arrived time.Duration, size int) {
	if cluster != p.cluster {
		return
	}
	p.arrived++
	if p.arrived == 1 {
		p.firstSent, p.first = sent, arrived
		p.lastSent, p.last = sent, arrived
		return
	}
	p.bytes += size
	p.lastSent, p.last = max(p.lastSent, sent), max(p.last, arrived)
}

// take is the rate that got through, once: 0 until most have arrived. A burst
// that arrived together shows no more than it was to show.
func (p *probe) take() float64 {
	if p.result > 0 || p.arrived < 5 || p.arrived*10 < p.count*8 {
		return 0
	}
	span := max(p.lastSent-p.firstSent, p.last-p.first)
	if span <= 0 {
		p.result = p.most
		return p.result
	}
	p.result = float64(p.bytes*8) / span.Seconds()
	if p.most > 0 {
		p.result = min(p.result, p.most)
	}
	return p.result
}
