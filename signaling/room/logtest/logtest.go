// Package logtest is what every implementation of room.Logs must pass: one
// suite, run by the tests of each. It knows only the interfaces.
package logtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// Run puts Logs, made new and empty for each case, to the test.
func Run(t *testing.T, fresh func() room.Logs) {
	for name, test := range map[string]func(*suite){
		"what is appended is read":                       appended,
		"a read begins after since":                      since,
		"an append may be asked again":                   again,
		"an append that overlaps adds the rest":          overlap,
		"an append that does not follow is refused":      gap,
		"other events under the same numbers: refused":   conflict,
		"numbers inside an append must follow":           inside,
		"an owner of the past is fenced":                 fenced,
		"an ended context appends nothing":               cancelled,
		"snapshot and tail are the whole log":            compacted,
		"compaction inside an append":                    compactedInside,
		"compaction at the end":                          compactedAtEnd,
		"compaction twice, and backwards":                compactedTwice,
		"compaction beyond the end is refused":           compactedBeyond,
		"an append may be asked again after compaction":  againCompacted,
		"a session that was let go is found again":       reopened,
		"a compacted session is found again":             reopenedCompacted,
		"a session that is held is not found":            held,
		"an ended session is not found":                  ended,
		"a session that holds nothing leaves nothing":    nothing,
		"a session is made once":                         once,
		"tenants and names of any characters":            names,
		"a closed log takes nothing":                     closed,
		"what a field this program does not know stays":  unknown,
		"a thousand appends, compacted on the way, stay": many,
	} {
		t.Run(name, func(t *testing.T) { test(&suite{T: t, ctx: t.Context(), logs: fresh()}) })
	}
}

type suite struct {
	*testing.T
	ctx  context.Context
	logs room.Logs
}

func (s *suite) create(session string) room.Log {
	s.Helper()
	l, err := s.logs.Create(s.ctx, "tenant", "maths", session)
	s.must(err)
	return l
}

// filled is a log that holds events 1 to n, each appended alone.
func (s *suite) filled(session string, n uint64) room.Log {
	s.Helper()
	l := s.create(session)
	for i := range n {
		s.must(l.Append(s.ctx, 1, i, Events(session, i+1, i+1)))
	}
	return l
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) refused(err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("got %v, want %v", err, want)
	}
}

// Events are a session's events from and to, both included: the first opens the
// class, the others set its title to their number.
func Events(session string, from, to uint64) []*classpb.Event {
	var events []*classpb.Event
	for seq := from; seq <= to; seq++ {
		e := &classpb.Event{Session: session, Seq: seq, TimeMs: int64(1000 * seq), Actor: "node", Schema: 1}
		e.Body = &classpb.Event_TitleSet{TitleSet: &classpb.TitleSet{Title: fmt.Sprint("Title ", seq)}}
		if seq == 1 {
			e.Body = &classpb.Event_Opened{Opened: &classpb.Opened{Tenant: "tenant", Name: "maths", Code: "ABCD1234"}}
		}
		events = append(events, e)
	}
	return events
}

// StateAt is what events 1 to seq amount to.
func StateAt(session string, seq uint64) *classpb.State {
	state := class.NewState()
	for _, e := range Events(session, 1, seq) {
		class.Apply(state, e)
	}
	state.Seq, state.Session, state.Tenant, state.Name = seq, session, "tenant", "maths"
	return state
}

// reads expects that what a log yields after since is events 1 to last: all of
// them, or a snapshot and the rest.
func (s *suite) reads(l room.Log, session string, since, last uint64) (snapshot uint64) {
	s.Helper()
	state, events, err := l.Read(s.ctx, since)
	s.must(err)
	if state != nil {
		if state.GetSeq() <= since {
			s.Fatalf("a snapshot at %d though events after %d were asked for", state.GetSeq(), since)
		}
		if want := StateAt(session, state.GetSeq()); !proto.Equal(state, want) {
			s.Fatalf("the snapshot is %v, want %v", state, want)
		}
		since = state.GetSeq()
	}
	want := Events(session, since+1, last)
	if len(events) != len(want) {
		s.Fatalf("after %d come %d events, want %d", since, len(events), len(want))
	}
	for i := range want {
		if !proto.Equal(events[i], want[i]) {
			s.Fatalf("event %d is %v, want %v", want[i].GetSeq(), events[i], want[i])
		}
	}
	return state.GetSeq()
}

// open is what OpenSessions finds, by session.
func (s *suite) open() map[string]room.Session {
	s.Helper()
	found, err := s.logs.OpenSessions(s.ctx)
	s.must(err)
	by := map[string]room.Session{}
	for _, f := range found {
		by[f.ID] = f
		s.Cleanup(func() { f.Log.Close() })
	}
	return by
}
