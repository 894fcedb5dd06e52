package sfu

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"preau/sfu/internal/allocate"
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

// Of those who have not the word, one voice leads: who spoke last, or clearly louder.
func TestOneVoiceLeads(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	r.SetPrivileged([]string{"PA_teacher"})
	levels := map[string]*atomic.Int32{}
	var last *client
	for _, who := range []string{"teacher", "lea", "amina"} {
		c := join(t, r, "PA_"+who, true)
		mic := c.publish(micSpec("TR_"+who), opus)
		level := &atomic.Int32{}
		level.Store(127)
		levels[who] = level
		every(t, 20*time.Millisecond, func() { mic.sources[0].voice(int(level.Load())) })
		waitFor(c, "the microphone to be announced", func(e TrackEvent) bool { return e.SID == "TR_"+who })
		last = c
	}
	stand := func(teacher, lea, amina allocate.Rung) {
		t.Helper()
		last.until(fmt.Sprintf("the rungs %v, %v, %v", teacher, lea, amina), func() bool {
			return r.publication("TR_teacher").rung() == teacher && r.publication("TR_lea").rung() == lea &&
				r.publication("TR_amina").rung() == amina
		})
	}
	stand(allocate.Voice, allocate.MoreVoices, allocate.MoreVoices)
	levels["lea"].Store(20)
	stand(allocate.Voice, allocate.Speaker, allocate.MoreVoices)
	levels["lea"].Store(127)
	levels["amina"].Store(20)
	stand(allocate.Voice, allocate.MoreVoices, allocate.Speaker)
	r.SetPrivileged([]string{"PA_teacher", "PA_lea"})
	stand(allocate.Voice, allocate.Voice, allocate.Speaker)
}
