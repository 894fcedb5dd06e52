package room

import (
	"context"
	"errors"
	"sync"

	"preau/signaling/class"
)

// ErrSlow ends a queue whose reader did not keep up.
var ErrSlow = errors.New("the reader is too slow")

// ErrQueueClosed ends a queue that was closed and is empty.
var ErrQueueClosed = errors.New("the queue is closed")

// Queue is a Member for whoever reads at a speed of their own, such as a
// socket: bounded, Put never blocks. On overflow ephemera go first, the oldest
// first; when there are none the reader is let go: all that waits is dropped,
// Get says ErrSlow, and the reader comes back by since.
type Queue struct {
	batches int
	bytes   int
	ready   chan struct{} // one signal: there may be something to get

	mu      sync.Mutex // guards all below
	waiting []class.Batch
	size    int // bytes of the frames in waiting
	dropped uint64
	end     error // ErrSlow or ErrQueueClosed
}

// NewQueue holds at most so many batches and so many bytes of frames. One batch
// alone is taken whatever its size: a snapshot may be large.
func NewQueue(batches, bytes int) *Queue {
	return &Queue{batches: batches, bytes: bytes, ready: make(chan struct{}, 1)}
}

// Deliver is Put: a Queue is a Member.
func (q *Queue) Deliver(b class.Batch) bool { return q.Put(b) }

// Put adds a batch. False: the queue has overflown, now or before, or is closed.
func (q *Queue) Put(b class.Batch) bool {
	q.mu.Lock()
	ok := q.putLocked(b)
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return ok
}

func (q *Queue) putLocked(b class.Batch) bool {
	if q.end != nil {
		return false
	}
	for q.fullLocked(b) && q.dropEphemeralLocked() {
	}
	if q.fullLocked(b) {
		q.dropped++
		if ephemeral(b) {
			return true
		}
		q.dropped += uint64(len(q.waiting))
		q.waiting, q.size, q.end = nil, 0, ErrSlow
		return false
	}
	q.waiting = append(q.waiting, b)
	q.size += len(b.Frame)
	return true
}

// fullLocked says whether b finds no room. A goodbye always does: it is the last.
func (q *Queue) fullLocked(b class.Batch) bool {
	if len(q.waiting) == 0 || b.Goodbye != 0 {
		return false
	}
	return len(q.waiting) >= q.batches || q.size+len(b.Frame) > q.bytes
}

func (q *Queue) dropEphemeralLocked() bool {
	for i, b := range q.waiting {
		if ephemeral(b) {
			q.size -= len(b.Frame)
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			q.dropped++
			return true
		}
	}
	return false
}

// Get yields the next batch, waiting for one. ErrSlow, ErrQueueClosed or the
// context's error end it.
func (q *Queue) Get(ctx context.Context) (class.Batch, error) {
	for {
		b, ok, err := q.take()
		if ok || err != nil {
			return b, err
		}
		select {
		case <-q.ready:
		case <-ctx.Done():
			return class.Batch{}, ctx.Err()
		}
	}
}

func (q *Queue) take() (class.Batch, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return class.Batch{}, false, q.end
	}
	b := q.waiting[0]
	q.waiting[0] = class.Batch{}
	q.waiting = q.waiting[1:]
	q.size -= len(b.Frame)
	return b, true, nil
}

// Close lets nothing more in. What waits can still be got.
func (q *Queue) Close() {
	q.mu.Lock()
	if q.end == nil {
		q.end = ErrQueueClosed
	}
	q.mu.Unlock()
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// Dropped counts the batches that were thrown away.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

func ephemeral(b class.Batch) bool {
	return len(b.Ephemeral) > 0 && len(b.Events) == 0 && b.Snapshot == nil && b.Goodbye == 0
}
