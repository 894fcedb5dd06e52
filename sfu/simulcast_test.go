package sfu

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/svctest"
	"preau/sfu/packet"
)

var h264 = webrtc.RTPCodecCapability{
	MimeType: webrtc.MimeTypeH264, ClockRate: videoClock,
	SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
}

// encoder makes the packets of a simulcast layer's pictures, all of one size, of random bytes behind
// what the codec leaves legible, and remembers what it made.
type encoder struct {
	*source
	size      int
	described bool
	stream    svctest.Stream
	made      *made
}

// made are the sums of all payloads that a camera's encoders made (see bodyOf).
type made struct {
	mu   sync.Mutex
	sums map[uint32]bool
}

func (m *made) note(sum uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sums[sum] = true
}

// picture sends the next one, of two packets.
func (e *encoder) picture(mid string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.w == nil {
		return
	}
	key := e.frames == 0 || e.wantKey
	e.frames, e.wantKey = e.frames+1, false
	e.tl0++
	frame := e.stream.Next(key)[0]
	for part := range 2 {
		payload := make([]byte, e.size)
		_, _ = rand.Read(payload)
		copy(payload, e.legible(frame, key, part == 0))
		var depends []byte
		if e.described {
			depends = frame.Descriptor(part == 0, part == 1)
		}
		e.made.note(bodyOf(e.codec.MimeType, payload))
		e.sendDescribed(mid, part == 1, payload, -1, depends)
	}
	e.pic = (e.pic + 1) & 0x7fff
	e.ts += 3000
}

// legible are the first bytes of a packet: descriptors, and of the picture what a client that seals
// it leaves open: ten bytes of a VP8 keyframe and three of another picture, the NAL units' heads.
func (e *encoder) legible(frame svctest.Frame, key, first bool) []byte {
	switch e.codec.MimeType {
	case webrtc.MimeTypeVP9:
		return frame.VP9(first, !first, 1)
	case webrtc.MimeTypeH264:
		switch {
		case key && first: // STAP-A of a parameter set
			return []byte{0x78, byte((e.size - 3) >> 8), byte(e.size - 3), 0x67, 0x42}
		case key: // FU-A, the whole IDR slice
			return []byte{0x7c, 0xc5}
		case first: // FU-A, a slice's first half
			return []byte{0x5c, 0x81}
		}
		return []byte{0x5c, 0x41}
	}
	head := []byte{0x80, 0xe0, 0x80 | byte(e.pic>>8), byte(e.pic), e.tl0, 0}
	switch {
	case first && key:
		head[0] |= 0x10
		return append(head, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 1, 0xb4, 0)
	case first:
		head[0] |= 0x10
		return append(head, 0x01, 0, 0)
	}
	return head
}

// Simulcast of every codec goes through switches as one continuous stream: numbers, times, picture
// ids, frame numbers of the dependency descriptor. What is sealed end to end arrives byte by byte as
// it was sent, but for the picture ids in front of it.
func TestSimulcastOfEveryCodec(t *testing.T) {
	for _, c := range []struct {
		codec             webrtc.RTPCodecCapability
		sealed, described bool
	}{{vp8, true, false}, {vp8, false, true}, {h264, false, false}, {h264, true, false}, {h264, false, true}, {vp9, false, false}, {vp9, false, true}, {vp9, true, true}} {
		t.Run(fmt.Sprintf("%s sealed %t described %t", c.codec.MimeType, c.sealed, c.described), func(t *testing.T) {
			t.Parallel() // they wait for switches more than they compute
			r := testNode(t, Options{}).Router("t/class")
			teacher, pupil := join(t, r, "PA_teacher", true), join(t, r, "PA_pupil", c.sealed)
			spec := cameraSpec("TR_cam")
			spec.MIMEs, spec.Sealed = []string{c.codec.MimeType}, c.sealed
			cam := teacher.publish(spec, c.codec, "q", "h", "f")
			m := &made{sums: map[uint32]bool{}}
			var layers []*encoder
			for i, s := range cam.sources {
				layers = append(layers, &encoder{
					source: s, size: 200 * (i + 1), described: c.described, made: m,
					stream: svctest.Stream{Mode: svctest.Mode{Spatials: 1, Temporals: 1}, Number: uint16(65500 + 7*i), Picture: uint16(32700 + 5*i)},
				})
			}
			stop := every(t, 33*time.Millisecond, func() {
				for _, l := range layers {
					l.picture(cam.mid())
				}
			})
			waitFor(teacher, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
			if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
				t.Fatal(err)
			}
			for _, width := range []uint32{1280, 320, 640, 1280, 320} {
				switchTo(pupil, width)
			}
			stop()
			arrivedWhole(t, pupil, m)
		})
	}
}

// switchTo asks for a width and waits until only its layer comes.
func switchTo(c *client, width uint32) {
	c.t.Helper()
	c.peer.Configure("TR_cam", TrackSetting{Width: width, Height: width * 9 / 16})
	want := map[uint32]int{320: 200, 640: 400, 1280: 600}[width]
	c.until(fmt.Sprint("the layer of width ", width), func() bool {
		r := c.tracks["TR_cam"]
		if r == nil || len(r.sizes) < 10 {
			return false
		}
		for _, size := range r.sizes[len(r.sizes)-10:] {
			if size != want {
				return false
			}
		}
		return true
	})
}

// arrivedWhole holds what came against what was made, and to what a decoder needs.
func arrivedWhole(t *testing.T, c *client, m *made) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.tracks["TR_cam"]
	m.mu.Lock()
	for i, sum := range r.bodies {
		if !m.sums[sum] {
			t.Errorf("payload %d was changed on the way", i)
		}
	}
	m.mu.Unlock()
	mime, depends, whole := r.mime, r.depends, r.whole
	checkContinuity(t, r)
	if mime != webrtc.MimeTypeVP9 {
		return
	}
	var reader packet.DependencyReader
	var was packet.VP9Descriptor
	var frame uint16
	packets := inSequence(whole)
	for i, p := range packets[:len(packets)-10] { // as in checkContinuity
		is, ok := packet.ParseVP9(p.Payload)
		if !ok {
			t.Fatalf("packet %d is no VP9", i)
		}
		var d packet.Dependency
		if depends != 0 && p.GetExtension(depends) != nil {
			if d, ok = reader.Read(p.GetExtension(depends), uint64(i)); !ok {
				t.Fatalf("packet %d: its descriptor cannot be read", i)
			}
		}
		if i > 0 {
			next := uint16(0)
			if p.Timestamp != packets[i-1].Timestamp {
				next = 1
			}
			if step := (is.PictureID - was.PictureID) & 0x7fff; step != next {
				t.Fatalf("packet %d: picture id %d after %d", i, is.PictureID, was.PictureID)
			}
			if step := is.TL0 - was.TL0; uint16(step) != next {
				t.Fatalf("packet %d: TL0PICIDX %d after %d", i, is.TL0, was.TL0)
			}
			if step := d.Number - frame; d.Structure != nil && step != next {
				t.Fatalf("packet %d: frame %d after %d", i, d.Number, frame)
			}
		}
		was, frame = is, d.Number
	}
}
