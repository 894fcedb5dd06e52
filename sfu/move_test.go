package sfu

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// Somebody goes to another class over the same connection: there they are seen and heard and hear
// the others, in the class they left not a packet more goes either way.
func TestMove(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			const before, after = 200, 321 // sizes tell what was sent when
			n := testNode(t, Options{})
			here, there := n.Router("t/here"), n.Router("t/there")
			mover := join(t, here, "PA_mover", one)
			stays := join(t, here, "PA_stays", !one)
			waits := join(t, there, "PA_waits", one)

			var size atomic.Int64
			size.Store(before)
			cam := mover.publish(cameraSpec("TR_cam"), vp8, "q", "h")
			mic := mover.publish(micSpec("TR_mic"), opus)
			left := stays.publish(cameraSpec("TR_left"), vp8)
			found := waits.publish(cameraSpec("TR_found"), vp8)
			every(t, 20*time.Millisecond, func() {
				mic.sources[0].voice(20)
				for _, s := range cam.sources {
					s.picture(cam.mid(), 1, int(size.Load()))
				}
				left.sources[0].picture(left.mid(), 1, int(size.Load()))
				found.sources[0].picture(found.mid(), 1, after)
			})
			waitFor(mover, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
			waitFor(mover, "microphone announced", func(e TrackEvent) bool { return e.SID == "TR_mic" })
			waitFor(stays, "announced", func(e TrackEvent) bool { return e.SID == "TR_left" })
			waitFor(waits, "announced", func(e TrackEvent) bool { return e.SID == "TR_found" })
			subscribe := func(c *client, sids ...string) {
				for _, sid := range sids {
					if err := c.peer.Subscribe(sid, true); err != nil {
						t.Fatal(sid, err)
					}
				}
			}
			subscribe(stays, "TR_cam", "TR_mic")
			subscribe(mover, "TR_left")
			stays.until("the mover", func() bool { return stays.count("TR_cam") > 10 && stays.count("TR_mic") > 10 })
			mover.until("who stays", func() bool { return mover.count("TR_left") > 10 })

			if err := mover.peer.Move("t/there", "PA_moved"); err != nil {
				t.Fatal(err)
			}
			size.Store(after)
			if err := stays.peer.Subscribe("TR_cam", true); err == nil {
				t.Error("the class it left still has the track")
			}
			subscribe(waits, "TR_cam", "TR_mic")
			subscribe(mover, "TR_found")
			waits.until("who came", func() bool { return waits.count("TR_cam") > 10 && waits.count("TR_mic") > 10 })
			mover.until("who was there", func() bool { return mover.count("TR_found") > 10 })
			stays.until("the section's end", func() bool { return len(stays.mids) == 0 })

			// Gates and the end of a track go on working where it is now.
			mover.peer.SetMuted("TR_mic", true)
			mover.peer.RemoveTrack("TR_cam")
			waits.until("the section's end", func() bool { return !slices.Contains(values(waits.mids), "TR_cam") })
			if there.publication("TR_mic").open.Load() {
				t.Error("muted, and still open")
			}
			for _, c := range []*client{stays, mover} {
				c.change(func() {
					for sid, r := range c.tracks {
						if sid != "TR_found" && slices.Contains(r.sizes, after) {
							t.Errorf("%s of the class that was left still came after the move", sid)
						}
					}
				})
			}
			if _, still := n.Find("t/here"); !still {
				t.Error("the class that was left has gone")
			}
			stays.leave()
			if _, still := n.Find("t/here"); still {
				t.Error("the class that was left is still there, with nobody in it")
			}
		})
	}
}

func values(m map[string]string) []string {
	var all []string
	for _, v := range m {
		all = append(all, v)
	}
	return all
}

// Whoever moves while the class is being made and dropped by others arrives, and one who has
// closed goes nowhere.
func TestMoveFindsTheClass(t *testing.T) {
	n := testNode(t, Options{})
	mover := join(t, n.Router("t/0"), "PA_mover", true)
	for i := range 20 {
		class := fmt.Sprint("t/", i+1)
		visitor := join(t, n.Router(class), "PA_visitor", true)
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			visitor.peer.Close()
		}()
		if err := mover.peer.Move(class, "PA_mover"); err != nil {
			t.Fatal(err)
		}
		<-gone
		r, ok := n.Find(class)
		if !ok || r != mover.peer.router() {
			t.Fatal("the mover is in a class that is not found")
		}
	}
	mover.peer.Close()
	if err := mover.peer.Move("t/0", "PA_mover"); err != ErrClosed {
		t.Errorf("moved after its end: %v", err)
	}
	if _, ok := n.Find("t/0"); ok {
		t.Error("a class was made for who has closed")
	}
}
