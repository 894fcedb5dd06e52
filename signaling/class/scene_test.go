package class

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

const (
	teacher   = classpb.Role_ROLE_TEACHER
	presenter = classpb.Role_ROLE_PRESENTER
	pupil     = classpb.Role_ROLE_PUPIL
	observer  = classpb.Role_ROLE_OBSERVER

	microphone  = classpb.Source_SOURCE_MICROPHONE
	camera      = classpb.Source_SOURCE_CAMERA
	screen      = classpb.Source_SOURCE_SCREEN
	screenAudio = classpb.Source_SOURCE_SCREEN_AUDIO
)

// scene is a class under test: its log and what it amounts to. Ids count up: P_1 is who joined
// first, CM_1 the first message. A second passes with every command.
type scene struct {
	t     testing.TB
	state *classpb.State
	log   []*classpb.Event
	now   int64
	ids   map[string]int
}

func newScene(t testing.TB) *scene {
	return &scene{t: t, state: NewState(), now: 1_800_000_000_000, ids: map[string]int{}}
}

// lesson is a scene whose class is open, with Mme Martin as its teacher: P_1.
func lesson(t testing.TB, lobby bool) *scene {
	sc := newScene(t)
	sc.do(Node(), open("maths-4b", "Maths 4B", lobby))
	sc.join("martin", "Mme Martin", teacher)
	return sc
}

func (sc *scene) input() Input {
	return Input{
		NowMS: sc.now,
		NewID: func(prefix string) string {
			sc.ids[prefix]++
			return fmt.Sprintf("%s%d", prefix, sc.ids[prefix])
		},
		NewCode: func() string { return "7G5XK2MP" },
	}
}

// try decides a command and applies what it amounts to.
func (sc *scene) try(a Actor, c *classpb.Command) (Decision, error) {
	sc.t.Helper()
	sc.now += 1000
	before := marshal(sc.state)
	d, err := Decide(sc.state, a, c, sc.input())
	if string(before) != string(marshal(sc.state)) {
		sc.t.Fatalf("Decide changed the state: %v", c)
	}
	sc.keep(d.Events...)
	return d, err
}

func (sc *scene) keep(events ...*classpb.Event) {
	for _, e := range events {
		sc.log = append(sc.log, e)
		if !Apply(sc.state, e) {
			sc.t.Fatalf("event %d does not follow %d", e.GetSeq(), sc.state.GetSeq())
		}
	}
	if err := check(sc.state); err != nil {
		sc.t.Fatalf("the state is not valid: %v", err)
	}
}

// do is a command that must succeed; it yields the names of its events.
func (sc *scene) do(a Actor, c *classpb.Command) []string {
	sc.t.Helper()
	d, err := sc.try(a, c)
	if err != nil {
		sc.t.Fatalf("%v: %v", c, err)
	}
	return bodies(d.Events)
}

// refused is a command that must be refused with a code, and change nothing.
func (sc *scene) refused(code classpb.Code, a Actor, c *classpb.Command) {
	sc.t.Helper()
	d, err := sc.try(a, c)
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code != code || len(d.Events) > 0 {
		sc.t.Fatalf("%v: %v, %v; want %v", c, bodies(d.Events), err, code)
	}
}

func (sc *scene) join(identity, name string, role classpb.Role) string {
	sc.t.Helper()
	d, err := sc.try(Node(), join(identity, name, role))
	if err != nil {
		sc.t.Fatal(err)
	}
	return d.Participant
}

func (sc *scene) publish(id, sid string, source classpb.Source) []string {
	sc.t.Helper()
	return sc.do(Node(), publish(id, sid, source))
}

func (sc *scene) person(id string) *classpb.Participant { return sc.state.GetParticipants()[id] }

func (sc *scene) view(id string) *classpb.State {
	return View(sc.state, Viewer{Participant: id})
}

// bodies are the names of events, as the schema has them.
func bodies(events []*classpb.Event) []string {
	var names []string
	for _, e := range events {
		m := e.ProtoReflect()
		names = append(names, string(m.WhichOneof(m.Descriptor().Oneofs().ByName("body")).Name()))
	}
	return names
}

func want(t testing.TB, got []string, names ...string) {
	t.Helper()
	if !slices.Equal(got, names) {
		t.Fatalf("got %v, want %v", got, names)
	}
}

// holds checks a truth about a scene.
func holds(t testing.TB, what string, truth bool) {
	t.Helper()
	if !truth {
		t.Errorf("does not hold: %s", what)
	}
}

func marshal(m proto.Message) []byte {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return b
}

// emit writes events that no short scene leads to, or none any more.
func (sc *scene) emit(to *classpb.Audience, events ...*classpb.Event) {
	sc.now += 1000
	d := &docket{state: sc.state, actor: Node(), in: sc.input(), session: sc.state.GetSession(), seq: sc.state.GetSeq()}
	for _, e := range events {
		d.tell(to, e)
	}
	sc.keep(d.decision.Events...)
}
