package estimate

import (
	"testing"
	"time"
)

// A path that takes longer looks like a queue, until it is known to be another.
func TestMoved(t *testing.T) {
	e := New(Options{})
	e.queue.add(0, 20*time.Millisecond)
	e.queue.add(time.Second, time.Second+300*time.Millisecond)
	if e.queue.stands() != 280*time.Millisecond || e.queue.stood() != 280*time.Millisecond {
		t.Fatalf("%v stands, %v stood", e.queue.stands(), e.queue.stood())
	}
	e.Moved()
	e.queue.add(2*time.Second, 2*time.Second+300*time.Millisecond)
	if e.queue.stands() != 0 || e.queue.stood() != 0 {
		t.Errorf("%v stands, %v stood", e.queue.stands(), e.queue.stood())
	}
}

// A queue that always stands is soon taken for the path's own delay, but not by all.
func TestAQueueThatStandsIsSeenForLong(t *testing.T) {
	var q queue
	q.add(0, 20*time.Millisecond)
	for at := time.Second; at < 20*time.Second; at += time.Second {
		q.add(at, at+200*time.Millisecond)
	}
	if q.stands() != 0 || q.stood() != 180*time.Millisecond {
		t.Errorf("%v stands, %v stood", q.stands(), q.stood())
	}
}
