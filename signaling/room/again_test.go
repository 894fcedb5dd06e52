package room_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// flaky are Logs that fail when told to.
type flaky struct {
	room.Logs
	refuse atomic.Bool // appends fail, and nothing is kept
	lose   atomic.Bool // appends are kept, and said to have failed
	blind  atomic.Bool // reads fail
}

type flakyLog struct {
	room.Log
	of *flaky
}

var errFlaky = errors.New("the log fails")

func (f *flaky) Create(ctx context.Context, tenant, name, session string) (room.Log, error) {
	l, err := f.Logs.Create(ctx, tenant, name, session)
	return flakyLog{l, f}, err
}

func (l flakyLog) Append(ctx context.Context, epoch, after uint64, events []*classpb.Event) error {
	if l.of.refuse.Load() {
		return errFlaky
	}
	err := l.Log.Append(ctx, epoch, after, events)
	if l.of.lose.Load() {
		return errFlaky
	}
	return err
}

func (l flakyLog) Read(ctx context.Context, since uint64) (*classpb.State, []*classpb.Event, error) {
	if l.of.blind.Load() {
		return nil, nil, errFlaky
	}
	return l.Log.Read(ctx, since)
}

func TestARepeatedRequestYieldsTheFirstAnswer(t *testing.T) {
	h, stop := open(t, room.NewMemoryLogs(), room.Options{})
	defer stop()
	r := maths(t, h)
	boss, ada := teacher(t, r), pupil(t, r, "ada")
	first := do(t, r, boss, say("once", "1"))
	do(t, r, boss, say("twice", "2"))
	if again := do(t, r, boss, say("once", "1")); again != first {
		t.Errorf("answered %v, and %v before", again, first)
	}
	if other := do(t, r, ada, say("ada's own", "1")); other == first {
		t.Error("one was answered what another was")
	}
	if n := len(state(t, r).GetChat()); n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
	mute := &classpb.Command{RequestId: "3", Body: &classpb.Command_MuteAll{MuteAll: &classpb.MuteAll{}}}
	for range 2 {
		_, err := r.Do(t.Context(), class.By(ada), mute)
		wantCode(t, err, classpb.Code_CODE_FORBIDDEN)
	}
	_, err := r.Do(t.Context(), class.By(ada), say("", string(make([]byte, 65))))
	wantCode(t, err, classpb.Code_CODE_INVALID)
}

func TestOneRequestAskedManyTimesAtOnceIsDoneOnce(t *testing.T) {
	h, stop := open(t, room.NewMemoryLogs(), room.Options{})
	defer stop()
	r := maths(t, h)
	boss := teacher(t, r)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { do(t, r, boss, say("hello", "1")) })
	}
	all.Wait()
	if n := len(state(t, r).GetChat()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestARequestRepeatedAfterARestartIsNotDoneAgain(t *testing.T) {
	logs := &restarting{t: t, dir: t.TempDir()}
	o := room.Options{CompactEvery: 5}
	h, stop := open(t, logs, o)
	r := maths(t, h)
	boss := teacher(t, r)
	var first room.Result
	for i := range 23 {
		first = do(t, r, boss, say("hello", fmt.Sprint(i)))
	}
	ada := joining("ada", classpb.Role_ROLE_PUPIL)
	ada.RequestId = "ada joins"
	joined, err := r.Do(t.Context(), class.Node(), ada)
	if err != nil {
		t.Fatal(err)
	}
	stop()

	h, stop = open(t, logs, o)
	defer stop()
	r, _ = h.Get("", "maths")
	if again := do(t, r, boss, say("hello", "22")); again.Seq != first.Seq {
		t.Errorf("answered %v, and %v before", again, first)
	}
	if again, err := r.Do(t.Context(), class.Node(), ada); err != nil || again != joined {
		t.Errorf("answered %v, %v, and %v before", again, err, joined)
	}
	if n := len(state(t, r).GetChat()); n != 23 {
		t.Errorf("%d messages, want 23", n)
	}
}

func TestWhatTheLogDoesNotTakeHasNotHappened(t *testing.T) {
	logs := &flaky{Logs: room.NewMemoryLogs()}
	h, stop := open(t, logs, room.Options{})
	defer stop()
	r := maths(t, h)
	boss := teacher(t, r)
	hears := attach(t, r, boss)
	before := state(t, r)
	logs.refuse.Store(true)
	_, err := r.Do(t.Context(), class.By(boss), say("lost", "1"))
	wantCode(t, err, classpb.Code_CODE_UNAVAILABLE)
	if after := state(t, r); !proto.Equal(after, before) || len(hears.heard()) != 1 {
		t.Errorf("something has happened: %v, heard %v", after, hears.heard())
	}
	logs.refuse.Store(false)
	do(t, r, boss, say("lost", "1"))
	if n := len(state(t, r).GetChat()); n != 1 || len(hears.heard()) != 2 {
		t.Errorf("%d messages, heard %v", n, hears.heard())
	}
}

func TestAnAppendOfUnknownFateIsFoundOut(t *testing.T) {
	logs := &flaky{Logs: room.NewMemoryLogs()}
	h, stop := open(t, logs, room.Options{})
	defer stop()
	r := maths(t, h)
	boss := teacher(t, r)
	hears := attach(t, r, boss)
	logs.lose.Store(true)
	_, err := r.Do(t.Context(), class.By(boss), say("perhaps", "1"))
	wantCode(t, err, classpb.Code_CODE_UNAVAILABLE)
	logs.lose.Store(false)
	logs.blind.Store(true)
	_, err = r.Do(t.Context(), class.By(boss), say("more", "2"))
	wantCode(t, err, classpb.Code_CODE_UNAVAILABLE)
	logs.blind.Store(false)
	seq := do(t, r, boss, say("perhaps", "1")).Seq
	s := state(t, r)
	if len(s.GetChat()) != 1 || s.GetSeq() != seq {
		t.Errorf("at %d, answered %d: %v", s.GetSeq(), seq, s.GetChat())
	}
	if heard := hears.last(); len(heard.Events) != 1 || heard.Events[0].GetChatSent() == nil {
		t.Errorf("heard %v", heard)
	}
}
