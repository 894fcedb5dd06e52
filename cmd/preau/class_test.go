package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
	"preau/signaling/classpb"
)

const (
	teacher = classpb.Role_ROLE_TEACHER
	pupil   = classpb.Role_ROLE_PUPIL
)

// A teacher with simulcast video and a microphone, ten pupils in both connection
// modes: everyone receives both, and no stream has a seam however often its
// layer changes.
func TestClassOfElevenHearsWithoutASeam(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	lea := s.join(t, "5e-b", "lea", teacher, client.Options{SinglePC: true})
	microphone, err := lea.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	camera, err := lea.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast)
	if err != nil {
		t.Fatal(err)
	}
	var pupils []*client.Client
	for i := range 10 {
		pupils = append(pupils, s.join(t, "5e-b", fmt.Sprintf("pupil-%d", i), pupil, client.Options{SinglePC: i%2 == 0}))
	}
	for _, p := range pupils {
		receives(ctx, t, p, microphone.Info.GetSid(), 25)
		receives(ctx, t, p, camera.Info.GetSid(), 25)
	}
	for round, size := range [][2]uint32{{320, 180}, {1280, 720}, {640, 360}, {1280, 720}} {
		for _, p := range pupils {
			reachesLayer(ctx, t, p, camera.Info.GetSid(), size, round)
		}
	}
	for _, p := range pupils {
		for _, track := range p.Tracks() {
			seamless(t, p, track)
		}
	}
	s.showDrops(t)
}

// showDrops tells in a failed test where the server itself dropped packets, and why.
func (s *testServer) showDrops(t *testing.T) {
	t.Helper()
	if !t.Failed() {
		return
	}
	for line := range strings.Lines(s.metrics(t)) {
		if strings.HasPrefix(line, "preau_sfu_dropped_total") && !strings.HasSuffix(line, " 0\n") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

// receives waits until a track has brought n packets.
func receives(ctx context.Context, t *testing.T, c *client.Client, sid string, n uint64) {
	t.Helper()
	err := c.Wait(ctx, fmt.Sprintf("%d packets of %s", n, sid), func() bool {
		track := c.Track(sid)
		return track != nil && track.Stats().Packets >= n
	})
	if err != nil {
		if track := c.Track(sid); track != nil {
			t.Fatalf("%v; it is at %+v", err, track.Stats())
		}
		t.Fatalf("%v; the track has not come", err)
	}
}

// reachesLayer asks for a size and waits for the simulcast layer that has it.
func reachesLayer(ctx context.Context, t *testing.T, c *client.Client, sid string, size [2]uint32, round int) {
	t.Helper()
	if err := c.Configure(sid, size[0], size[1], false); err != nil {
		t.Fatal(err)
	}
	want := 0
	for i, l := range client.Simulcast {
		if l.Width == size[0] {
			want = i
		}
	}
	what := fmt.Sprintf("layer %d in round %d", want, round)
	if err := c.Wait(ctx, what, func() bool { return c.Track(sid).Stats().Layer == want }); err != nil {
		t.Fatalf("%v; it is at %+v", err, c.Track(sid).Stats())
	}
}

func seamless(t *testing.T, c *client.Client, track *client.RemoteTrack) {
	t.Helper()
	s := track.Stats()
	if s.Faults() != 0 {
		t.Errorf("%s: %s %s has a seam: %+v", c.Identity(), track.Kind, track.SID, s)
	}
}

func TestLockedPupilCannotPublish(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	s.join(t, "locked", "lea", teacher, client.Options{SinglePC: true})
	p := s.join(t, "locked", "amina", pupil, client.Options{SinglePC: true})
	_, err := p.PublishVideo(ctx, livekit.TrackSource_SCREEN_SHARE, client.Simulcast[:1])
	if refusal := (*client.NotAllowedError)(nil); !errors.As(err, &refusal) || refusal.Reason != "NOT_ALLOWED" {
		t.Fatalf("got %v, want NOT_ALLOWED", err)
	}
}
