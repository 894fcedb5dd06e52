package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/svctest"
	"preau/sfu/packet"
)

// onlyVP8 registers the sound and the one video codec of an old phone.
func onlyVP8(m *webrtc.MediaEngine) error {
	sound := webrtc.RTPCodecParameters{PayloadType: 111, RTPCodecCapability: opus}
	if err := m.RegisterCodec(sound, webrtc.RTPCodecTypeAudio); err != nil {
		return err
	}
	return m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 96, RTPCodecCapability: vp8}, webrtc.RTPCodecTypeVideo)
}

// Who cannot decode a camera's first codec gets it in its second, which is published only then; who
// can decode the first goes on with it.
func TestBackupCodec(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			r := testNode(t, Options{}).Router("t/class")
			teacher, able, old := join(t, r, "PA_teacher", true), join(t, r, "PA_able", one), joinAble(t, r, "PA_old", one, onlyVP8)
			spec := svcSpec("TR_cam", webrtc.MimeTypeAV1)
			spec.Backup = webrtc.MimeTypeVP8
			camera := teacher.publish(spec, av1)
			src := &layered{
				source: camera.sources[0], stream: svctest.Stream{Mode: svctest.Mode{Spatials: 3, Temporals: 3, Key: true}},
				described: true, needs: map[uint16][]uint16{}, layers: map[uint16]packet.LayerID{},
			}
			every(t, 33*time.Millisecond, func() { src.picture(camera.mid()) })
			waitFor(teacher, "camera announced", func(TrackEvent) bool { return true })
			if err := able.peer.Subscribe("TR_cam", true); err != nil {
				t.Fatal(err)
			}
			able.until("seen in AV1", func() bool { return able.count("TR_cam") > 10 })
			teacher.change(func() {
				if _, asked := find(teacher, asksForVP8); asked {
					t.Error("a second codec was asked for while all can decode the first")
				}
			})
			if err := old.peer.Subscribe("TR_cam", true); err != nil {
				t.Fatal(err)
			}
			waitFor(teacher, "VP8 asked for", asksForVP8)
			if err := teacher.peer.AddCodec("TR_cam", CodecSpec{CID: "cid-vp8", Layers: spec.Layers}); err != nil {
				t.Fatal(err)
			}
			second := teacher.transmit("TR_cam", "cid-vp8", vp8)
			every(t, 33*time.Millisecond, func() { second.sources[0].picture(second.mid(), 2, 300) })
			old.until("seen in VP8", func() bool { return old.count("TR_cam") > 30 && old.tracks["TR_cam"].mime == webrtc.MimeTypeVP8 })
			before := 0
			able.change(func() { before = able.count("TR_cam") })
			able.until("still seen in AV1", func() bool {
				return able.count("TR_cam") > before+30 && able.tracks["TR_cam"].mime == webrtc.MimeTypeAV1
			})
			teacher.peer.SetMuted("TR_cam", true)
			teacher.peer.RemoveTrack("TR_cam")
			for _, c := range []*client{able, old} {
				c.until("without the camera", func() bool { return !c.carries("TR_cam") })
			}
		})
	}
}

func asksForVP8(e SubscribedQualityEvent) bool {
	for _, c := range e.Codecs {
		for _, q := range c.Qualities {
			if c.Codec == "vp8" && q.Enabled {
				return true
			}
		}
	}
	return false
}

func TestSecondCodecsThatNobodyAskedFor(t *testing.T) {
	r := testNode(t, Options{}).Router("t/class")
	p, err := r.Join(PeerOptions{Participant: "PA_a", SinglePC: true}, EventsFunc(func(Event) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	with, without := cameraSpec("TR_with"), cameraSpec("TR_without")
	with.Backup = webrtc.MimeTypeVP8
	for _, spec := range []TrackSpec{with, without} {
		if err := p.AddTrack(spec); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		sid  string
		want error
	}{{"TR_without", ErrNoTrack}, {"TR_none", ErrNoTrack}, {"TR_with", nil}, {"TR_with", ErrTrackExists}} {
		if got := p.AddCodec(c.sid, CodecSpec{CID: "cid"}); got != c.want {
			t.Errorf("%s: %v, want %v", c.sid, got, c.want)
		}
	}
}
