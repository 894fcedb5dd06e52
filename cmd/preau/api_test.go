package main

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"testing"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/loadtest/client"
)

// api is a RoomService client with the grants of a class's administrator, who may also take people
// from it to another.
func (s *testServer) api(ctx context.Context, t *testing.T, class, destination string) (context.Context, livekit.RoomService) {
	t.Helper()
	token, err := auth.NewAccessToken(devKey, devSecret).SetVideoGrant(&auth.VideoGrant{
		RoomAdmin: true, RoomCreate: true, RoomList: true, Room: class, DestinationRoom: destination,
	}).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	ctx, err = twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		t.Fatal(err)
	}
	return ctx, livekit.NewRoomServiceJSONClient(s.URL, http.DefaultClient)
}

// Somebody taken to another class goes on speaking there over the connection they have, and hears
// who is there; the class they left gets not a packet more.
func TestMoveToAnotherClass(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	for _, single := range []bool{true, false} {
		name := map[bool]string{true: "one", false: "two"}[single]
		var mu sync.Mutex
		var moved *livekit.RoomMovedResponse
		lea := s.join(t, name, "lea", teacher, client.Options{SinglePC: single, OnSignal: func(m *livekit.SignalResponse) {
			mu.Lock()
			defer mu.Unlock()
			if m.GetRoomMoved() != nil {
				moved = m.GetRoomMoved()
			}
		}})
		amina := s.join(t, name, "amina", pupil, client.Options{SinglePC: !single})
		basile := s.join(t, name+"~1", "basile", teacher, client.Options{SinglePC: single})
		voice, err := lea.PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		camera, err := lea.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast)
		if err != nil {
			t.Fatal(err)
		}
		there, err := basile.PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		receives(ctx, t, amina, voice.Info.GetSid(), 25)
		receives(ctx, t, amina, camera.Info.GetSid(), 25)

		with, api := s.api(ctx, t, name, name+"~1")
		if _, err := api.MoveParticipant(with, &livekit.MoveParticipantRequest{Room: name, Identity: "lea", DestinationRoom: name + "~1"}); err != nil {
			t.Fatal(err)
		}
		receives(ctx, t, basile, voice.Info.GetSid(), 25)
		receives(ctx, t, basile, camera.Info.GetSid(), 25)
		receives(ctx, t, lea, there.Info.GetSid(), 25)
		seamless(t, basile, basile.Track(voice.Info.GetSid()))
		heard := amina.Track(voice.Info.GetSid()).Stats().Packets
		sent := voice.Sent(0)
		receives(ctx, t, basile, voice.Info.GetSid(), basile.Track(voice.Info.GetSid()).Stats().Packets+50)
		if now := amina.Track(voice.Info.GetSid()).Stats().Packets; now != heard {
			t.Errorf("the class that was left heard %d packets more, of %d sent", now-heard, voice.Sent(0)-sent)
		}
		if err := amina.Wait(ctx, "lea to be gone", func() bool { return amina.Participant("lea") == nil }); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if moved.GetRoom().GetName() != name+"~1" || len(moved.GetParticipant().GetTracks()) != 2 || len(moved.GetOtherParticipants()) != 1 {
			t.Errorf("lea was told %v", moved)
		}
		mu.Unlock()
	}
}

// A pupil who may not receive any more hears nothing more, and hears again once they may.
func TestSubscriptionWithdrawnStopsMedia(t *testing.T) {
	s := startServer(t, "")
	for mode, single := range map[string]bool{"one connection": true, "two connections": false} {
		t.Run(mode, func(t *testing.T) {
			ctx, class := inTime(t), "deaf-"+strconv.FormatBool(single)
			lea := s.join(t, class, "lea", teacher, client.Options{SinglePC: true})
			amina := s.join(t, class, "amina", pupil, client.Options{SinglePC: single})
			bea := s.join(t, class, "bea", pupil, client.Options{SinglePC: true})
			voice, err := lea.PublishMicrophone(ctx)
			if err != nil {
				t.Fatal(err)
			}
			sid := voice.Info.GetSid()
			receives(ctx, t, amina, sid, 25)
			receives(ctx, t, bea, sid, 25)
			with, api := s.api(ctx, t, class, "")
			permit := func(may bool) {
				t.Helper()
				if _, err := api.UpdateParticipant(with, &livekit.UpdateParticipantRequest{
					Room: class, Identity: "amina", Permission: &livekit.ParticipantPermission{CanSubscribe: may, CanPublishData: true},
				}); err != nil {
					t.Fatal(err)
				}
			}
			permit(false)
			heard := func(c *client.Client) uint64 { return c.Track(sid).Stats().Packets }
			deaf := amina.Track(sid)
			// A second of silence to her, by the clock of who hears on.
			still, last := heard(bea), uint64(0)
			err = bea.Wait(ctx, "a second in which Amina hears nothing", func() bool {
				if now := deaf.Stats().Packets; now != last {
					still, last = heard(bea), now
				}
				return heard(bea) > still+50
			})
			if err != nil {
				t.Fatal(err)
			}
			permit(true)
			err = amina.Wait(ctx, "the voice again", func() bool {
				if again := amina.Track(sid); again != nil && again != deaf {
					return again.Stats().Packets > 25
				}
				return deaf.Stats().Packets > last+25
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// A permission withdrawn stops media at once: the camera goes, the microphone is shut whatever its
// client does.
func TestPermissionWithdrawnStopsMedia(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	lea := s.join(t, "revoked", "lea", teacher, client.Options{SinglePC: true})
	amina := s.join(t, "revoked", "amina", pupil, client.Options{Defiant: true})
	voice, err := amina.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	camera, err := amina.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast[:1])
	if err != nil {
		t.Fatal(err)
	}
	receives(ctx, t, lea, voice.Info.GetSid(), 25)
	receives(ctx, t, lea, camera.Info.GetSid(), 25)
	with, api := s.api(ctx, t, "revoked", "")
	permit := func(p *livekit.ParticipantPermission) {
		t.Helper()
		if _, err := api.UpdateParticipant(with, &livekit.UpdateParticipantRequest{Room: "revoked", Identity: "amina", Permission: p}); err != nil {
			t.Fatal(err)
		}
	}
	permit(&livekit.ParticipantPermission{CanSubscribe: true, CanPublishData: true})
	err = lea.Wait(ctx, "word of it", func() bool {
		p := lea.Participant("amina")
		return len(p.GetTracks()) == 1 && p.GetTracks()[0].GetMuted() && !p.GetPermission().GetCanPublish()
	})
	if err != nil {
		t.Fatal(err)
	}
	heard, seen := lea.Track(voice.Info.GetSid()).Stats().Packets, lea.Track(camera.Info.GetSid()).Stats().Packets
	sent := voice.Sent(0)
	if err := amina.Wait(ctx, "a second of speech", func() bool { return voice.Sent(0) > sent+50 }); err != nil {
		t.Fatal(err)
	}
	if h, c := lea.Track(voice.Info.GetSid()).Stats().Packets, lea.Track(camera.Info.GetSid()).Stats().Packets; h != heard || c != seen {
		t.Errorf("%d packets of voice and %d of video came still", h-heard, c-seen)
	}
}
