package room_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

func TestWhoMustGoIsToldWhy(t *testing.T) {
	remove := func(who string, ban bool) *classpb.Command {
		return &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: who, Ban: ban}}}
	}
	for name, c := range map[string]struct {
		command func(who string) *classpb.Command
		self    bool
		want    classpb.GoodbyeReason
	}{
		"removed": {func(who string) *classpb.Command { return remove(who, false) }, false, classpb.GoodbyeReason_GOODBYE_REASON_REMOVED},
		"banned":  {func(who string) *classpb.Command { return remove(who, true) }, false, classpb.GoodbyeReason_GOODBYE_REASON_BANNED},
		"left": {func(string) *classpb.Command {
			return &classpb.Command{Body: &classpb.Command_Leave{Leave: &classpb.LeaveClass{}}}
		}, true, classpb.GoodbyeReason_GOODBYE_REASON_LEFT},
		"ended": {func(string) *classpb.Command {
			return &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}}
		}, false, classpb.GoodbyeReason_GOODBYE_REASON_ENDED},
	} {
		t.Run(name, func(t *testing.T) {
			classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
				boss, ada := teacher(t, r), pupil(t, r, "ada")
				hears := attach(t, r, ada)
				by := boss
				if c.self {
					by = ada
				}
				do(t, r, by, c.command(ada))
				synctest.Wait()
				last := hears.last()
				if last.Goodbye != c.want || len(last.Events) > 0 || last.Snapshot != nil || last.Frame == nil {
					t.Errorf("the last is %v, want %v", last, c.want)
				}
				count := len(hears.heard())
				if name != "ended" {
					do(t, r, boss, say("still there?", ""))
				}
				if len(hears.heard()) != count {
					t.Error("heard more after the goodbye")
				}
			})
		})
	}
}

// patient takes no goodbye before a command was answered.
type patient struct{ answered, over chan struct{} }

func (p patient) Deliver(b class.Batch) bool {
	if b.Goodbye != 0 {
		<-p.answered
		close(p.over)
	}
	return true
}

func TestACommandIsAnsweredBeforeTheGoodbye(t *testing.T) {
	for name, c := range map[string]*classpb.Command{
		"leave": {Body: &classpb.Command_Leave{Leave: &classpb.LeaveClass{}}},
		"end":   {Body: &classpb.Command_End{End: &classpb.EndClass{}}},
	} {
		t.Run(name, func(t *testing.T) {
			classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
				boss := teacher(t, r)
				p := patient{make(chan struct{}), make(chan struct{})}
				attachAs(t, r, class.Viewer{Participant: boss}, "", 0, p)
				do(t, r, boss, c)
				close(p.answered)
				<-p.over
			})
		})
	}
}

func TestRefusedInTheLobby(t *testing.T) {
	classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
		boss := teacher(t, r)
		do(t, r, boss, &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
		ada, bob := pupil(t, r, "ada"), pupil(t, r, "bob")
		first, second := attach(t, r, ada), attach(t, r, bob)
		do(t, r, boss, say("they do not hear this", ""))
		if len(first.heard()) != 1 {
			t.Errorf("who waits heard %v", first.heard())
		}
		do(t, r, boss, &classpb.Command{Body: &classpb.Command_Refuse{Refuse: &classpb.Refuse{Participants: []string{ada}}}})
		do(t, r, boss, &classpb.Command{Body: &classpb.Command_Admit{Admit: &classpb.Admit{Participants: []string{bob}}}})
		synctest.Wait()
		if last := first.last(); last.Goodbye != classpb.GoodbyeReason_GOODBYE_REASON_REFUSED {
			t.Errorf("who was refused heard %v", last)
		}
		if last := second.last(); last.Snapshot == nil || len(last.Snapshot.GetChat()) != 1 {
			t.Errorf("who was admitted heard %v", last)
		}
	})
}

func TestAStoppingServerSaysGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, stop := open(t, room.NewMemoryLogs(), room.Options{})
		r := maths(t, h)
		hears := attach(t, r, teacher(t, r))
		all := &listener{}
		attachAs(t, r, class.Viewer{All: true}, "", 0, all)
		stop()
		for _, l := range []*listener{hears, all} {
			if last := l.last(); last.Goodbye != classpb.GoodbyeReason_GOODBYE_REASON_SHUTDOWN {
				t.Errorf("heard %v", last)
			}
		}
		_, err := r.Do(t.Context(), class.Node(), say("", ""))
		wantCode(t, err, classpb.Code_CODE_UNAVAILABLE)
		_, err = h.Open(t.Context(), &classpb.OpenClass{Name: "late"}, class.Node())
		wantCode(t, err, classpb.Code_CODE_UNAVAILABLE)
	})
}

func TestWhoIsSlowOrPanicsIsLetGo(t *testing.T) {
	letGo := map[string]int{}
	o := room.Options{Metrics: room.Metrics{LetGo: func(reason string) { letGo[reason]++ }}}
	classroom(t, o, func(t *testing.T, r *room.Room) {
		boss := teacher(t, r)
		slow, panics, fine := attach(t, r, boss), attach(t, r, boss), attach(t, r, boss)
		slow.slow, panics.panics = true, true
		do(t, r, boss, say("one", ""))
		do(t, r, boss, say("two", ""))
		if n := len(fine.heard()); n != 3 {
			t.Errorf("the one beside them heard %d batches, want 3", n)
		}
		if letGo["slow"] != 1 || letGo["panic"] != 1 {
			t.Errorf("let go: %v", letGo)
		}
	})
}

func TestAStrangerHearsNothing(t *testing.T) {
	classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
		_, err := r.Attach(t.Context(), class.Viewer{Participant: "P_stranger"}, "", 0, &listener{})
		wantCode(t, err, classpb.Code_CODE_NOT_FOUND)
	})
}

func TestQueueLetsGoWhoIsSlow(t *testing.T) {
	q := room.NewQueue(2, 1000)
	event := class.Batch{Through: 1, Events: []*classpb.Event{{Seq: 1}}, Frame: []byte("event")}
	moment := class.Batch{Ephemeral: []*classpb.Ephemeral{{}}, Frame: []byte("moment")}
	for i, b := range []class.Batch{moment, event, event, moment} {
		if !q.Put(b) {
			t.Fatalf("batch %d found no room", i)
		}
	}
	if q.Dropped() != 2 {
		t.Errorf("dropped %d, want both moments", q.Dropped())
	}
	if b, err := q.Get(t.Context()); err != nil || b.Through != 1 {
		t.Errorf("got %v, %v", b, err)
	}
	if !q.Put(event) || q.Put(event) {
		t.Error("two fit, not three")
	}
	if _, err := q.Get(t.Context()); !errors.Is(err, room.ErrSlow) {
		t.Errorf("got %v", err)
	}
	if q.Put(event) {
		t.Error("who was let go takes more")
	}
}

func TestQueueIsBoundedInBytes(t *testing.T) {
	q := room.NewQueue(100, 10)
	large := class.Batch{Snapshot: &classpb.State{}, Frame: make([]byte, 50)}
	if !q.Put(large) {
		t.Error("one large batch must fit")
	}
	if q.Put(class.Batch{Frame: []byte("x")}) {
		t.Error("more than the bytes allow")
	}
}

func TestQueueEndsWithAGoodbye(t *testing.T) {
	q := room.NewQueue(1, 10)
	q.Put(class.Batch{Through: 1})
	if !q.Put(class.Batch{Goodbye: classpb.GoodbyeReason_GOODBYE_REASON_ENDED}) {
		t.Error("a goodbye always finds room")
	}
	q.Close()
	for range 2 {
		if _, err := q.Get(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := q.Get(t.Context()); !errors.Is(err, room.ErrQueueClosed) {
		t.Error(err)
	}
}
