package signaling

import (
	"context"
	"sync"
)

// attendance counts the websockets being served, and closes the door behind
// the last one when the server goes down.
type attendance struct {
	closing chan struct{} // closed when the server says goodbye

	mu     sync.Mutex // guards what follows, and that nobody enters a closed door
	closed bool
	inside sync.WaitGroup
}

func newAttendance() *attendance { return &attendance{closing: make(chan struct{})} }

// enter lets a socket in; leave must be called when it is done. Not ok: the
// server is going down.
func (a *attendance) enter() (leave func(), ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, false
	}
	a.inside.Add(1)
	return a.inside.Done, true
}

// close lets nobody in any more, and tells who is inside by closing.
func (a *attendance) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.closed {
		a.closed = true
		close(a.closing)
	}
}

func (a *attendance) open() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.closed
}

// wait returns when everyone has left, or with the context's error.
func (a *attendance) wait(ctx context.Context) error {
	gone := make(chan struct{})
	go func() {
		a.inside.Wait()
		close(gone)
	}()
	select {
	case <-gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
