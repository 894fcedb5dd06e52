package room

import (
	"context"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// memoryLogs keeps sessions as long as the process lives.
type memoryLogs struct {
	mu       sync.Mutex // guards sessions
	sessions map[string]*memorySession
}

// memorySession is one log; memoryLog is somebody's hold on it.
type memorySession struct {
	tenant, name, id string

	mu       sync.Mutex // guards all below
	snapshot *classpb.State
	events   []*classpb.Event // after the snapshot
	last     uint64
	epoch    uint64
	open     bool
	ended    bool
}

type memoryLog struct {
	logs    *memoryLogs
	session *memorySession
}

// NewMemoryLogs keeps sessions in memory, for tests and for who wants no trace.
func NewMemoryLogs() Logs {
	return &memoryLogs{sessions: map[string]*memorySession{}}
}

func (l *memoryLogs) Create(_ context.Context, tenant, name, session string) (Log, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sessions[session] != nil {
		return nil, fmt.Errorf("create log of session %s: it exists", session)
	}
	s := &memorySession{tenant: tenant, name: name, id: session, open: true}
	l.sessions[session] = s
	return &memoryLog{l, s}, nil
}

func (l *memoryLogs) OpenSessions(context.Context) ([]Session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []Session
	for _, s := range l.sessions {
		if s.reopen() {
			found = append(found, Session{Tenant: s.tenant, Name: s.name, ID: s.id, Log: &memoryLog{l, s}})
		}
	}
	return found, nil
}

func (s *memorySession) reopen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open || s.ended {
		return false
	}
	s.open = true
	return true
}

func (m *memoryLog) Append(ctx context.Context, epoch, after uint64, events []*classpb.Event) error {
	s := m.session
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.open:
		return ErrClosed
	case epoch < s.epoch:
		return ErrFenced
	case ctx.Err() != nil:
		return ctx.Err()
	}
	fresh, err := following(s.last, after, events, s.heldLocked)
	if err != nil {
		return err
	}
	s.epoch = epoch
	for _, e := range fresh {
		s.events = append(s.events, proto.CloneOf(e))
		s.last = e.GetSeq()
		s.ended = s.ended || e.GetEnded() != nil
	}
	return nil
}

// heldLocked says whether e is what the log holds under its number; what was
// compacted away is believed.
func (s *memorySession) heldLocked(e *classpb.Event) bool {
	if e.GetSeq() <= s.snapshot.GetSeq() {
		return true
	}
	return proto.Equal(s.events[e.GetSeq()-s.snapshot.GetSeq()-1], e)
}

func (m *memoryLog) Read(ctx context.Context, since uint64) (*classpb.State, []*classpb.Event, error) {
	s := m.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return nil, nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var snapshot *classpb.State
	if since < s.snapshot.GetSeq() {
		snapshot = proto.CloneOf(s.snapshot)
		since = s.snapshot.GetSeq()
	}
	var events []*classpb.Event
	for _, e := range s.events {
		if e.GetSeq() > since {
			events = append(events, proto.CloneOf(e))
		}
	}
	return snapshot, events, nil
}

func (m *memoryLog) Compact(ctx context.Context, snapshot *classpb.State) error {
	s := m.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	upTo, from := snapshot.GetSeq(), s.snapshot.GetSeq()
	if upTo > s.last {
		return fmt.Errorf("compact at %d: %w", upTo, ErrGap)
	}
	if upTo <= from {
		return nil
	}
	s.snapshot = proto.CloneOf(snapshot)
	s.events = append([]*classpb.Event(nil), s.events[upTo-from:]...)
	return nil
}

func (m *memoryLog) Close() error {
	s := m.session
	s.mu.Lock()
	s.open = false
	empty := s.last == 0
	s.mu.Unlock()
	if empty {
		m.logs.mu.Lock()
		delete(m.logs.sessions, s.id)
		m.logs.mu.Unlock()
	}
	return nil
}
