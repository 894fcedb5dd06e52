package sfu

import (
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// narrow is a socket behind a link: what comes in stands in a queue of so many bytes that drains
// at a rate; what does not fit is lost.
type narrow struct {
	net.PacketConn
	bits  atomic.Int64 // per second
	queue chan queued
	done  chan struct{}
}

type queued struct {
	data []byte
	from net.Addr
	due  time.Time
}

const narrowQueue = 300 * time.Millisecond // the longest that a packet stands in the queue

func newNarrow(t *testing.T, bits int64) *narrow {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &narrow{PacketConn: conn, queue: make(chan queued, 4096), done: make(chan struct{})}
	n.bits.Store(bits)
	go n.fill()
	return n
}

func (n *narrow) fill() {
	defer close(n.done)
	var free time.Time // when the link has sent all that stands in the queue
	buf := make([]byte, 2048)
	for {
		size, from, err := n.PacketConn.ReadFrom(buf)
		if err != nil {
			return
		}
		now := time.Now()
		if free.Before(now) {
			free = now
		}
		if free.Sub(now) > narrowQueue {
			continue
		}
		free = free.Add(time.Duration(int64(size+28) * 8 * int64(time.Second) / n.bits.Load()))
		n.queue <- queued{append([]byte(nil), buf[:size]...), from, free}
	}
}

// ReadFrom yields a packet once the link has carried it.
func (n *narrow) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case q := <-n.queue:
		time.Sleep(time.Until(q.due)) // the link itself, not a guess
		return copy(b, q.data), q.from, nil
	case <-n.done:
		return 0, nil, net.ErrClosed
	}
}

// The sizes of a layer's packets tell it from the others.
const small, middle, large = 250, 600, 1000

// The estimate governs what is forwarded: on a link that gets narrow the picture falls to a layer
// that fits and then pauses, and is told to; the voice goes on, and all comes back with the link.
func TestTheEstimateGovernsForwarding(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	r.SetPrivileged([]string{"PA_teacher"})
	link := newNarrow(t, 20_000_000)
	teacher := join(t, r, "PA_teacher", true)
	pupil := joinBy(t, r, "PA_pupil", true, link)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8, "q", "h", "f")
	mic := teacher.publish(micSpec("TR_mic"), opus)
	every(t, 33*time.Millisecond, func() {
		cam.sources[0].picture(cam.mid(), 1, small) // 67 kb/s
		cam.sources[1].picture(cam.mid(), 2, middle)
		cam.sources[2].picture(cam.mid(), 4, large) // 1 Mb/s
	})
	every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
	for _, sid := range []string{"TR_cam", "TR_mic"} {
		waitFor(teacher, sid+" announced", func(e TrackEvent) bool { return e.SID == sid })
		if err := pupil.peer.Subscribe(sid, true); err != nil {
			t.Fatal(err)
		}
	}
	pupil.seesLayer(large)
	pupil.hearsVoice()
	link.bits.Store(220_000)
	pupil.seesLayer(small)
	pupil.hearsVoice()
	if bits := pupil.peer.Stats().EstimateBPS; bits > 400_000 {
		t.Errorf("the estimate is %d b/s on a link of 220 kb/s", bits)
	}
	link.bits.Store(80_000)
	pupil.isToldPaused(true)
	pupil.hearsVoice()
	pupil.isToldSpare(200_000)
	// While ICE begins anew no voice passes, and what a socket brings is waited for.
	pupil.peer.noteChecking(pupil.peer.out.transport, webrtc.PeerConnectionStateConnecting)
	pupil.isToldNothingOfSpare()
	pupil.peer.noteChecking(pupil.peer.out.transport, webrtc.PeerConnectionStateConnected)
	pupil.isToldSpare(200_000)
	link.bits.Store(20_000_000)
	pupil.isToldPaused(false)
	pupil.seesLayer(large)
	pupil.hearsVoice()
}

