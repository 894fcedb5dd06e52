package main

import (
	"testing"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"preau/loadtest/client"
)

// Every codec comes through byte by byte, from its first keyframe on, in both
// connection modes and, where browsers send simulcast, from one layer to another.
func TestEveryCodecArrivesWhole(t *testing.T) {
	single := []client.Layer{{Width: 1280, Height: 720, Packets: 5}}
	for _, codec := range []struct {
		name, mime string
		layers     []client.Layer
	}{
		{"VP8", webrtc.MimeTypeVP8, single},
		{"VP8 simulcast", webrtc.MimeTypeVP8, client.Simulcast},
		{"H.264", webrtc.MimeTypeH264, single},
		{"H.264 simulcast", webrtc.MimeTypeH264, client.Simulcast},
		{"VP9", webrtc.MimeTypeVP9, single},
		{"AV1", webrtc.MimeTypeAV1, single},
	} {
		t.Run(codec.name, func(t *testing.T) {
			for _, one := range []bool{true, false} {
				t.Run(map[bool]string{true: "one connection", false: "two connections"}[one], func(t *testing.T) {
					arrivesWhole(t, codec.mime, codec.layers, one)
				})
			}
		})
	}
}

func arrivesWhole(t *testing.T, mime string, layers []client.Layer, one bool) {
	t.Helper()
	s := startServer(t, "")
	ctx := inTime(t)
	lea := s.join(t, "codecs", "lea", teacher, client.Options{SinglePC: one})
	camera, err := lea.PublishCodec(ctx, livekit.TrackSource_CAMERA, mime, layers)
	if err != nil {
		t.Fatal(err)
	}
	sid := camera.Info.GetSid()
	first := s.join(t, "codecs", "amina", pupil, client.Options{SinglePC: one})
	receives(ctx, t, first, sid, 25)
	late := s.join(t, "codecs", "bela", pupil, client.Options{SinglePC: !one})
	receives(ctx, t, late, sid, 25)
	if len(layers) > 1 {
		for round, size := range [][2]uint32{{320, 180}, {1280, 720}, {640, 360}} {
			reachesLayer(ctx, t, late, sid, size, round)
		}
	}
	for _, p := range []*client.Client{first, late} {
		track := p.Track(sid)
		seamless(t, p, track)
		if got := track.Stats(); got.ColdStart || got.Keyframes == 0 || got.Frames == 0 {
			t.Errorf("%s: did not begin at a keyframe: %+v", p.Identity(), got)
		}
		if track.MIME != mime {
			t.Errorf("%s: received as %s, published as %s", p.Identity(), track.MIME, mime)
		}
	}
	s.showDrops(t)
}
