package pacer

import "time"

const (
	// longest is how much of the pace may stand behind a picture that is being
	// sent, longestKey behind one that needs no other: what follows can then be
	// decoded, and dropping it would cost another such picture.
	longest    = 250 * time.Millisecond
	longestKey = time.Second
	// least is always allowed, in bytes: some packets.
	least = 4096
	// most is how many packets may wait, whatever their size.
	most = 512
)

// Item is a packet that waits.
type Item[T any] struct {
	Value T
	Flow  uint32 // which stream it belongs to
	Frame uint32 // which picture: its timestamp
	Size  int
	Key   bool // of a picture that needs no other
}

// Queue keeps what waits, in order; its zero value is empty.
type Queue[T any] struct {
	ring  []Item[T]
	head  int
	count int
	bytes int
}

// Empty says that nothing waits.
func (q *Queue[T]) Empty() bool { return q.count == 0 }

// Bytes is how much waits.
func (q *Queue[T]) Bytes() int { return q.bytes }

func (q *Queue[T]) at(i int) *Item[T] { return &q.ring[(q.head+i)&(len(q.ring)-1)] }

// Push adds a packet at the end; false: there is no room even for it.
func (q *Queue[T]) Push(it Item[T]) bool {
	if q.count >= most {
		return false
	}
	if q.count == len(q.ring) {
		q.grow()
	}
	q.count++
	*q.at(q.count - 1) = it
	q.bytes += it.Size
	return true
}

func (q *Queue[T]) grow() {
	ring := make([]Item[T], max(16, 2*len(q.ring)))
	for i := range q.count {
		ring[i] = *q.at(i)
	}
	q.ring, q.head = ring, 0
}

// Pop takes the first packet out.
func (q *Queue[T]) Pop() (it Item[T], ok bool) {
	if q.count == 0 {
		return it, false
	}
	first := q.at(0)
	it, *first = *first, Item[T]{}
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.count--
	q.bytes -= it.Size
	return it, true
}

// Over says whether more waits behind the first picture than p may send in time.
func (q *Queue[T]) Over(p *Pacer) bool {
	if q.count == 0 {
		return false
	}
	first := q.at(0)
	bound := longest
	if first.Key {
		bound = longestKey
	}
	room := max(p.Bound(bound), least)
	if q.bytes <= room {
		return false
	}
	behind := q.bytes
	for i := 0; i < q.count && q.at(i).Flow == first.Flow && q.at(i).Frame == first.Frame; i++ {
		behind -= q.at(i).Size
	}
	return behind > room
}

// Room is how many bytes of repairs may wait.
func (p *Pacer) Room() int { return max(p.Bound(longest), least) }

// Trim drops what a flow has behind its first picture, Drop all that it has; each
// hands what is dropped to gone, and says whether there was any.
func (q *Queue[T]) Trim(flow uint32, gone func(T)) bool {
	frame, seen := uint32(0), false
	return q.filter(func(it *Item[T]) bool {
		if it.Flow != flow {
			return true
		}
		if !seen {
			frame, seen = it.Frame, true
		}
		return it.Frame == frame
	}, gone)
}

// Drop is described at Trim.
func (q *Queue[T]) Drop(flow uint32, gone func(T)) bool {
	return q.filter(func(it *Item[T]) bool { return it.Flow != flow }, gone)
}

func (q *Queue[T]) filter(keep func(*Item[T]) bool, gone func(T)) bool {
	kept := 0
	for i := range q.count {
		it := *q.at(i)
		if keep(&it) {
			*q.at(kept) = it
			kept++
			continue
		}
		q.bytes -= it.Size
		gone(it.Value)
	}
	for i := kept; i < q.count; i++ {
		*q.at(i) = Item[T]{}
	}
	any := kept < q.count
	q.count = kept
	return any
}
