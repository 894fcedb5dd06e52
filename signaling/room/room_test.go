package room_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// listener is a Member that keeps what it hears, and follows it like a page does.
type listener struct {
	mu      sync.Mutex // guards all below
	batches []class.Batch
	state   *classpb.State
	slow    bool
	panics  bool
}

func (l *listener) Deliver(b class.Batch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.panics {
		panic("a member that panics")
	}
	if l.slow {
		return false
	}
	l.batches = append(l.batches, b)
	if b.Snapshot != nil {
		l.state = proto.CloneOf(b.Snapshot)
	}
	for _, e := range b.Events {
		if l.state != nil {
			l.state.Seq = e.GetSeq() - 1 // what the view withholds leaves no gap
			class.Apply(l.state, e)
		}
	}
	return true
}

func (l *listener) heard() []class.Batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.batches)
}

func (l *listener) last() class.Batch {
	b := l.heard()
	return b[len(b)-1]
}

func attach(t testing.TB, r *room.Room, who string) *listener {
	t.Helper()
	l := &listener{}
	attachAs(t, r, class.Viewer{Participant: who}, "", 0, l)
	return l
}

func attachAs(t testing.TB, r *room.Room, v class.Viewer, session string, since uint64, m room.Member) func() {
	t.Helper()
	detach, err := r.Attach(t.Context(), v, session, since, m)
	if err != nil {
		t.Fatal(err)
	}
	return detach
}

// classroom is an open class in a bubble of virtual time.
func classroom(t *testing.T, o room.Options, test func(t *testing.T, r *room.Room)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, stop := open(t, room.NewMemoryLogs(), o)
		defer stop()
		test(t, maths(t, h))
	})
}

func presence(t testing.TB, r *room.Room, who string) classpb.Presence {
	t.Helper()
	return state(t, r).GetParticipants()[who].GetPresence()
}

func TestWhoHasNoSocketIsAwayThenGone(t *testing.T) {
	classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
		who := teacher(t, r)
		disconnected := r.Connected(who)
		for _, step := range []struct {
			after time.Duration
			is    classpb.Presence
		}{
			{10 * time.Minute, classpb.Presence_PRESENCE_PRESENT},
			{0, classpb.Presence_PRESENCE_PRESENT},
			{4900 * time.Millisecond, classpb.Presence_PRESENCE_PRESENT},
			{200 * time.Millisecond, classpb.Presence_PRESENCE_AWAY},
			{54 * time.Second, classpb.Presence_PRESENCE_AWAY},
			{2 * time.Second, classpb.Presence_PRESENCE_GONE},
		} {
			time.Sleep(step.after)
			synctest.Wait()
			if is := presence(t, r, who); is != step.is {
				t.Errorf("%v after the last step: %v, want %v", step.after, is, step.is)
			}
			disconnected()
		}
	})
}

func TestOneSocketOfTwoIsEnough(t *testing.T) {
	classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
		who := teacher(t, r)
		defer r.Connected(who)()
		disconnected := r.Connected(who)
		disconnected()
		time.Sleep(time.Hour / 2)
		if is := presence(t, r, who); is != classpb.Presence_PRESENCE_PRESENT {
			t.Error(is)
		}
	})
}

func TestWhoComesBackIsPresentAtOnce(t *testing.T) {
	classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
		who := teacher(t, r)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if is := presence(t, r, who); is != classpb.Presence_PRESENCE_AWAY {
			t.Fatal(is)
		}
		before := state(t, r).GetSeq()
		teacher(t, r)
		defer r.Connected(who)()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if is := presence(t, r, who); is != classpb.Presence_PRESENCE_PRESENT {
			t.Error(is)
		}
		if after := state(t, r).GetSeq(); after > before+2 {
			t.Errorf("coming back took %d events: away again in between?", after-before)
		}
	})
}

func TestAClassEndsWhenNobodyComes(t *testing.T) {
	for _, c := range []struct {
		name string
		open *classpb.OpenClass
		come bool
		ends time.Duration
	}{
		{"nobody ever came", &classpb.OpenClass{Name: "a"}, false, 300 * time.Second},
		{"nobody ever came, its own limit", &classpb.OpenClass{Name: "b", EmptyTimeoutS: 20}, false, 20 * time.Second},
		{"the last one left", &classpb.OpenClass{Name: "c"}, true, 360 * time.Second},
		{"the last one left, its own limit", &classpb.OpenClass{Name: "d", DepartureTimeoutS: 7}, true, 67 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, stop := open(t, room.NewMemoryLogs(), room.Options{})
				defer stop()
				start := time.Now()
				r, err := h.Open(t.Context(), c.open, class.Node())
				if err != nil {
					t.Fatal(err)
				}
				if c.come {
					teacher(t, r)
				}
				<-r.Done()
				if took := time.Since(start); took < c.ends || took > c.ends+time.Second {
					t.Errorf("ended after %v, want %v", took, c.ends)
				}
			})
		})
	}
}

