package room

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// run is the room's goroutine. It returns when the class has ended, the context
// has, or nobody wants the room.
func (r *Room) run(ctx context.Context) {
	defer close(r.done)
	defer r.leave()
	defer r.survive("the room")
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !r.ended.Load() {
		select {
		case <-ctx.Done():
			return
		case <-r.quit:
			return
		case q := <-r.mailbox:
			r.serve(q)
		case <-r.wake:
			r.purge()
			r.clock.due = true
		case <-timer.C:
			r.clock.due = true
		}
		if r.clock.due && !r.ended.Load() {
			timer.Reset(r.tick(time.Now()))
		}
	}
}

// serve takes all that waits as one batch: first the commands, then the calls.
// Who waits for an answer before asking more sees no other order.
func (r *Room) serve(q request) {
	var commands []*pending
	var calls []func()
	for more := true; more; {
		if q.command != nil {
			commands = append(commands, q.command)
		} else {
			calls = append(calls, q.call)
		}
		if more = len(commands)+len(calls) < cap(r.mailbox); more {
			select {
			case q = <-r.mailbox:
			default:
				more = false
			}
		}
	}
	r.process(commands)
	for _, call := range calls {
		r.guard("a call", call)
	}
}

// leave lets everything go: members, the log, who still waits.
func (r *Room) leave() {
	reason := classpb.GoodbyeReason_GOODBYE_REASON_SHUTDOWN
	if r.ended.Load() {
		reason = classpb.GoodbyeReason_GOODBYE_REASON_ENDED
	}
	for _, a := range r.members {
		r.goodbye(a, reason)
	}
	r.members = nil
	if r.compacting != nil {
		<-r.compacting
	}
	if err := r.log.Close(); err != nil {
		r.slog.Error("close the class's log", "err", err)
	}
}

// guard runs f; a panic ends f alone.
func (r *Room) guard(what string, f func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			r.panicked(what, v)
		}
	}()
	f()
	return true
}

// survive, deferred, ends the goroutine of a room that cannot go on, not the process.
func (r *Room) survive(what string) {
	if v := recover(); v != nil {
		r.panicked(what, v)
	}
}

func (r *Room) panicked(what string, v any) {
	r.options.Metrics.Panicked()
	r.slog.Error("panic", "in", what, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
}

// input is what Decide may not fetch itself.
func (r *Room) input() class.Input {
	return class.Input{
		NowMS: time.Now().UnixMilli(),
		NewID: func(prefix string) string {
			if prefix == sessionPrefix {
				return r.session // its log has been made under this name
			}
			return newID(prefix)
		},
		NewCode: r.newCode,
	}
}
