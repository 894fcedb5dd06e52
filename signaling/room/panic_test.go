package room

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// A command that panics half way, with the state in pieces, takes nobody with it.
func TestAPanicEndsOneCommand(t *testing.T) {
	var told strings.Builder
	panics := 0
	h := NewSchool(NewMemoryLogs(), Options{
		Log:     slog.New(slog.NewTextHandler(&told, nil)),
		Metrics: Metrics{Panicked: func() { panics++ }},
		decide: func(s *classpb.State, a class.Actor, c *classpb.Command, in class.Input) (class.Decision, error) {
			if c.GetSetTitle().GetTitle() == "panic" {
				clear(s.Participants)
				s.Seq += 7
				panic("half way")
			}
			return class.Decide(s, a, c, in)
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	r, err := h.Open(ctx, &classpb.OpenClass{Name: "maths"}, class.Node())
	if err != nil {
		t.Fatal(err)
	}
	title := func(s string) error {
		_, err := r.Do(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: s}}})
		return err
	}
	if _, err := r.Do(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_Join{Join: &classpb.Join{
		Role: classpb.Role_ROLE_TEACHER, Profile: &classpb.Profile{Identity: "t", Name: "T"},
	}}}); err != nil {
		t.Fatal(err)
	}
	before, _ := r.State(ctx)
	var coded *class.Error
	if err := title("panic"); !errors.As(err, &coded) || coded.Code != classpb.Code_CODE_INTERNAL {
		t.Errorf("answered %v", err)
	}
	if after, err := r.State(ctx); err != nil || !proto.Equal(after, before) {
		t.Errorf("the state is %v, %v", after, err)
	}
	if err := title("goes on"); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if panics != 1 || !strings.Contains(told.String(), "half way") || !strings.Contains(told.String(), "stack=") {
		t.Errorf("%d panics, told: %s", panics, told.String())
	}
}

// In a batch, what stood before the panic stays.
func TestAPanicLeavesTheRestOfItsBatch(t *testing.T) {
	s := Session{Name: "maths", ID: "RM_a"}
	s.Log, _ = NewMemoryLogs().Create(t.Context(), "", "maths", "RM_a")
	o := Options{decide: func(s *classpb.State, a class.Actor, c *classpb.Command, in class.Input) (class.Decision, error) {
		if c.GetSetTitle().GetTitle() == "panic" {
			s.Title, s.Seq = "in pieces", 99
			panic("half way")
		}
		return class.Decide(s, a, c, in)
	}}
	r := newRoom(s, o.filled(), newCode)
	batch := []*pending{
		r.byNode(&classpb.Command{Body: &classpb.Command_Open{Open: &classpb.OpenClass{Name: "maths"}}}),
		r.byNode(&classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: "one"}}}),
		r.byNode(&classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: "panic"}}}),
		r.byNode(&classpb.Command{Body: &classpb.Command_SetMetadata{SetMetadata: &classpb.SetMetadata{Metadata: "two"}}}),
	}
	r.process(batch)
	for i, failed := range []bool{false, false, true, false} {
		if <-batch[i].answered; (batch[i].outcome.err != nil) != failed {
			t.Errorf("command %d was answered %v", i, batch[i].outcome.err)
		}
	}
	if r.state.GetTitle() != "one" || r.state.GetMetadata() != "two" || r.state.GetSeq() != 3 {
		t.Errorf("the state is %v", r.state)
	}
	if !proto.Equal(r.state, r.kept.state()) {
		t.Error("the state is not what was kept")
	}
}
