package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/packet"
)

// leaky loses one in ten of the packets that a client sends for the first time.
type leaky struct{ interceptor.NoOp }

func (l *leaky) NewInterceptor(string) (interceptor.Interceptor, error) { return l, nil }

func (l *leaky) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	sent := 0
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		if h.SSRC == info.SSRC {
			sent++
		}
		if h.SSRC == info.SSRC && sent%10 == 9 {
			return len(payload), nil
		}
		return w.Write(h, payload, a)
	})
}

// A publisher that leaves a layer's own name on the packets it sends again, as pion does, has what
// was lost repaired, and its layers remain what they are.
func TestRetransmissionsUnderTheLayersName(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := joinWith(t, r, "PA_teacher", true, means{wire: &leaky{}})
	pupil := join(t, r, "PA_pupil", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8, "q", "h", "f")
	every(t, 20*time.Millisecond, func() {
		for i, s := range cam.sources {
			s.picture(cam.mid(), i+1, 200*(i+1))
		}
	})
	waitFor(teacher, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
	if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	for i, width := range []uint32{1280, 640, 320} {
		pupil.peer.Configure("TR_cam", TrackSetting{Width: width, Height: width * 9 / 16})
		pupil.until(fmt.Sprint("a while of the layer of width ", width), func() bool {
			n := 0
			if r := pupil.tracks["TR_cam"]; r != nil {
				for _, size := range r.sizes {
					if size == 200*(3-i) {
						n++
					}
				}
			}
			return n > 60
		})
	}
	pub := teacher.peer.ourTrack("TR_cam")
	for i, s := range cam.sources {
		l := pub.layers[i].Load()
		if l == nil || l.ssrc != s.ssrc {
			t.Errorf("layer %d is not the stream %d any more", i, s.ssrc)
		}
	}
	pub.mu.Lock()
	if pub.reading != len(cam.sources) {
		t.Errorf("%d streams are read, of %d layers", pub.reading, len(cam.sources))
	}
	pub.mu.Unlock()
	pupil.mu.Lock()
	defer pupil.mu.Unlock()
	checkContinuity(t, pupil.tracks["TR_cam"])
}

// Retransmissions that cannot be named, as their extension was not negotiated, are lost, but are
// not taken for the layer.
func TestRetransmissionsWithoutAName(t *testing.T) {
	raw, err := (&rtp.Packet{Header: named(97, 4), Payload: []byte{0, 1, 2}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	params := webrtc.RTPParameters{
		HeaderExtensions: []webrtc.RTPHeaderExtensionParameter{{URI: extRID, ID: 4}},
		Codecs: []webrtc.RTPCodecParameters{
			{RTPCodecCapability: vp8, PayloadType: 96},
			{RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX}, PayloadType: 97},
		},
	}
	namesOf(params).correct(raw)
	if h, _, ok := packet.ParseHeader(raw); !ok || h.Extension(raw, 4) != nil {
		t.Error("a retransmission bears the layer's name")
	}
	params.HeaderExtensions = append(params.HeaderExtensions, webrtc.RTPHeaderExtensionParameter{URI: extRepairedRID, ID: 5})
	for pt, id := range map[uint8]uint8{96: 4, 97: 5} {
		raw, err := (&rtp.Packet{Header: named(pt, 4), Payload: []byte{0, 1, 2}}).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		namesOf(params).correct(raw)
		if h, _, _ := packet.ParseHeader(raw); string(h.Extension(raw, id)) != "q" {
			t.Errorf("payload type %d: no name under %d in %x", pt, id, raw)
		}
	}
}

func named(pt, id uint8) rtp.Header {
	h := rtp.Header{Version: 2, PayloadType: pt}
	_ = h.SetExtension(id, []byte("q"))
	return h
}

// A second stream under a layer's name is not taken for the layer, whose one reader ends with it.
func TestSecondStreamUnderALayersName(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := joinWith(t, r, "PA_teacher", true, means{wire: &doubled{}})
	pupil := join(t, r, "PA_pupil", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8, "q", "h", "f")
	every(t, 20*time.Millisecond, func() {
		for i, s := range cam.sources {
			s.picture(cam.mid(), i+1, 200*(i+1))
		}
	})
	waitFor(teacher, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
	if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	switchTo(pupil, 1280)
	waitCounted(t, "the second streams to be refused", func() bool { return counted(t, n.m.dropped[dropName]) >= 3 })
	switchTo(pupil, 320)
	pub := teacher.peer.ourTrack("TR_cam")
	for i, s := range cam.sources {
		if l := pub.layers[i].Load(); l == nil || l.ssrc != s.ssrc {
			t.Errorf("layer %d is not the stream %d any more", i, s.ssrc)
		}
	}
	pupil.mu.Lock()
	checkContinuity(t, pupil.tracks["TR_cam"])
	pupil.mu.Unlock()
	teacher.neg.Lock()
	if err := teacher.pub.RemoveTrack(cam.sender); err != nil {
		t.Fatal(err)
	}
	teacher.neg.Unlock()
	teacher.negotiate()
	waitFor(teacher, "word that it has gone", func(e TrackGoneEvent) bool { return e.SID == "TR_cam" })
}

// doubled sends each of a client's packets, from a stream's 50th on, under the next SSRC too.
type doubled struct{ interceptor.NoOp }

func (d *doubled) NewInterceptor(string) (interceptor.Interceptor, error) { return d, nil }

func (d *doubled) BindLocalStream(info *interceptor.StreamInfo, w interceptor.RTPWriter) interceptor.RTPWriter {
	sent := 0
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		if sent++; sent > 50 && h.SSRC == info.SSRC {
			twin := h.Clone()
			twin.SSRC, twin.SequenceNumber = h.SSRC+1, h.SequenceNumber-20_000
			if _, err := w.Write(&twin, payload, a); err != nil {
				return 0, err
			}
		}
		return w.Write(h, payload, a)
	})
}
