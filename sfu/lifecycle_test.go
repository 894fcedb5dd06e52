package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// A publication that its client ends is gone for all, and the section that carried it serves the
// next one.
func TestUnpublishAndPublishAgain(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			n := testNode(t, Options{})
			r := n.Router("t/class")
			teacher := join(t, r, "PA_teacher", true)
			pupil := join(t, r, "PA_pupil", one)
			for i := range 3 {
				sid := fmt.Sprint("TR_", i)
				cam := teacher.publish(cameraSpec(sid), vp8)
				stop := every(t, 20*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, 200) })
				waitFor(teacher, "announced", func(e TrackEvent) bool { return e.SID == sid })
				if err := pupil.peer.Subscribe(sid, true); err != nil {
					t.Fatal(err)
				}
				pupil.until("pictures", func() bool { return pupil.count(sid) > 5 })
				stop()
				teacher.neg.Lock()
				if err := teacher.pub.RemoveTrack(cam.sender); err != nil {
					t.Fatal(err)
				}
				teacher.neg.Unlock()
				teacher.negotiate()
				waitFor(teacher, "word that it has gone", func(e TrackGoneEvent) bool { return e.SID == sid })
				pupil.until("its section's end", func() bool { return len(pupil.mids) == 0 })
			}
			video := 0
			for _, tr := range pupil.sub.GetTransceivers() {
				if tr.Kind() == webrtc.RTPCodecTypeVideo {
					video++
				}
			}
			if want := map[bool]int{true: 3, false: 1}[one]; video != want {
				t.Errorf("%d video sections, want %d", video, want)
			}
		})
	}
}

// Subscriptions end and begin again on the same sections.
func TestSubscribeAgain(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	pupil := join(t, r, "PA_pupil", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8)
	every(t, 20*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, 200) })
	waitFor(teacher, "announced", func(TrackEvent) bool { return true })
	for range 3 {
		pupil.mu.Lock()
		at := pupil.count("TR_cam")
		pupil.mu.Unlock()
		if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
			t.Fatal(err)
		}
		pupil.until("pictures", func() bool { return pupil.count("TR_cam") > at+5 })
		if err := pupil.peer.Subscribe("TR_cam", false); err != nil {
			t.Fatal(err)
		}
		pupil.until("its section's end", func() bool { return len(pupil.mids) == 0 })
	}
	waitCounted(t, "no subscription", func() bool { return counted(t, n.m.subscriptions) == 0 })
}

// An ICE restart, by either side's offer, keeps the media going.
func TestRestartICE(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			n := testNode(t, Options{})
			r := n.Router("t/class")
			teacher := join(t, r, "PA_teacher", true)
			pupil := join(t, r, "PA_pupil", one)
			cam := teacher.publish(cameraSpec("TR_cam"), vp8)
			every(t, 20*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, 200) })
			waitFor(teacher, "announced", func(TrackEvent) bool { return true })
			if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
				t.Fatal(err)
			}
			pupil.until("pictures", func() bool { return pupil.count("TR_cam") > 5 })
			before := pupil.sub.RemoteDescription().SDP
			if one {
				pupil.restart()
			} else {
				pupil.peer.RestartICE()
			}
			pupil.until("new credentials", func() bool {
				return iceUfrag(pupil.sub.RemoteDescription().SDP) != iceUfrag(before)
			})
			pupil.mu.Lock()
			at := pupil.count("TR_cam")
			pupil.mu.Unlock()
			pupil.until("pictures after the restart", func() bool { return pupil.count("TR_cam") > at+20 })
		})
	}
}
