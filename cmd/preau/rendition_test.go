package main

import (
	"context"
	"testing"

	lk "github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"preau/loadtest/client"
	"preau/signaling/livekit"
)

// A teacher's microphone in two renditions: a pupil sees one track, hears the ordinary one, the low
// one while the link carries no more, and then the ordinary one again, in one stream without a seam.
// Muting the one that the class knows mutes both.
func TestVoiceOnAThinLink(t *testing.T) {
	s := startServer(t, "")
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		class := "thin-" + t.Name()
		lea := s.join(t, class, "lea", teacher, client.Options{SinglePC: o.SinglePC, Defiant: true})
		o.OnTrack = func(t *client.RemoteTrack) { t.Expect(nil) } // the renditions' bytes are counted apart
		amina := s.join(t, class, "amina", pupil, o)
		voice, err := lea.PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		low, err := lea.Publish(ctx, client.Publication{Name: livekit.VoiceLow, Source: lk.TrackSource_MICROPHONE, MIME: webrtc.MimeTypeOpus, Long: true})
		if err != nil {
			t.Fatal(err)
		}
		sid := voice.Info.GetSid()
		receives(ctx, t, amina, sid, 50)
		if err := lea.Wait(ctx, "the low rendition to be sent", func() bool { return low.Sent(0) > 20 }); err != nil {
			t.Fatal(err)
		}
		e := ear{ctx, lea, amina, sid}
		e.hears(t, "the ordinary rendition", voice, 30)
		e.limit(t, 30_000)
		e.hears(t, "the low rendition", low, 15)
		e.limit(t, 0)
		e.hears(t, "the ordinary rendition again", voice, 30)
		if seen := amina.Participant("lea"); len(seen.GetTracks()) != 1 || len(amina.Tracks()) != 1 {
			t.Errorf("a pupil sees %d tracks and receives %d", len(seen.GetTracks()), len(amina.Tracks()))
		}
		// The sources' packets meet anywhere on the grid of 10 ms, so that around the two changes a step
		// may be no multiple of a packet. TestRenditionsFollowWithoutASeam in sfu holds them to the tick.
		if got := amina.Track(sid).Stats(); got.Missing+got.Repeated > 0 || got.BadTimestamps > 2 {
			t.Errorf("the stream has a seam: %+v", got)
		}
		e.limit(t, 30_000)
		e.hears(t, "the low rendition", low, 15)
		if err := voice.Mute(true); err != nil {
			t.Fatal(err)
		}
		for e.share(t, low, 10) > 0 {
			if ctx.Err() != nil {
				t.Fatal("muted, the low rendition goes on")
			}
		}
	})
}

// ear is a pupil's, on a teacher's voice of two renditions.
type ear struct {
	ctx            context.Context
	teacher, pupil *client.Client
	sid            string
}

// share is how many packets are heard for each of the next n of a rendition.
func (e ear) share(t *testing.T, of *client.LocalTrack, n uint64) float64 {
	t.Helper()
	heard := func() uint64 { return e.pupil.Track(e.sid).Stats().Packets }
	from, at := of.Sent(0), heard()
	if err := e.teacher.Wait(e.ctx, "packets", func() bool { return of.Sent(0) >= from+n }); err != nil {
		t.Fatal(err)
	}
	return float64(heard()-at) / float64(n)
}

// hears waits until what is heard is this rendition, by the number of its packets.
func (e ear) hears(t *testing.T, what string, of *client.LocalTrack, n uint64) {
	t.Helper()
	for s := 0.0; s < .8 || s > 1.2; {
		if s = e.share(t, of, n); e.ctx.Err() != nil {
			t.Fatalf("%s: not heard", what)
		}
	}
}

// limit holds what is sent to the pupil under a rate; 0: no longer.
func (e ear) limit(t *testing.T, bps int64) {
	t.Helper()
	if err := e.pupil.Send(&lk.SignalRequest{Message: &lk.SignalRequest_Simulate{Simulate: &lk.SimulateScenario{
		Scenario: &lk.SimulateScenario_SubscriberBandwidth{SubscriberBandwidth: bps},
	}}}); err != nil {
		t.Fatal(err)
	}
}
