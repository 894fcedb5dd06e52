package main

import (
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
)

const (
	sfuTracks     = "preau_sfu_tracks"
	sfuPacketsIn  = "preau_sfu_packets_in_total"
	sfuPacketsOut = "preau_sfu_packets_out_total"
	sfuBytesIn    = "preau_sfu_bytes_in_total"
	sfuBytesOut   = "preau_sfu_bytes_out_total"
	sfuJoins      = "preau_sfu_join_seconds_count"
	sfuJoinTime   = "preau_sfu_join_seconds_sum"
)

// The least that a packet of RTP has (RFC 3550, 5.1), and the most that a network carries, in bytes.
const smallest, largest = 12, 1500

// What an operator reads of the media is what the media does: nothing before there is any, then at
// least what a subscriber has received, and no tracks once they have ended.
func TestFiguresFollowTheMedia(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	for _, name := range []string{sfuTracks, sfuPacketsIn, sfuPacketsOut, sfuBytesIn, sfuBytesOut, sfuJoins, sfuJoinTime} {
		if v := s.metric(t, name); v != 0 {
			t.Errorf("%s is %v before anyone came", name, v)
		}
	}
	began := time.Now()
	lea := s.join(t, "figures", "lea", teacher, client.Options{SinglePC: true})
	amina := s.join(t, "figures", "amina", pupil, client.Options{})
	voice, err := lea.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "one track", func() bool { return s.metric(t, sfuTracks) == 1 })
	receives(ctx, t, amina, voice.Info.GetSid(), 50)
	s.carried(t, 50)
	if n, sum := s.metric(t, sfuJoins), s.metric(t, sfuJoinTime); n != 2 || sum <= 0 || sum > 2*time.Since(began).Seconds() {
		t.Errorf("%v joins took %v s, in a test of %v", n, sum, time.Since(began))
	}

	camera, err := lea.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast[:1])
	if err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "two tracks", func() bool { return s.metric(t, sfuTracks) == 2 })
	in, out := s.metric(t, sfuPacketsIn), s.metric(t, sfuPacketsOut)
	receives(ctx, t, amina, camera.Info.GetSid(), 50)
	s.carried(t, min(in, out)+50)

	if err := camera.Unpublish(); err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "one track again", func() bool { return s.metric(t, sfuTracks) == 1 })
	lea.Leave()
	eventually(ctx, t, "no track", func() bool { return s.metric(t, sfuTracks) == 0 })
}

// carried waits until so many packets, and the bytes of so many, stand on either side.
func (s *testServer) carried(t *testing.T, packets float64) {
	t.Helper()
	eventually(inTime(t), t, "what was received to be counted", func() bool {
		return s.metric(t, sfuPacketsIn) >= packets && s.metric(t, sfuPacketsOut) >= packets
	})
	for _, side := range [][2]string{{sfuPacketsIn, sfuBytesIn}, {sfuPacketsOut, sfuBytesOut}} {
		n := s.metric(t, side[0])
		if b := s.metric(t, side[1]); b < n*smallest || b > (n+100)*largest {
			t.Errorf("%s is %v, of %v packets", side[1], b, n)
		}
	}
}
