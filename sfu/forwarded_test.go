package sfu

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/svctest"
	"preau/sfu/packet"
)

// show forwards a client to a class, where each of these tracks is let through.
func show(t *testing.T, c *client, class, as string, sids ...string) {
	t.Helper()
	if err := c.peer.Forward(class, as); err != nil {
		t.Fatal(err)
	}
	for _, sid := range sids {
		c.peer.Open(class, sid, true)
	}
}

// Who is forwarded is heard and seen in both classes, byte for byte alike; what they do to a track,
// and its end, holds in both; what the other class does, there alone.
func TestForwardedToAnotherClass(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			s := newShown(t, one)
			s.isLetThrough(t)
			s.hearsBothClasses(t)
			s.hasTwoGates(t)
			s.showsMore(t)
			s.ends(t)
		})
	}
}

// shown is somebody who is heard at home, by near, and forwarded to where far is.
type shown struct {
	n                  *Node
	speaker, near, far *client
	cam, mic           *sending
}

// newShown: the camera is let through to the other class, the microphone not yet.
func newShown(t *testing.T, one bool) *shown {
	t.Helper()
	n := testNode(t, Options{})
	here := n.Router("t/here")
	s := &shown{n: n, speaker: join(t, here, "PA_speaker", one), near: join(t, here, "PA_near", !one)}
	var words atomic.Uint32
	s.cam = s.speaker.publish(cameraSpec("TR_cam"), vp8, "q", "h")
	s.mic = s.speaker.publish(micSpec("TR_mic"), opus)
	every(t, 20*time.Millisecond, func() {
		s.mic.sources[0].voice(20 + int(words.Add(1)%10))
		for i, layer := range s.cam.sources {
			layer.picture(s.cam.mid(), 1, 200*(i+1)+int(words.Load()%90))
		}
	})
	waitFor(s.speaker, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
	waitFor(s.speaker, "microphone announced", func(e TrackEvent) bool { return e.SID == "TR_mic" })
	show(t, s.speaker, "t/there", "PA_guest", "TR_cam")
	s.far = join(t, n.Router("t/there"), "PA_far", one) // comes later
	for _, c := range []*client{s.near, s.far} {
		for _, sid := range []string{"TR_cam", "TR_mic"} {
			if err := c.peer.Subscribe(sid, true); err != nil {
				t.Fatal(c.sid, sid, err)
			}
		}
	}
	return s
}

func (s *shown) isLetThrough(t *testing.T) {
	t.Helper()
	s.near.flows("TR_cam")
	s.far.flows("TR_cam")
	s.near.flows("TR_mic")
	s.far.change(func() {
		if got := s.far.count("TR_mic"); got != 0 {
			t.Errorf("%d packets came before the class let the microphone through", got)
		}
		for _, msid := range s.far.msids {
			if msid != "" && !slices.Contains([]string{"PA_guest|TR_cam TR_cam", "PA_guest|TR_mic TR_mic"}, msid) {
				t.Errorf("the guest's track is described by %q", msid)
			}
		}
	})
	s.speaker.peer.Open("t/there", "TR_mic", true)
	s.far.flows("TR_mic")
	same(t, s.near, s.far, "TR_mic")
	same(t, s.near, s.far, "TR_cam")
}

// hearsBothClasses: of what they ask, at most one keyframe in keyframeGap is passed on.
func (s *shown) hearsBothClasses(t *testing.T) {
	t.Helper()
	asked := func() (n int) {
		for _, layer := range s.cam.sources {
			layer.mu.Lock()
			n += layer.asked
			layer.mu.Unlock()
		}
		return n
	}
	for _, c := range []*client{s.near, s.far} {
		before := asked()
		s.far.until("a keyframe request of "+c.sid+" to reach the publisher", func() bool {
			for _, tr := range c.sub.GetTransceivers() {
				if r := tr.Receiver(); r != nil && r.Track() != nil && r.Track().Kind() == webrtc.RTPCodecTypeVideo {
					_ = c.sub.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(r.Track().SSRC())}})
				}
			}
			return asked() > before
		})
	}
}

func (s *shown) hasTwoGates(t *testing.T) {
	t.Helper()
	s.speaker.peer.Open("t/there", "TR_mic", false)
	stopped(t, s.far, "TR_mic", s.near, "TR_mic")
	s.speaker.peer.Open("t/there", "TR_mic", true)
	s.far.flows("TR_mic")
	s.speaker.peer.SetMuted("TR_mic", true)
	s.speaker.peer.Open("t/there", "TR_mic", true) // the class may not open what its owner has shut
	stopped(t, s.far, "TR_mic", s.far, "TR_cam")
	s.speaker.peer.SetMuted("TR_mic", false)
	s.far.flows("TR_mic")
}

