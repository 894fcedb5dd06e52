package sfu

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// What is bounded is the streams of now, not all there ever were: a camera may be published again and
// again, as it is when a pupil switches it off and on through a class of hours.
func TestFortyCamerasOneAfterTheOther(t *testing.T) {
	n := testNode(t, Options{})
	teacher := join(t, n.Router("t/class"), "PA_teacher", true)
	for i := range 40 {
		sid := fmt.Sprint("TR_", i)
		cam := teacher.publish(cameraSpec(sid), vp8, "q", "h", "f")
		stop := every(t, 10*time.Millisecond, func() {
			for _, s := range cam.sources {
				s.picture(cam.mid(), 1, 200)
			}
		})
		teacher.until("all layers of "+sid, func() bool {
			pub := teacher.peer.ourTrack(sid)
			for i := range maxLayers {
				if pub == nil || pub.layers[i].Load() == nil {
					return false
				}
			}
			return true
		})
		teacher.neg.Lock()
		if err := teacher.pub.RemoveTrack(cam.sender); err != nil {
			t.Fatal(err)
		}
		teacher.neg.Unlock()
		stop()
		teacher.negotiate()
		waitFor(teacher, "word that it has gone", func(e TrackGoneEvent) bool { return e.SID == sid })
	}
	if got := teacher.peer.pub.streams.Load(); got > 2*maxLayers {
		t.Errorf("%d streams are counted as live", got)
	}
	if got := counted(t, n.m.peers); got != 1 {
		t.Error("the teacher was let go")
	}
}

// Who has buffers of ever new streams kept is let go.
func TestInventedStreamsAreBounded(t *testing.T) {
	n := testNode(t, Options{})
	rogue := join(t, n.Router("t/class"), "PA_rogue", true)
	cam := rogue.publish(cameraSpec("TR_cam"), vp8)
	stop := every(t, 10*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, 200) })
	waitFor(rogue, "announced", func(TrackEvent) bool { return true })
	stop()
	at := cam.sources[0]
	every(t, 10*time.Millisecond, func() {
		at.mu.Lock()
		defer at.mu.Unlock()
		_, _ = at.w.WriteRTP(&rtp.Header{Version: 2, PayloadType: at.pt, SSRC: rand.Uint32()}, make([]byte, 1000))
	})
	waitGauge(t, n, 0)
	if got := rogue.peer.pub.streams.Load(); got > maxStreams+10 {
		t.Errorf("%d streams were kept", got)
	}
}
