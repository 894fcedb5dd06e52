package room

import (
	"context"
	"errors"
	"fmt"

	"preau/signaling/classpb"
)

// Log is where the events of one session are kept. It is used by one goroutine,
// but for Compact, which may run beside the others.
type Log interface {
	// Append adds events, the first of which has number after+1. When it
	// returns nil they are kept, come what may. It is idempotent: events that
	// the log holds already are passed over, so an append whose fate is unknown
	// can be asked again. On error the log holds what it held before, or will
	// once it can be read again. ErrGap: after is not in the log; ErrConflict:
	// the log holds other events under these numbers; ErrFenced: another owner
	// with a higher epoch has written.
	Append(ctx context.Context, epoch, after uint64, events []*classpb.Event) error
	// Read yields the events with numbers above since. The snapshot is nil
	// unless the log was compacted past since; then the events follow it.
	// With an error of type *DamageError what could be read is returned too.
	Read(ctx context.Context, since uint64) (snapshot *classpb.State, events []*classpb.Event, err error)
	// Compact lets the log start at the snapshot from now on. The snapshot is
	// not changed by anyone until Compact returns.
	Compact(ctx context.Context, snapshot *classpb.State) error
	// Close lets go of what the log holds open. The log of an ended session is
	// kept but is no open session any more.
	Close() error
}

// Logs is where sessions are kept.
type Logs interface {
	// Create makes the log of a new session. A session with no event that is
	// closed leaves nothing behind.
	Create(ctx context.Context, tenant, name, session string) (Log, error)
	// OpenSessions yields the sessions that have not ended and that no one holds
	// open, for a start after a stop or a crash. Sessions that cannot be read
	// are left out and told in the error, which may come with sessions.
	OpenSessions(ctx context.Context) ([]Session, error)
}

// Session is one meeting of a class, found again.
type Session struct {
	Tenant, Name, ID string
	Log              Log
}

var (
	ErrGap      = errors.New("the events do not follow what the log holds")
	ErrConflict = errors.New("the log holds other events under these numbers")
	ErrFenced   = errors.New("another owner of the session has written since")
	ErrClosed   = errors.New("the log is closed")
)

// DamageError says that a log is damaged before its end: not by a crash, which
// tears only the last record.
type DamageError struct {
	Path   string
	Offset int64 // of the first byte that is not what was written
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("log %s is damaged at byte %d: %s", e.Path, e.Offset, e.Reason)
}

// following yields what of events the log does not hold yet, given the number
// it holds last; held says whether the log holds that event already, the same.
func following(last, after uint64, events []*classpb.Event, held func(*classpb.Event) bool) ([]*classpb.Event, error) {
	if after > last {
		return nil, fmt.Errorf("%w: it ends at %d, they follow %d", ErrGap, last, after)
	}
	for i, e := range events {
		if e.GetSeq() != after+1+uint64(i) {
			return nil, fmt.Errorf("%w: number %d at place %d after %d", ErrGap, e.GetSeq(), i, after)
		}
	}
	for len(events) > 0 && events[0].GetSeq() <= last {
		if !held(events[0]) {
			return nil, fmt.Errorf("%w: %d", ErrConflict, events[0].GetSeq())
		}
		events = events[1:]
	}
	return events, nil
}
