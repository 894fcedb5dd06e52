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
			m := newMoving(t, one)
			m.goes(t)
			m.hasGates(t)
			m.leavesNothing(t)
		})
	}
}

// Sizes tell what was sent when.
const beforeMove, afterMove = 200, 321

// moving is somebody who goes from the class where stays is to the one where waits is.
type moving struct {
	n                   *Node
	mover, stays, waits *client
	size                atomic.Int64 // of what is sent in the class that is left, and by who leaves
}

func newMoving(t *testing.T, one bool) *moving {
	t.Helper()
	m := &moving{n: testNode(t, Options{})}
	here := m.n.Router("t/here")
	m.mover, m.stays = join(t, here, "PA_mover", one), join(t, here, "PA_stays", !one)
	m.waits = join(t, m.n.Router("t/there"), "PA_waits", one)
	m.size.Store(beforeMove)
	cam := m.mover.publish(cameraSpec("TR_cam"), vp8, "q", "h")
	mic := m.mover.publish(micSpec("TR_mic"), opus)
	left := m.stays.publish(cameraSpec("TR_left"), vp8)
	found := m.waits.publish(cameraSpec("TR_found"), vp8)
	every(t, 20*time.Millisecond, func() {
		mic.sources[0].voice(20)
		for _, s := range cam.sources {
			s.picture(cam.mid(), 1, int(m.size.Load()))
		}
		left.sources[0].picture(left.mid(), 1, int(m.size.Load()))
		found.sources[0].picture(found.mid(), 1, afterMove)
	})
	waitFor(m.mover, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
	waitFor(m.mover, "microphone announced", func(e TrackEvent) bool { return e.SID == "TR_mic" })
	waitFor(m.stays, "announced", func(e TrackEvent) bool { return e.SID == "TR_left" })
	waitFor(m.waits, "announced", func(e TrackEvent) bool { return e.SID == "TR_found" })
	m.stays.receives("TR_cam", "TR_mic")
	m.mover.receives("TR_left")
	return m
}

// receives subscribes to tracks and waits for their packets.
func (c *client) receives(sids ...string) {
	c.t.Helper()
	for _, sid := range sids {
		if err := c.peer.Subscribe(sid, true); err != nil {
			c.t.Fatal(sid, err)
		}
	}
	for _, sid := range sids {
		c.until(sid, func() bool { return c.count(sid) > 10 })
	}
}

func (m *moving) goes(t *testing.T) {
	t.Helper()
	if err := m.mover.peer.Move("t/there", "PA_moved"); err != nil {
		t.Fatal(err)
	}
	m.size.Store(afterMove)
	if err := m.stays.peer.Subscribe("TR_cam", true); err == nil {
		t.Error("the class it left still has the track")
	}
	m.waits.receives("TR_cam", "TR_mic")
	m.mover.receives("TR_found")
	m.stays.until("the section's end", func() bool { return len(m.stays.mids) == 0 })
}

// hasGates: they, and the end of a track, go on working where it is now.
func (m *moving) hasGates(t *testing.T) {
	t.Helper()
	m.mover.peer.SetMuted("TR_mic", true)
	m.mover.peer.RemoveTrack("TR_cam")
	m.waits.until("the section's end", func() bool { return !slices.Contains(values(m.waits.mids), "TR_cam") })
	if m.n.Router("t/there").publication("TR_mic").open.Load() {
		t.Error("muted, and still open")
	}
}

func (m *moving) leavesNothing(t *testing.T) {
	t.Helper()
	for _, c := range []*client{m.stays, m.mover} {
		c.change(func() {
			for sid, r := range c.tracks {
				if sid != "TR_found" && slices.Contains(r.sizes, afterMove) {
					t.Errorf("%s of the class that was left still came after the move", sid)
				}
			}
		})
	}
	if _, still := m.n.Find("t/here"); !still {
		t.Error("the class that was left has gone")
	}
	m.stays.leave()
	if _, still := m.n.Find("t/here"); still {
		t.Error("the class that was left is still there, with nobody in it")
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