// Before a cluster has told what a link carries, nothing but voices is tried on it: what a picture
// leaves in a thin link's queue stands before the voice for seconds.
func TestNoPictureBeforeTheLinkIsKnown(t *testing.T) {
	r := testNode(t, Options{}).Router("t/class")
	r.SetPrivileged([]string{"PA_teacher"})
	teacher := join(t, r, "PA_teacher", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8, "q")
	mic := teacher.publish(micSpec("TR_mic"), opus)
	every(t, 41*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, small) }) // 60 kb/s
	every(t, 40*time.Millisecond, func() { mic.sources[0].voice(30) })                    // 30 kb/s
	watch := func(c *client) {
		for _, sid := range []string{"TR_cam", "TR_mic"} {
			if err := c.peer.Subscribe(sid, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, sid := range []string{"TR_cam", "TR_mic"} {
		waitFor(teacher, sid+" announced", func(e TrackEvent) bool { return e.SID == sid })
	}
	first := join(t, r, "PA_first", true)
	watch(first)
	first.seesLayer(small) // by now it is known what that costs
	link := newNarrow(t, 60_000)
	pupil := joinBy(t, r, "PA_pupil", true, link)
	// A cluster that came before pion's receiver read the stream was all there in one moment, as it tells:
	// more than the link carries may be believed then, and a picture tried.
	var told atomic.Int64
	every(t, 5*time.Millisecond, func() { told.Store(max(told.Load(), int64(pupil.peer.Stats().EstimateBPS))) })
	watch(pupil)
	pupil.hearsVoice()
	// Nor are the pupil's sockets held to what that leaves beside the voice: nothing.
	pupil.isToldSpare(2_000_000)
	pupil.mu.Lock()
	for _, e := range pupil.seen {
		if e, ok := e.(SpareEvent); ok {
			if e.BPS < 40_000 {
				t.Errorf("at first %d b/s are left beside the voice", e.BPS)
			}
			break
		}
	}
	pupil.mu.Unlock()
	if n := pupil.count("TR_cam"); n > 0 && told.Load() <= startTried {
		t.Errorf("%d packets of a picture on a link that has no room for it", n)
	}
	link.bits.Store(20_000_000)
	pupil.seesLayer(small)
}

// seesLayer waits until the layer whose packets have this size has come for a while.
func (c *client) seesLayer(size int) {
	c.t.Helper()
	from := -1
	c.until("a layer of that size", func() bool {
		tr := c.tracks["TR_cam"]
		if tr == nil {
			return false
		}
		if from < 0 {
			from = len(tr.sizes)
		}
		last := len(tr.sizes) - 1
		return last > from+10 && tr.sizes[last] == size && tr.sizes[last-5] == size
	})
}

// hearsVoice waits for a second of voice.
func (c *client) hearsVoice() {
	c.t.Helper()
	var from int
	c.until("the voice", func() bool {
		if from == 0 {
			from = c.count("TR_mic")
		}
		return from > 0 && c.count("TR_mic") > from+50
	})
}

// isToldPaused waits until the last word on the camera is that it is paused, or that it is not.
func (c *client) isToldPaused(want bool) {
	c.t.Helper()
	c.until("the camera's state told", func() bool {
		told := false
		for _, e := range c.seen {
			if e, ok := e.(StreamStateEvent); ok {
				for _, s := range e.Streams {
					told = s.SID == "TR_cam" && s.Paused
				}
			}
		}
		return told == want
	})
}

// isToldSpare waits until less than that is told to be left beside the voice, in bits per second.
func (c *client) isToldSpare(under uint64) {
	c.t.Helper()
	c.until("what is left beside the voice to be told", func() bool {
		left, told := c.spare()
		return told && left > 0 && left < under
	})
}

// isToldNothingOfSpare waits until nothing is known of what is left.
func (c *client) isToldNothingOfSpare() {
	c.t.Helper()
	c.until("nothing to be told of what is left", func() bool {
		left, told := c.spare()
		return told && left == 0
	})
}

// spare is what was told last.
func (c *client) spare() (left uint64, told bool) {
	for _, e := range c.seen {
		if e, ok := e.(SpareEvent); ok {
			left, told = e.BPS, true
		}
	}
	return left, told
}
