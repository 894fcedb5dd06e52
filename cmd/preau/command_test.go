package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/loadtest/client"
)

// soon is how long after a command's answer its last packet may still arrive.
const soon = 500 * time.Millisecond

// rooms is the server API as an application server calls it.
func (s *testServer) rooms(t *testing.T, class string) (context.Context, livekit.RoomService) {
	t.Helper()
	token, err := auth.NewAccessToken(devKey, devSecret).SetVideoGrant(&auth.VideoGrant{RoomAdmin: true, Room: class}).
		SetValidFor(time.Hour).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	ctx, err := twirp.WithHTTPRequestHeaders(inTime(t), http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		t.Fatal(err)
	}
	return ctx, livekit.NewRoomServiceProtobufClient(s.URL, http.DefaultClient)
}

// fallsSilent: although its publisher, who does not obey, sends on for a
// second, nothing of a track comes any more soon after the command's answer.
func fallsSilent(ctx context.Context, t *testing.T, listener *talker, sid string, track *client.LocalTrack, answered time.Time) {
	t.Helper()
	at := track.Sent(0)
	listener.until(ctx, "the publisher to send on", func() bool { return track.Sent(0) > at+15 })
	if late := listener.Track(sid).Stats().Last.Sub(answered); late > soon {
		t.Errorf("%s came for %v after the command", sid, late)
	}
	n := listener.Track(sid).Stats().Packets
	listener.until(ctx, "the publisher to send on", func() bool { return track.Sent(0) > at+30 })
	if now := listener.Track(sid).Stats().Packets; now != n {
		t.Errorf("%d packets of %s came long after the command", now-n, sid)
	}
}

func TestServerAPIReachesTheMedia(t *testing.T) {
	s := startServer(t, "")
	ctx, api := s.rooms(t, "api")
	lea := s.talker(t, "api", "lea", teacher, true)
	amina := s.talker(t, "api", "amina", pupil, false)
	basile := s.talker(t, "api", "basile", pupil, true)
	voice, err := amina.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	camera, err := amina.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast[:1])
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*talker{lea, basile} {
		receives(ctx, t, k.Client, voice.Info.GetSid(), 25)
		receives(ctx, t, k.Client, camera.Info.GetSid(), 15)
	}

	muted, err := api.MutePublishedTrack(ctx, &livekit.MuteRoomTrackRequest{Room: "api", Identity: "amina", TrackSid: voice.Info.GetSid(), Muted: true})
	if err != nil || !muted.GetTrack().GetMuted() {
		t.Fatalf("mute: %v %v", muted, err)
	}
	fallsSilent(ctx, t, basile, voice.Info.GetSid(), voice, time.Now())
	if err := voice.Mute(false); err != nil { // a pupil muted by a teacher may unmute
		t.Fatal(err)
	}
	receives(ctx, t, basile.Client, voice.Info.GetSid(), basile.Track(voice.Info.GetSid()).Stats().Packets+25)

	_, err = api.UpdateParticipant(ctx, &livekit.UpdateParticipantRequest{
		Room: "api", Identity: "amina",
		Permission: &livekit.ParticipantPermission{CanSubscribe: true, CanPublishData: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	answered := time.Now()
	fallsSilent(ctx, t, basile, voice.Info.GetSid(), voice, answered)
	fallsSilent(ctx, t, lea, camera.Info.GetSid(), camera, answered)
	if err := voice.Mute(false); err != nil { // and now it may not
		t.Fatal(err)
	}
	fallsSilent(ctx, t, basile, voice.Info.GetSid(), voice, answered)
	seamless(t, basile.Client, basile.Track(voice.Info.GetSid()))

	for _, to := range [][]string{nil, {"amina"}} {
		_, err = api.SendData(ctx, &livekit.SendDataRequest{Room: "api", Data: []byte("bell " + string(rune('0'+len(to)))), DestinationIdentities: to})
		if err != nil {
			t.Fatal(err)
		}
	}
	amina.until(ctx, "both bells", func() bool { return amina.got("bell 0") != nil && amina.got("bell 1") != nil })
	lea.until(ctx, "the bell", func() bool { return lea.got("bell 0") != nil })
	if lea.got("bell 1") != nil {
		t.Error("data of the server API for one came to another")
	}
}

func TestServerAPIRemoves(t *testing.T) {
	s := startServer(t, "")
	ctx, api := s.rooms(t, "out")
	lea := s.talker(t, "out", "lea", teacher, true)
	for _, single := range []bool{true, false} {
		// Another pupil each time: who was removed would have to be let in again.
		name := map[bool]string{true: "amina", false: "leo"}[single]
		amina := s.talker(t, "out", name, pupil, single)
		voice, err := amina.PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		receives(ctx, t, lea.Client, voice.Info.GetSid(), 25)
		if _, err := api.RemoveParticipant(ctx, &livekit.RoomParticipantIdentity{Room: "out", Identity: name}); err != nil {
			t.Fatal(err)
		}
		answered := time.Now()
		select {
		case <-amina.Left():
		case <-ctx.Done():
			t.Fatal("she was never told")
		}
		if r := amina.Reason(); r.GetReason() != livekit.DisconnectReason_PARTICIPANT_REMOVED || r.GetAction() != livekit.LeaveRequest_DISCONNECT {
			t.Errorf("she was told %v", r)
		}
		lea.until(ctx, "her to be gone", func() bool { return lea.Participant(name) == nil })
		if late := lea.Track(voice.Info.GetSid()).Stats().Last.Sub(answered); late > soon {
			t.Errorf("her voice came for %v after the command", late)
		}
		amina.Close()
	}
}
