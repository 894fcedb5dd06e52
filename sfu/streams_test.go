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

// Media that was never announced is kept up to a bound of all of a client's streams together, and what
// is beyond is counted. What is announced late still comes.
func TestUnannouncedMediaIsBounded(t *testing.T) {
	n := testNode(t, Options{})
	rogue := join(t, n.Router("t/class"), "PA_rogue", true)
	var cams []*sending
	for i := range 5 {
		cams = append(cams, rogue.transmit("", fmt.Sprint("cid-", i), vp8))
	}
	every(t, 10*time.Millisecond, func() {
		for _, cam := range cams {
			cam.sources[0].picture(cam.mid(), 10, 1100)
		}
	})
	waitCounted(t, "media is dropped", func() bool { return counted(t, n.m.dropped[dropUnannounced]) > 500 })
	held := func() (bytes, streams int) {
		rogue.peer.pub.mu.Lock()
		defer rogue.peer.pub.mu.Unlock()
		for _, b := range rogue.peer.pub.opened {
			if !b.announced.Load() {
				bytes, streams = bytes+b.Size(), streams+1
			}
		}
		return bytes, streams
	}
	if bytes, streams := held(); bytes > maxUnannounced+maxUnannounced/8 || streams < 2 { // with its own headers
		t.Errorf("%d bytes wait in %d streams", bytes, streams)
	}
	for i, cam := range cams {
		sid := fmt.Sprint("TR_", i)
		spec := cameraSpec(sid)
		spec.CID, cam.sid = fmt.Sprint("cid-", i), sid
		if err := rogue.peer.AddTrack(spec); err != nil {
			t.Fatal(err)
		}
	}
	for i := range cams {
		sid := fmt.Sprint("TR_", i)
		waitFor(rogue, "word of "+sid, func(e TrackEvent) bool { return e.SID == sid })
	}
	rogue.until("all that waited to be read", func() bool { bytes, _ := held(); return bytes == 0 })
	rogue.peer.unannounced.mu.Lock()
	defer rogue.peer.unannounced.mu.Unlock()
	if got := rogue.peer.unannounced.bytes; got > maxUnannounced/10 {
		t.Errorf("%d bytes are still counted", got)
	}
}

// A stream that ended unannounced stands in nobody's way: the only one there is can be the only
// publication's though its track is named otherwise, as Firefox does.
func TestEndedStreamIsForgotten(t *testing.T) {
	n := testNode(t, Options{})
	c := join(t, n.Router("t/class"), "PA_a", true)
	send := func(cid string) *sending {
		cam := c.transmit("", cid, vp8)
		every(t, 10*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, 200) })
		c.until("the stream", func() bool {
			c.peer.mu.Lock()
			defer c.peer.mu.Unlock()
			for _, a := range c.peer.orphans {
				if a.track.ID() == cid {
					return true
				}
			}
			return false
		})
		return cam
	}
	first := send("cid-one")
	c.neg.Lock()
	if err := c.pub.RemoveTrack(first.sender); err != nil {
		t.Fatal(err)
	}
	c.neg.Unlock()
	c.negotiate()
	second := send("cid-two")
	if err := c.peer.AddTrack(cameraSpec("TR_cam")); err != nil {
		t.Fatal(err)
	}
	if e := waitFor(c, "announced", func(TrackEvent) bool { return true }); e.Mid != second.mid() {
		t.Errorf("section %s was taken, not %s", e.Mid, second.mid())
	}
}
