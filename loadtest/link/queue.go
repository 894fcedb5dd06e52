package link

import (
	"time"
)

// Counts says what became of the packets of one way. Every packet that came is
// in exactly one of the others, or still on its way.
type Counts struct {
	Came      int64 `json:"came"`
	CameBytes int64 `json:"cameBytes"`
	Delivered int64 `json:"delivered"`
	// DeliveredBytes are of IP packets, headers included.
	DeliveredBytes int64 `json:"deliveredBytes"`
	Lost           int64 `json:"lost"`     // at random, or in a burst
	Overflow       int64 `json:"overflow"` // the queue was full
	Blocked        int64 `json:"blocked"`  // by a firewall
	Stray          int64 `json:"stray"`    // to somebody else than the other end
	Refused        int64 `json:"refused"`  // the other end's device would not take it
	Standing       int   `json:"standing"` // bytes in the queue now
}

// Queue is one way of a link, in virtual time: a time is how long ago the link
// began, and never goes back. It is not safe for concurrent use.
type Queue struct {
	way    Way
	loser  loser
	clock  time.Duration // everything until then has been worked out
	counts Counts

	standing []parcel // the first is being sent
	left     int64    // of the first: bits, times a second in nanoseconds
	flight   []parcel // sent, in the order of their delivery
	flying   int      // bytes in flight
	last     time.Duration
}

type parcel struct {
	packet []byte
	due    time.Duration
}

// NewQueue makes an empty one. The same seed and stream lose the same packets.
func NewQueue(way Way, seed, stream uint64) *Queue {
	return &Queue{way: way, loser: newLoser(seed, stream)}
}

// Push takes a packet that came now, and keeps it until it is popped.
func (q *Queue) Push(now time.Duration, packet []byte) {
	q.advance(now)
	q.counts.Came++
	q.counts.CameBytes += int64(len(packet))
	bound := q.way.Queue
	if bound == 0 {
		bound = Limit
	}
	switch after := q.counts.Standing + len(packet); {
	case !q.way.passes(packet):
		q.counts.Blocked++
		return
	case after > bound || after+q.flying > Limit:
		q.counts.Overflow++
		return
	}
	q.standing = append(q.standing, parcel{packet: packet})
	q.counts.Standing += len(packet)
	if len(q.standing) == 1 {
		q.left = bits(packet)
	}
	q.advance(now)
}

// Pop takes the packets that are delivered by now, in order.
func (q *Queue) Pop(now time.Duration) [][]byte {
	q.advance(now)
	var due [][]byte
	for len(q.flight) > 0 && q.flight[0].due <= now {
		p := q.flight[0].packet
		q.flight[0] = parcel{}
		q.flight = q.flight[1:]
		q.flying -= len(p)
		q.counts.Delivered++
		q.counts.DeliveredBytes += int64(len(p))
		due = append(due, p)
	}
	return due
}

// Next is when it is worth asking again if nothing comes meanwhile; false: not
// at all.
func (q *Queue) Next() (time.Duration, bool) {
	if len(q.flight) > 0 {
		return q.flight[0].due, true
	}
	if len(q.standing) > 0 && !q.way.Cut {
		return q.finish(), true
	}
	return 0, false
}

// Set changes the conditions from now on. What is in flight is not touched;
// what stands is sent at the new rate.
func (q *Queue) Set(now time.Duration, way Way) {
	q.advance(now)
	q.way = way
}

// Counts is what has become of the packets so far.
func (q *Queue) Counts() Counts { return q.counts }

// advance sends what can be sent by now.
func (q *Queue) advance(now time.Duration) {
	for len(q.standing) > 0 && !q.way.Cut {
		done := q.finish()
		if done > now {
			break
		}
		q.clock = done
		q.depart(q.standing[0].packet)
		q.standing[0] = parcel{}
		q.standing = q.standing[1:]
		if len(q.standing) > 0 {
			q.left = bits(q.standing[0].packet)
		}
	}
	if now <= q.clock {
		return
	}
	if len(q.standing) > 0 && !q.way.Cut {
		q.left -= int64(now-q.clock) * int64(q.way.Rate) // not done yet, so this is less than was left
	}
	q.clock = now
}

// finish is when the packet being sent will have been.
func (q *Queue) finish() time.Duration {
	if q.way.Rate == 0 {
		return q.clock
	}
	rate := int64(q.way.Rate)
	wait := q.left / rate
	if q.left%rate > 0 {
		wait++
	}
	return q.clock + time.Duration(wait)
}

// depart puts a packet, sent at the clock's time, in flight or loses it.
func (q *Queue) depart(packet []byte) {
	q.counts.Standing -= len(packet)
	lost := q.loser.loses(q.way)
	due := q.clock + q.way.Delay + time.Duration(q.loser.random.Float64()*float64(q.way.Jitter))
	if lost {
		q.counts.Lost++
		return
	}
	q.last = max(q.last, due)
	q.flight = append(q.flight, parcel{packet: packet, due: q.last})
	q.flying += len(packet)
}

func bits(packet []byte) int64 { return int64(len(packet)) * 8 * int64(time.Second) }
