package sfu

import (
	"errors"
	"testing"
	"time"
)

// A panic over what one peer does, or is sent, ends that peer and is counted; the class goes on
// without a packet missing.
func TestPanicEndsOnePeer(t *testing.T) {
	for name, c := range map[string]struct {
		one  bool
		harm func(t *testing.T, victim, witness *client)
	}{
		"in a writer":                     {true, panicInWriter},
		"over an offer":                   {true, panicOverOffer},
		"in a plan, one connection":       {true, panicInPlan},
		"in a plan, two connections":      {false, panicInPlan},
		"in who hears the peer's events":  {true, panicInEvents},
		"in a callback of its connection": {true, panicInCallback},
		"on its way out":                  {true, panicOnTheWayOut},
	} {
		t.Run(name, func(t *testing.T) {
			n := testNode(t, Options{})
			r := n.Router("t/class")
			_, witness := listening(t, r)
			victim := joinWith(t, r, "PA_victim", c.one, means{hears: func(e Event) {
				if e == (SubscribedEvent{SID: "TR_fatal"}) {
					panic("made by the test")
				}
			}})
			c.harm(t, victim, witness)
			waitFor(victim, "the end of its connection", func(e StateEvent) bool { return e.State == StateClosed })
			unharmed(t, witness)
			if got := counted(t, n.m.panics); got != 1 {
				t.Errorf("%d panics were counted", got)
			}
			waitCounted(t, "the victim to be out", func() bool { return counted(t, n.m.peers) == 2 })
		})
	}
}

func panicInWriter(_ *testing.T, victim, witness *client) {
	w := witness.peer.out.writer
	w.call(func() {
		w.current = victim.peer
		panic("made by the test")
	})
}

func panicOverOffer(t *testing.T, victim, _ *client) {
	offer := victim.pub.LocalDescription().SDP
	victim.peer.neg.Lock()
	victim.peer.neg.takes = nil // to be written to
	victim.peer.neg.Unlock()
	before := counted(t, victim.peer.node.m.dropped[dropDescription])
	if _, err := victim.peer.Offer(Description{Type: "offer", SDP: offer, ID: 99}); !errors.Is(err, ErrDescription) {
		t.Errorf("the offer was answered with %v", err)
	}
	if got := counted(t, victim.peer.node.m.dropped[dropDescription]) - before; got != 1 {
		t.Errorf("%d descriptions were counted as refused", got)
	}
}

// A want without a class: the panic comes while the peer's lock is held.
func panicOnTheWayOut(_ *testing.T, victim, _ *client) {
	victim.peer.mu.Lock()
	victim.peer.ours["TR_broken"] = &publication{owner: victim.peer}
	victim.peer.mu.Unlock()
	victim.peer.Close()
}

func panicInPlan(_ *testing.T, victim, witness *client) {
	mic := witness.peer.router().publication("TR_mic")
	victim.peer.mu.Lock()
	victim.peer.wants["TR_fatal"] = &want{pub: &publication{owner: mic.owner, origin: mic, spec: mic.spec}}
	victim.peer.mu.Unlock()
	victim.peer.replan()
}

func panicInEvents(_ *testing.T, victim, _ *client) {
	victim.peer.emit(SubscribedEvent{SID: "TR_fatal"})
}

// panicInCallback has pion tell of a data channel, which is to be noted.
func panicInCallback(t *testing.T, victim, _ *client) {
	waitCounted(t, "its own channels", func() bool { return victim.holds(3) })
	victim.peer.mu.Lock()
	victim.peer.channels = nil
	victim.peer.mu.Unlock()
	if _, err := victim.pub.CreateDataChannel("_lossy", nil); err != nil {
		t.Fatal(err)
	}
}

// holds says whether the server has noted so many of the client's channels.
func (c *client) holds(count int) bool {
	c.peer.mu.Lock()
	defer c.peer.mu.Unlock()
	return len(c.peer.channels) == count
}

// A panic in a class's slow clock costs nobody a connection, and the class does not stand still.
func TestPanicInARouterEndsNobody(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	_, witness := listening(t, r)
	r.mu.Lock()
	detector := r.detector
	r.detector = nil
	r.mu.Unlock()
	waitCounted(t, "a panic", func() bool { return counted(t, n.m.panics) > 0 })
	r.mu.Lock()
	r.detector = detector
	r.mu.Unlock()
	unharmed(t, witness)
	late := join(t, r, "PA_late", true)
	if err := late.peer.Subscribe("TR_mic", true); err != nil {
		t.Fatal(err)
	}
	late.until("heard by who comes later", func() bool { return late.count("TR_mic") > 10 })
}

// listening is a class of two, one of whom talks and is heard by the other.
func listening(t *testing.T, r *Router) (speaker, witness *client) {
	t.Helper()
	speaker, witness = join(t, r, "PA_speaker", true), join(t, r, "PA_witness", true)
	mic := speaker.publish(micSpec("TR_mic"), opus)
	every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
	waitFor(speaker, "microphone announced", func(TrackEvent) bool { return true })
	if err := witness.peer.Subscribe("TR_mic", true); err != nil {
		t.Fatal(err)
	}
	witness.until("heard", func() bool { return witness.count("TR_mic") > 10 })
	return speaker, witness
}

// unharmed checks that the witness hears on, and has missed nothing.
func unharmed(t *testing.T, witness *client) {
	t.Helper()
	before := 0
	witness.change(func() { before = witness.count("TR_mic") })
	witness.until("heard on", func() bool { return witness.count("TR_mic") > before+50 })
	witness.mu.Lock()
	defer witness.mu.Unlock()
	checkContinuity(t, witness.tracks["TR_mic"])
	if _, gone := find(witness, func(e StateEvent) bool { return e.State == StateClosed }); gone {
		t.Error("the witness was closed too")
	}
}
