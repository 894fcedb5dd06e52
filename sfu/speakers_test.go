package sfu

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestSpeakersAreTold(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	pupil := join(t, r, "PA_pupil", true)
	mic := teacher.publish(micSpec("TR_mic"), opus)
	var level atomic.Int32
	level.Store(15)
	every(t, 20*time.Millisecond, func() { mic.sources[0].voice(int(level.Load())) })
	speaks := func(want bool) {
		t.Helper()
		waitFor(pupil, "who speaks", func(e SpeakersEvent) bool {
			for _, s := range e.Speakers {
				if s.Participant == "PA_teacher" && s.Active == want {
					return true
				}
			}
			return false
		})
	}
	speaks(true)
	level.Store(127)
	speaks(false)
}
