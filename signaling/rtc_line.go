package signaling

import "context"

// rtcLine does a session's slow work one piece after the other, off the session's own goroutine.
// Bounded: who finds it full is told.
type rtcLine struct {
	jobs chan func(context.Context)
}

func newRTCLine(n int) rtcLine { return rtcLine{jobs: make(chan func(context.Context), n)} }

// offer queues a piece of work. false: the line is full.
func (l rtcLine) offer(job func(context.Context)) bool {
	select {
	case l.jobs <- job:
		return true
	default:
		return false
	}
}

// run works until the context ends. What is still in line then is dropped.
func (l rtcLine) run(ctx context.Context, do func(func())) {
	for {
		select {
		case <-ctx.Done():
			return
		case job := <-l.jobs:
			do(func() { job(ctx) })
		}
	}
}
