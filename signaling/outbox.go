package signaling

import (
	"sync"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// Bounds of an outbox. A reader that has fallen behind by as much is let go: it
// comes back with the number it has seen, which costs less than waiting for it.
const (
	outboxItems = 1024
	outboxBytes = 8 << 20
	// outboxEphemera is how many ephemeral messages wait at most; beyond it the
	// oldest is dropped.
	outboxEphemera = 64
)

// outItem is one thing to write: a batch of the room, or a ready frame.
type outItem struct {
	batch *class.Batch
	frame []byte
}

// outbox is what waits to be written to one /class socket.
type outbox struct {
	wake    chan struct{} // holds one token while there may be something
	dropped func(n int)   // counts ephemera that were dropped
	slow    func()        // called once, when the outbox overflows

	mu       sync.Mutex // guards what follows
	items    []outItem
	bytes    int
	ephemera int
	ended    bool
	reason   classpb.GoodbyeReason // why, once ended; none: without a word
}

func newOutbox(dropped func(n int), slow func()) *outbox {
	return &outbox{wake: make(chan struct{}, 1), dropped: dropped, slow: slow}
}

// put queues an item and never blocks. False: the reader is too slow, or gone.
// One item alone is taken whatever its size: a snapshot may be large.
func (o *outbox) put(i outItem, size int) bool {
	ok, overflown := o.add(i, size)
	if overflown {
		o.slow()
	}
	return ok
}

func (o *outbox) add(i outItem, size int) (ok, overflown bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ended && (len(o.items) >= outboxItems || len(o.items) > 0 && o.bytes+size > outboxBytes) {
		o.endLocked(classpb.GoodbyeReason_GOODBYE_REASON_TOO_SLOW)
		return false, true
	}
	if o.ended {
		return false, false
	}
	o.items = append(o.items, i)
	o.bytes += size
	if onlyEphemeral(i.batch) {
		o.ephemera++
		o.trimLocked()
	}
	o.signal()
	return true, false
}

// trimLocked drops the oldest ephemeral item when too many wait.
func (o *outbox) trimLocked() {
	if o.ephemera <= outboxEphemera {
		return
	}
	for n, i := range o.items {
		if onlyEphemeral(i.batch) {
			o.items = append(o.items[:n], o.items[n+1:]...)
			o.ephemera--
			o.dropped(len(i.batch.Ephemeral))
			return
		}
	}
}

// end lets the reader go, with a reason or without a word. What waits is not
// written any more. The first end counts.
func (o *outbox) end(reason classpb.GoodbyeReason) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.endLocked(reason)
}

func (o *outbox) endLocked(reason classpb.GoodbyeReason) {
	if o.ended {
		return
	}
	o.ended, o.reason, o.items = true, reason, nil
	o.signal()
}

// over says whether the reader has been let go.
func (o *outbox) over() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ended
}

// take empties the outbox.
func (o *outbox) take() (items []outItem, ended bool, reason classpb.GoodbyeReason) {
	o.mu.Lock()
	defer o.mu.Unlock()
	items, o.items = o.items, nil
	o.bytes, o.ephemera = 0, 0
	return items, o.ended, o.reason
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func onlyEphemeral(b *class.Batch) bool {
	return b != nil && len(b.Ephemeral) > 0 && b.Snapshot == nil && len(b.Events) == 0 && b.Goodbye == 0
}
