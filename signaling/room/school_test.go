package room_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// open runs a school until the test ends, or stop is called.
func open(t *testing.T, logs room.Logs, o room.Options) (h *room.School, stop func()) {
	t.Helper()
	h = room.NewSchool(logs, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the school ended with %v", err)
		}
	})
	t.Cleanup(stop)
	<-h.Ready()
	return h, stop
}

// maths opens the class "maths".
func maths(t testing.TB, h *room.School) *room.Room {
	t.Helper()
	r, err := h.Open(t.Context(), &classpb.OpenClass{Name: "maths", Title: "Maths"}, class.Node())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func joining(identity string, role classpb.Role) *classpb.Command {
	return &classpb.Command{Body: &classpb.Command_Join{Join: &classpb.Join{
		Role: role, Profile: &classpb.Profile{Identity: identity, Name: identity},
	}}}
}

func join(t testing.TB, r *room.Room, identity string, role classpb.Role) string {
	t.Helper()
	result, err := r.Do(t.Context(), class.Node(), joining(identity, role))
	if err != nil {
		t.Fatal(err)
	}
	return result.Participant
}

func teacher(t testing.TB, r *room.Room) string {
	return join(t, r, "teacher", classpb.Role_ROLE_TEACHER)
}

func pupil(t testing.TB, r *room.Room, identity string) string {
	return join(t, r, identity, classpb.Role_ROLE_PUPIL)
}

func say(text, id string) *classpb.Command {
	return &classpb.Command{RequestId: id, Body: &classpb.Command_SendChat{SendChat: &classpb.SendChat{
		To: &classpb.ChatTarget{To: &classpb.ChatTarget_Everyone{Everyone: true}}, Text: text,
	}}}
}

func do(t testing.TB, r *room.Room, by string, c *classpb.Command) room.Result {
	t.Helper()
	result, err := r.Do(t.Context(), class.By(by), c)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func state(t testing.TB, r *room.Room) *classpb.State {
	t.Helper()
	s, err := r.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantCode(t testing.TB, err error, want classpb.Code) {
	t.Helper()
	var coded *class.Error
	if !errors.As(err, &coded) || coded.Code != want {
		t.Fatalf("got %v, want %v", err, want)
	}
}

func TestOpenYieldsTheClassThatIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var watched []*room.Room
		h, stop := open(t, room.NewMemoryLogs(), room.Options{Watch: func(r *room.Room) { watched = append(watched, r) }})
		defer stop()
		var rooms [20]*room.Room
		var all sync.WaitGroup
		for i := range rooms {
			all.Go(func() { rooms[i] = maths(t, h) })
		}
		all.Wait()
		for _, r := range rooms {
			if r != rooms[0] {
				t.Fatal("one class was opened twice")
			}
		}
		if len(watched) != 1 || watched[0] != rooms[0] {
			t.Fatalf("watched %v", watched)
		}
		if !strings.HasPrefix(rooms[0].Session(), "RM_") || state(t, rooms[0]).GetSession() != rooms[0].Session() {
			t.Fatalf("session %q, in the state %q", rooms[0].Session(), state(t, rooms[0]).GetSession())
		}
	})
}

func TestAClassIsFoundInItsTenantAndByCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, stop := open(t, room.NewMemoryLogs(), room.Options{})
		defer stop()
		r := maths(t, h)
		if found, ok := h.Get("", "maths"); !ok || found != r {
			t.Error("not found by name")
		}
		if _, ok := h.Get("other", "maths"); ok {
			t.Error("found in another tenant")
		}
		if l := h.List(""); len(l) != 1 || len(h.List("other")) != 0 {
			t.Errorf("listed %v", l)
		}
		typed := strings.ToLower(r.Code()[:4] + "-" + r.Code()[4:])
		typed = strings.NewReplacer("0", "o", "1", "l").Replace(typed)
		if found, ok := h.ByCode(typed); !ok || found != r {
			t.Errorf("code %s is not found as %s", r.Code(), typed)
		}
		if _, ok := h.ByCode(""); ok {
			t.Error("a class is found without a code")
		}
	})
}

func TestARefusedClassLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := room.NewMemoryLogs()
		h, stop := open(t, logs, room.Options{})
		defer stop()
		_, err := h.Open(t.Context(), &classpb.OpenClass{Name: strings.Repeat("x", 5000)}, class.Node())
		wantCode(t, err, classpb.Code_CODE_INVALID)
		synctest.Wait()
		if found, _ := logs.OpenSessions(t.Context()); len(found) > 0 || len(h.List("")) > 0 {
			t.Errorf("found %v", found)
		}
	})
}

func TestAnEndedClassIsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, stop := open(t, room.NewMemoryLogs(), room.Options{})
		defer stop()
		r := maths(t, h)
		who := teacher(t, r)
		do(t, r, who, &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
		if _, ok := h.Get("", "maths"); ok {
			t.Error("found after its end was answered")
		}
		again := maths(t, h)
		if again == r || again.Session() == r.Session() {
			t.Error("the next meeting is the one that ended")
		}
		<-r.Done()
		_, err := r.Do(t.Context(), class.By(who), say("hello?", ""))
		wantCode(t, err, classpb.Code_CODE_ENDED)
		if found, ok := h.ByCode(again.Code()); !ok || found != again {
			t.Error("the next meeting is not found by its code")
		}
	})
}

func TestARestartFindsTheClassAsItWas(t *testing.T) {
	for name, fresh := range map[string]func() room.Logs{
		"memory": room.NewMemoryLogs,
		"file":   func() room.Logs { return &restarting{t: t, dir: t.TempDir()} },
	} {
		t.Run(name, func(t *testing.T) {
			logs := fresh()
			o := room.Options{CompactEvery: 10}
			h, stop := open(t, logs, o)
			r := maths(t, h)
			who, session := teacher(t, r), r.Session()
			var last room.Result
			for range 57 {
				last = do(t, r, who, say("hello", "the same request"+string(rune('a'+last.Seq%20))))
			}
			before := state(t, r)
			stop()

			h, stop = open(t, logs, o)
			defer stop()
			again, ok := h.Get("", "maths")
			if !ok || again.Session() != session {
				t.Fatal("the class is not open again")
			}
			if after := state(t, again); !proto.Equal(after, before) {
				t.Errorf("the state is\n%v\nand was\n%v", after, before)
			}
			if _, ok := h.ByCode(again.Code()); !ok {
				t.Error("the code is not known any more")
			}
		})
	}
}
