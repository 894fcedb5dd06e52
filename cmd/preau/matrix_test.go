package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"preau/loadtest/client"
	clips "preau/loadtest/media"
)

// modes are the ways into a class that LiveKit's clients use.
func modes() map[string]client.Options {
	return map[string]client.Options{
		"v0":      {Form: client.FormQuery},
		"v1":      {SinglePC: true, Form: client.FormV1, EmbedOffer: true},
		"request": {SinglePC: true, Form: client.FormRequest, Plain: true, JSON: true},
	}
}

// row is one way to publish, which must arrive in every mode from every mode.
type row struct {
	name    string
	mime    string      // as received
	codec   clips.Codec // of clips; "": synthetic, in layers
	shape   shape       // how many layers, and how they travel
	selects bool        // the server sends the layer that is asked for, not all
	without bool        // the receivers take no redundant sound
	adapt   func(*client.Publication)
	checks  func(t *testing.T, local *client.LocalTrack, remote client.Stats)
}

type shape uint8

const (
	single shape = iota
	simulcast
	svc
)

func matrix() []row {
	return []row{
		{name: "Opus", mime: webrtc.MimeTypeOpus, codec: clips.Opus},
		{name: "Opus with DTX", mime: webrtc.MimeTypeOpus, codec: clips.Opus, adapt: func(p *client.Publication) { p.DTX = true }},
		{name: "Opus in stereo", mime: webrtc.MimeTypeOpus, codec: clips.Opus, adapt: func(p *client.Publication) { p.Stereo = true }},
		{name: "Opus with RED", mime: "audio/red", codec: clips.Opus, adapt: withRED, checks: comesTwice},
		{name: "Opus with RED, for who does not take it", mime: webrtc.MimeTypeOpus, codec: clips.Opus, adapt: withRED, without: true, checks: comesOnce},
		{name: "VP8", mime: webrtc.MimeTypeVP8, codec: clips.VP8},
		{name: "VP8 simulcast", mime: webrtc.MimeTypeVP8, codec: clips.VP8, shape: simulcast, selects: true},
		{name: "H.264 baseline", mime: webrtc.MimeTypeH264, codec: clips.H264Baseline},
		{name: "H.264 baseline simulcast", mime: webrtc.MimeTypeH264, codec: clips.H264Baseline, shape: simulcast, selects: true},
		{name: "H.264 in single packets", mime: webrtc.MimeTypeH264, codec: clips.H264Slices},
		{name: "H.264 in single packets, simulcast", mime: webrtc.MimeTypeH264, codec: clips.H264Slices, shape: simulcast, selects: true},
		{name: "H.264 high", mime: webrtc.MimeTypeH264, codec: clips.H264High},
		{name: "H.264 high simulcast", mime: webrtc.MimeTypeH264, codec: clips.H264High, shape: simulcast, selects: true},
		{name: "VP9", mime: webrtc.MimeTypeVP9, codec: clips.VP9},
		{name: "VP9 simulcast", mime: webrtc.MimeTypeVP9, codec: clips.VP9, shape: simulcast, selects: true},
		{name: "VP9 SVC", mime: webrtc.MimeTypeVP9, shape: svc, selects: true},
		{name: "AV1", mime: webrtc.MimeTypeAV1, codec: clips.AV1},
		{name: "AV1 simulcast", mime: webrtc.MimeTypeAV1, codec: clips.AV1, shape: simulcast, selects: true},
		{name: "AV1 SVC", mime: webrtc.MimeTypeAV1, shape: svc, selects: true},
		{name: "H.265", mime: webrtc.MimeTypeH265, codec: clips.H265},
		{name: "H.265 simulcast", mime: webrtc.MimeTypeH265, codec: clips.H265, shape: simulcast, selects: true},
	}
}

func withRED(p *client.Publication) { p.RED = true }

// comesTwice: each packet brings the one before along.
func comesTwice(t *testing.T, local *client.LocalTrack, remote client.Stats) {
	t.Helper()
	if !local.Redundant() || remote.Redundant < remote.Packets*9/10 {
		t.Errorf("sent with redundance: %v; %d of %d packets came with it", local.Redundant(), remote.Redundant, remote.Packets)
	}
}

func comesOnce(t *testing.T, local *client.LocalTrack, remote client.Stats) {
	t.Helper()
	if !local.Redundant() || remote.Redundant != 0 {
		t.Errorf("sent with redundance: %v; %d packets came with it", local.Redundant(), remote.Redundant)
	}
}