// showsMore: what comes later is there too.
func (s *shown) showsMore(t *testing.T) {
	t.Helper()
	late := s.speaker.publish(micSpec("TR_late"), opus)
	every(t, 20*time.Millisecond, func() { late.sources[0].voice(20) })
	waitFor(s.speaker, "announced", func(e TrackEvent) bool { return e.SID == "TR_late" })
	s.speaker.peer.Open("t/there", "TR_late", true)
	if err := s.far.peer.Subscribe("TR_late", true); err != nil {
		t.Fatal(err)
	}
	s.far.flows("TR_late")
}

func (s *shown) ends(t *testing.T) {
	t.Helper()
	s.speaker.peer.RemoveTrack("TR_cam")
	for _, c := range []*client{s.near, s.far} {
		c.until("the camera's end", func() bool { return !c.carries("TR_cam") })
	}
	s.speaker.peer.Unforward("t/there")
	s.far.until("the end of it all", func() bool { return len(s.far.mids) == 0 })
	if err := s.far.peer.Subscribe("TR_mic", true); err == nil {
		t.Error("the class still has the track")
	}
	s.near.flows("TR_mic")
	s.far.leave()
	if _, still := s.n.Find("t/there"); still {
		t.Error("a class is still there, with nobody in it")
	}
}

// flows waits until a track has gone on.
func (c *client) flows(sid string) {
	c.t.Helper()
	before := 0
	c.change(func() { before = c.count(sid) })
	c.until(sid+" flows", func() bool { return c.count(sid) > before+25 })
}

// stopped checks that nothing of a track comes any more: what was on its way has come when another
// track, the clock, has gone on.
func stopped(t *testing.T, c *client, sid string, clock *client, other string) {
	t.Helper()
	clock.flows(other)
	before := 0
	c.change(func() { before = c.count(sid) })
	clock.flows(other)
	c.change(func() {
		if now := c.count(sid); now != before {
			t.Errorf("%s: %d packets of %s came after its gate shut", c.sid, now-before, sid)
		}
	})
}

// same compares what two clients have received of a track, from where both had it on.
func same(t *testing.T, a, b *client, sid string) {
	t.Helper()
	const run = 12 // packets in a row
	var left, right []uint32
	a.change(func() { left = slices.Clone(a.tracks[sid].bodies) })
	b.change(func() { right = slices.Clone(b.tracks[sid].bodies) })
	if len(right) < run {
		t.Fatalf("%s: %d packets came", sid, len(right))
	}
	tail := right[len(right)-run:]
	a.until(sid+" alike in both classes", func() bool {
		left = a.tracks[sid].bodies
		for i := range len(left) - run {
			if slices.Equal(left[i:i+run], tail) {
				return true
			}
		}
		return false
	})
}

