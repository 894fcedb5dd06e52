package sfu

import (
	"testing"
	"time"
)

// A teacher is heard and seen in every mix of the two negotiation modes.
func TestForwarding(t *testing.T) {
	for _, mode := range []struct {
		name             string
		teacher, student bool
	}{
		{"one connection each", true, true},
		{"two connections each", false, false},
		{"one to two", true, false},
		{"two to one", false, true},
	} {
		t.Run(mode.name, func(t *testing.T) {
			n := testNode(t, Options{})
			r := n.Router("t/class")
			teacher := join(t, r, "PA_teacher", mode.teacher)
			pupil := join(t, r, "PA_pupil", mode.student)

			mic := teacher.publish(micSpec("TR_mic"), opus)
			cam := teacher.publish(cameraSpec("TR_cam"), vp8, "q", "h", "f")
			every(t, 20*time.Millisecond, func() { mic.sources[0].voice(20) })
			every(t, 33*time.Millisecond, func() {
				for i, s := range cam.sources {
					s.picture(cam.mid(), i+1, 200*(i+1))
				}
			})
			waitFor(teacher, "microphone announced", func(e TrackEvent) bool { return e.SID == "TR_mic" })
			e := waitFor(teacher, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
			if e.MIME != "video/VP8" {
				t.Errorf("camera announced as %s", e.MIME)
			}
			for _, sid := range []string{"TR_mic", "TR_cam"} {
				if err := pupil.peer.Subscribe(sid, true); err != nil {
					t.Fatal(err)
				}
			}
			pupil.until("voice and picture", func() bool {
				return pupil.count("TR_mic") > 50 && pupil.count("TR_cam") > 50
			})
			waitFor(teacher, "word of the first subscription", func(e SubscribedEvent) bool { return e.SID == "TR_cam" })
			late := join(t, r, "PA_late", mode.student)
			if err := late.peer.Subscribe("TR_cam", true); err != nil {
				t.Fatal(err)
			}
			late.until("pictures", func() bool { return late.count("TR_cam") > 5 })
			word := 0
			teacher.mu.Lock()
			for _, e := range teacher.seen {
				if e, ok := e.(SubscribedEvent); ok && e.SID == "TR_cam" {
					word++
				}
			}
			teacher.mu.Unlock()
			if word != 1 {
				t.Errorf("told %d times that somebody subscribed", word)
			}
		})
	}
}