func TestAFirstBatchIsASnapshotOrTheTail(t *testing.T) {
	classroom(t, room.Options{CompactEvery: 20}, func(t *testing.T, r *room.Room) {
		who := teacher(t, r)
		defer r.Connected(who)()
		seen := state(t, r).GetSeq()
		for i := range 5 {
			do(t, r, who, say(fmt.Sprint(i), ""))
		}
		first := func(session string, since uint64) class.Batch {
			l := &listener{}
			attachAs(t, r, class.Viewer{Participant: who}, session, since, l)()
			return l.heard()[0]
		}
		if b := first(r.Session(), seen); b.Snapshot != nil || len(b.Events) != 5 || b.Through != seen+5 {
			t.Errorf("by since: %v", b)
		}
		if b := first(r.Session(), seen+5); b.Snapshot != nil || len(b.Events) != 0 || b.Through != seen+5 || b.Frame == nil {
			t.Errorf("by since, nothing missed: %v", b)
		}
		for name, b := range map[string]class.Batch{
			"another session": first("RM_other", seen), "no since": first(r.Session(), 0), "the future": first(r.Session(), seen+6),
			"before one's own join": first(r.Session(), 1),
		} {
			if b.Snapshot == nil || len(b.Events) > 0 {
				t.Errorf("%s: %v", name, b)
			}
		}
		for i := range 50 {
			do(t, r, who, say(fmt.Sprint(i), ""))
		}
		if b := first(r.Session(), seen); b.Snapshot == nil {
			t.Error("a tail though the log was compacted")
		}
	})
}

func TestAMemberFollowsItsView(t *testing.T) {
	classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
		boss, ada, bob := teacher(t, r), pupil(t, r, "ada"), pupil(t, r, "bob")
		for _, who := range []string{boss, ada, bob} {
			defer r.Connected(who)()
		}
		hears := map[string]*listener{boss: attach(t, r, boss), ada: attach(t, r, ada), bob: attach(t, r, bob)}
		do(t, r, ada, say("to all", ""))
		private := say("to the teacher", "")
		private.GetSendChat().To = &classpb.ChatTarget{To: &classpb.ChatTarget_Teachers{Teachers: true}}
		do(t, r, ada, private)
		do(t, r, boss, &classpb.Command{Body: &classpb.Command_SetRole{SetRole: &classpb.SetRole{Participant: bob, Role: classpb.Role_ROLE_TEACHER}}})
		do(t, r, ada, private)
		if b := hears[bob].heard(); len(b) != 4 || b[2].Snapshot == nil || len(b[3].Events) == 0 {
			t.Errorf("bob's role changed, and bob heard %v", b)
		}
		if n := len(hears[bob].heard()[1].Events); n != 1 {
			t.Errorf("bob heard %d events, want the message to all", n)
		}
		full := state(t, r)
		for who, l := range hears {
			if want := class.View(full, class.Viewer{Participant: who}); !proto.Equal(l.state, want) {
				t.Errorf("%s follows to\n%v\nwant\n%v", who, l.state, want)
			}
		}
	})
}

func TestMembersOfOneViewShareAFrame(t *testing.T) {
	classroom(t, room.Options{}, func(t *testing.T, r *room.Room) {
		ada, bob := pupil(t, r, "ada"), pupil(t, r, "bob")
		first, second := attach(t, r, ada), attach(t, r, bob)
		do(t, r, ada, say("hello", ""))
		do(t, r, bob, &classpb.Command{Body: &classpb.Command_React{React: &classpb.React{Emoji: "👍"}}})
		a, b := first.heard(), second.heard()
		if len(a) != 3 || len(b) != 3 {
			t.Fatalf("heard %v and %v", a, b)
		}
		for i := 1; i < 3; i++ {
			if &a[i].Frame[0] != &b[i].Frame[0] {
				t.Errorf("batch %d was encoded twice", i)
			}
			var f classpb.ServerFrame
			if err := proto.Unmarshal(a[i].Frame, &f); err != nil {
				t.Error(err)
			} else if i == 1 && (f.GetBatch().GetThrough() != a[1].Through || len(f.GetBatch().GetEvents()) != 1) {
				t.Errorf("the frame of %v is %v", a[1], &f)
			} else if i == 2 && f.GetEphemeral().GetReaction().GetEmoji() != "👍" {
				t.Errorf("the frame of %v is %v", a[2], &f)
			}
		}
	})
}