// A class's router lives while somebody is forwarded to it; the ways to be forwarded end with the
// peer, and with its move; and there is a bound to them.
func TestForwardedUntil(t *testing.T) {
	n := testNode(t, Options{})
	speaker := join(t, n.Router("t/here"), "PA_speaker", true)
	speaker.publish(micSpec("TR_mic"), opus)
	if err := speaker.peer.Forward("t/here", "PA_x"); !errors.Is(err, ErrPeerExists) {
		t.Errorf("to where it is: %v", err)
	}
	for i := range maxForwards {
		if err := speaker.peer.Forward(fmt.Sprint("t/", i), "PA_x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := speaker.peer.Forward("t/0", "PA_x"); !errors.Is(err, ErrPeerExists) {
		t.Errorf("twice: %v", err)
	}
	if err := speaker.peer.Forward("t/more", "PA_x"); !errors.Is(err, ErrLimit) {
		t.Errorf("to one more: %v", err)
	}
	if _, made := n.Find("t/more"); made {
		t.Error("a class was made for who does not come")
	}
	if _, err := n.Router("t/0").Join(PeerOptions{Participant: "PA_x", SinglePC: true}, EventsFunc(func(Event) {})); !errors.Is(err, ErrPeerExists) {
		t.Errorf("another of the same sid: %v", err)
	}
	speaker.peer.Unforward("t/0")
	speaker.peer.Unforward("t/0")
	speaker.peer.Open("t/0", "TR_mic", true)
	if _, still := n.Find("t/0"); still {
		t.Error("a class is still there, with nobody in it")
	}
	if r, ok := n.Find("t/1"); !ok || r.publication("TR_mic") == nil {
		t.Error("the track is not where it is forwarded")
	}
	if err := speaker.peer.Move("t/1", "PA_moved"); err != nil {
		t.Fatal(err)
	}
	for i := 2; i < maxForwards; i++ {
		if _, still := n.Find(fmt.Sprint("t/", i)); still {
			t.Errorf("forwarded to class %d after its move", i)
		}
	}
	show(t, speaker, "t/2", "PA_x", "TR_mic")
	speaker.leave()
	if _, still := n.Find("t/2"); still {
		t.Error("forwarded after its end")
	}
	if err := speaker.peer.Forward("t/2", "PA_x"); !errors.Is(err, ErrClosed) {
		t.Errorf("after its end: %v", err)
	}
}

// What the publisher is asked for is what either class wants: layers, and a second codec.
func TestForwardedWishesAreUnited(t *testing.T) {
	n := testNode(t, Options{})
	owner := ownerIn(n, "PA_a")
	pub := newPublication(owner, cameraSpec("TR_a"))
	pub.announced, pub.codec, pub.live = true, vp8, true
	c := pub.newCopy(&forward{newRouter(n, "t/there"), "PA_guest"})
	pub.addCopyLocked(c)
	small := []*Peer{{node: n, wants: map[string]*want{"TR_a": {pub: pub, setting: TrackSetting{Width: 320, Height: 180}}}}}
	large := &want{pub: c, setting: TrackSetting{Width: 1280, Height: 720}}
	at := time.Unix(1000, 0)
	told := func(after time.Duration) (last []bool) {
		at = at.Add(after)
		c.tellWanted(at, []*Peer{{node: n, wants: map[string]*want{"TR_a": large}}})
		pub.tellWanted(at, small)
		for len(owner.mail.queue) > 0 {
			last = nil
			for _, q := range (<-owner.mail.queue).(SubscribedQualityEvent).Codecs[0].Qualities {
				last = append(last, q.Enabled)
			}
		}
		return last
	}
	if got := told(0); got != nil {
		t.Errorf("a large picture there: told %v", got)
	}
	if got := told(2 * downgradeAfter); got != nil {
		t.Errorf("a large picture there, for long: told %v", got)
	}
	large.setting.Disabled = true
	told(time.Second)
	if got := told(downgradeAfter); !slices.Equal(got, []bool{true, false, false}) {
		t.Errorf("a small one here alone: told %v", got)
	}
	large.setting.Disabled = false
	if got := told(time.Second); !slices.Equal(got, []bool{true, true, true}) {
		t.Errorf("a large one again: told %v", got)
	}
}

// A second codec is asked for by the other class too, and seen there.
func TestForwardedInASecondCodec(t *testing.T) {
	n := testNode(t, Options{})
	speaker := join(t, n.Router("t/here"), "PA_speaker", true)
	spec := svcSpec("TR_cam", webrtc.MimeTypeAV1)
	spec.Backup = webrtc.MimeTypeVP8
	camera := speaker.publish(spec, av1)
	src := &layered{
		source: camera.sources[0], stream: svctest.Stream{Mode: svctest.Mode{Spatials: 3, Temporals: 3, Key: true}},
		described: true, needs: map[uint16][]uint16{}, layers: map[uint16]packet.LayerID{},
	}
	every(t, 33*time.Millisecond, func() { src.picture(camera.mid()) })
	waitFor(speaker, "camera announced", func(TrackEvent) bool { return true })
	show(t, speaker, "t/there", "PA_guest", "TR_cam")
	old := joinAble(t, n.Router("t/there"), "PA_old", true, onlyVP8)
	if err := old.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	waitFor(speaker, "VP8 asked for", asksForVP8)
	if err := speaker.peer.AddCodec("TR_cam", CodecSpec{CID: "cid-vp8", Layers: spec.Layers}); err != nil {
		t.Fatal(err)
	}
	second := speaker.transmit("TR_cam", "cid-vp8", vp8)
	every(t, 33*time.Millisecond, func() { second.sources[0].picture(second.mid(), 2, 300) })
	old.until("seen in VP8", func() bool { return old.count("TR_cam") > 30 && old.tracks["TR_cam"].mime == webrtc.MimeTypeVP8 })
	speaker.peer.RemoveTrack("TR_cam")
	old.until("without the camera", func() bool { return !old.carries("TR_cam") })
}
