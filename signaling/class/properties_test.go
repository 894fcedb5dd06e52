package class

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"preau/signaling/classpb"
)

// TestProperties plays random commands by random actors and checks, after each, what must hold of
// every class: the state is valid; every viewer's view agrees with what the viewer heard; no view
// holds what its audience excludes; the log amounts to the state, however it is cut.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newChaos(rt)
		for range rapid.IntRange(1, 60).Draw(rt, "commands") {
			c.step()
		}
		c.checkReplay()
	})
}

// chaos is a class under random commands, with a ledger of who may know what, kept apart from View.
type chaos struct {
	rt     *rapid.T
	sc     *scene
	sids   int
	texts  int
	ledger ledger
}

func newChaos(rt *rapid.T) *chaos {
	c := &chaos{rt: rt, sc: newScene(&fatal{rt: rt}), ledger: ledger{}}
	lobby := rapid.Bool().Draw(rt, "lobby")
	c.send(Node(), open("maths", "Maths", lobby))
	c.send(Node(), join("teacher-0", "~teacher-0~", teacher))
	return c
}

// fatal lets a scene fail a rapid test.
type fatal struct {
	testing.TB
	rt *rapid.T
}

func (f *fatal) Helper()                           {}
func (f *fatal) Fatal(args ...any)                 { f.rt.Fatal(args...) }
func (f *fatal) Fatalf(format string, args ...any) { f.rt.Fatalf(format, args...) }

func (c *chaos) step() {
	a := c.actor()
	c.send(a, c.command(a))
}

// send decides, and follows every viewer over every event.
func (c *chaos) send(a Actor, cmd *classpb.Command) {
	s := c.sc.state
	before := marshal(s)
	in := c.sc.input()
	c.sc.now += 1000
	in.NowMS = c.sc.now
	d, err := Decide(s, a, cmd, in)
	if !bytes.Equal(before, marshal(s)) {
		c.rt.Fatalf("Decide changed the state")
	}
	if err != nil {
		return
	}
	for _, e := range d.Events {
		viewers := c.viewers(e)
		views := make([]*classpb.State, len(viewers))
		for i, v := range viewers {
			views[i] = View(s, v)
		}
		lenses := c.lenses(viewers)
		c.sc.log = append(c.sc.log, proto.Clone(e).(*classpb.Event))
		Apply(s, e)
		for i, v := range viewers {
			c.checkView(v, lenses[i], views[i], e)
		}
	}
	if err := check(s); err != nil {
		c.rt.Fatalf("after %v by %s: %v", cmd, a.ID, err)
	}
	c.ledger.note(c.sc, d.Events, a, cmd)
	for _, v := range c.viewers(nil) {
		c.checkSecrets(v, d.Events)
	}
}

// viewers are all that are known, someone who never came, and the server.
func (c *chaos) viewers(e *classpb.Event) []Viewer {
	out := []Viewer{{All: true}, {Participant: "P_nobody"}}
	for id := range c.sc.state.GetParticipants() {
		out = append(out, Viewer{Participant: id})
	}
	if id := e.GetProfileSet().GetParticipant(); id != "" && c.sc.state.GetParticipants()[id] == nil {
		out = append(out, Viewer{Participant: id})
	}
	return out
}

func (c *chaos) lenses(viewers []Viewer) []Lens {
	out := make([]Lens, len(viewers))
	for i, v := range viewers {
		out[i] = LensOf(c.sc.state, v)
	}
	return out
}

// checkView: View and Apply commute, unless the lens changed, which ChangesLens must have foretold.
func (c *chaos) checkView(v Viewer, before Lens, view *classpb.State, e *classpb.Event) {
	after := LensOf(c.sc.state, v)
	if after != before {
		if !ChangesLens(v, e) {
			c.rt.Fatalf("%v changed the lens of %v unforetold", e, v)
		}
		return
	}
	if after == LensNone {
		if Hears(c.sc.state, v, e) {
			c.rt.Fatalf("%v is outside and hears %v", v, e)
		}
		return
	}
	if Hears(c.sc.state, v, e) {
		Apply(view, e)
	}
	view.Seq = e.GetSeq()
	if want := View(c.sc.state, v); !bytes.Equal(marshal(view), marshal(want)) {
		c.rt.Fatalf("%v (lens %d) after %v\nhas  %v\nwant %v", v, after, e, view, want)
	}
}

// checkReplay: the whole log, any snapshot and its tail, and the same through the wire, amount to
// the same state, byte for byte.
func (c *chaos) checkReplay() {
	want := marshal(c.sc.state)
	if !bytes.Equal(marshal(replay(NewState(), c.sc.log)), want) {
		c.rt.Fatalf("the log does not amount to the state")
	}
	cut := rapid.IntRange(0, len(c.sc.log)).Draw(c.rt, "cut")
	snapshot := &classpb.State{}
	if err := proto.Unmarshal(marshal(replay(NewState(), c.sc.log[:cut])), snapshot); err != nil {
		c.rt.Fatal(err)
	}
	if got := replay(snapshot, c.sc.log); !bytes.Equal(marshal(got), want) { // the head is ignored
		c.rt.Fatalf("snapshot %d and tail amount to %v, want %v", cut, got, c.sc.state)
	}
}