// Every codec in every shape arrives whole, byte by byte and without a seam,
// between all modes of connection, from layer to layer where there are several.
func TestMatrixOfCodecsAndConnections(t *testing.T) {
	s := startServer(t, "")
	for i, r := range matrix() {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.run(t, s, fmt.Sprintf("matrix-%d", i))
		})
	}
}

// heard is a published track and the mode that it came from.
type heard struct {
	mode  string
	local *client.LocalTrack
}

func (r row) run(t *testing.T, s *testServer, class string) {
	ctx := inTime(t)
	publication, catalogue := r.publication(ctx, t)
	var tracks []heard
	for mode, o := range modes() {
		o.NoSubscribe = true
		p := s.join(t, class, "from-"+mode, teacher, o)
		local, err := p.Publish(ctx, publication)
		if err != nil {
			t.Fatalf("%s: %v", mode, err)
		}
		tracks = append(tracks, heard{mode, local})
	}
	var pupils []*client.Client
	for mode, o := range modes() {
		o.NoRED = r.without
		if catalogue != nil {
			o.OnTrack = func(track *client.RemoteTrack) { track.Expect(catalogue) }
		}
		pupils = append(pupils, s.join(t, class, "to-"+mode, pupil, o))
	}
	for _, p := range pupils {
		for _, x := range tracks {
			receives(ctx, t, p, x.local.Info.GetSid(), 40)
		}
	}
	if r.shape != single {
		r.walkLayers(ctx, t, pupils, tracks)
	}
	for _, p := range pupils {
		for _, x := range tracks {
			r.verify(t, p, x)
		}
	}
	s.showDrops(t)
}

// publication is what the row publishes, and how to know its packets again.
func (r row) publication(ctx context.Context, t *testing.T) (client.Publication, *client.Catalogue) {
	t.Helper()
	p := client.Publication{Source: livekit.TrackSource_CAMERA, MIME: r.mime, SVC: r.shape == svc}
	if strings.HasPrefix(r.mime, "audio/") {
		p.Source = livekit.TrackSource_MICROPHONE
	}
	if r.adapt != nil {
		r.adapt(&p)
	}
	if r.codec == "" {
		p.Layers = slices.Clone(client.Simulcast)
		for i := range p.Layers {
			p.Layers[i].RID = ""
		}
		return p, nil
	}
	var err error
	if r.shape == simulcast {
		p.Clips, err = clips.Simulcast(ctx, r.codec)
	} else {
		spec := clips.Spec{Codec: r.codec, Kilobits: 32}
		if p.Source == livekit.TrackSource_CAMERA {
			spec.Width, spec.Height, spec.Kilobits = 640, 360, 300
		} else if p.Stereo {
			spec.Channels = 2
		}
		p.Clips = []*clips.Clip{nil}
		p.Clips[0], err = clips.Encode(ctx, spec)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p, client.NewCatalogue(p.Clips...)
}

// walkLayers asks every pupil for one size after another. A server that does not
// choose among the layers of one stream sends them all.
func (r row) walkLayers(ctx context.Context, t *testing.T, pupils []*client.Client, tracks []heard) {
	t.Helper()
	for round, want := range []int{0, 2, 1} {
		for _, p := range pupils {
			for _, x := range tracks {
				size := client.Simulcast[want]
				if err := p.Configure(x.local.Info.GetSid(), size.Width, size.Height, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !r.selects {
			want = len(client.Simulcast) - 1
		}
		for _, p := range pupils {
			for _, x := range tracks {
				track := p.Track(x.local.Info.GetSid())
				at := track.Stats().Frames
				what := fmt.Sprintf("layer %d of %s in round %d", want, x.mode, round)
				err := p.Wait(ctx, what, func() bool { now := track.Stats(); return now.Layer == want && now.Frames > at })
				if err != nil {
					t.Fatalf("%v; it is at %+v", err, track.Stats())
				}
			}
		}
	}
}

func (r row) verify(t *testing.T, p *client.Client, x heard) {
	t.Helper()
	track := p.Track(x.local.Info.GetSid())
	got := track.Stats()
	if got.Faults() != 0 {
		t.Errorf("%s from %s has a seam: %+v", p.Identity(), x.mode, got)
	}
	if video := track.Kind == webrtc.RTPCodecTypeVideo; video && (got.ColdStart || got.Keyframes == 0) {
		t.Errorf("%s from %s did not begin at a keyframe: %+v", p.Identity(), x.mode, got)
	}
	if !strings.EqualFold(track.MIME, r.mime) {
		t.Errorf("%s from %s: received as %s", p.Identity(), x.mode, track.MIME)
	}
	if r.checks != nil {
		r.checks(t, x.local, got)
	}
}
