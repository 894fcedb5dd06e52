package sfu

import (
	"testing"
	"time"
)

// A panic in a writer, which serves many, costs the peer that was being served its connection: who
// shares the writer with it hears on.
func TestPanicInAWriterEndsOnePeer(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	speaker, witness, victim := join(t, r, "PA_speaker", true), join(t, r, "PA_witness", true), join(t, r, "PA_victim", true)
	mic := speaker.publish(micSpec("TR_mic"), opus)
	every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
	waitFor(speaker, "microphone announced", func(TrackEvent) bool { return true })
	if err := witness.peer.Subscribe("TR_mic", true); err != nil {
		t.Fatal(err)
	}
	witness.until("heard", func() bool { return witness.count("TR_mic") > 10 })
	w := witness.peer.out.writer
	w.call(func() {
		w.current = victim.peer
		panic("made by the test")
	})
	waitFor(victim, "the end of its connection", func(e StateEvent) bool { return e.State == StateClosed })
	before := 0
	witness.change(func() { before = witness.count("TR_mic") })
	witness.until("heard on", func() bool { return witness.count("TR_mic") > before+50 })
	if got := counted(t, n.m.panics); got != 1 {
		t.Errorf("%d panics were counted", got)
	}
	if _, gone := find(witness, func(e StateEvent) bool { return e.State == StateClosed }); gone {
		t.Error("the witness was closed too")
	}
	witness.leave()
	witness.mu.Lock()
	defer witness.mu.Unlock()
	checkContinuity(t, witness.tracks["TR_mic"])
}
