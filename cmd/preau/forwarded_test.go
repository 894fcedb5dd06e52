package main

import (
	"context"
	"slices"
	"testing"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
)

// silent checks that nothing of a track comes to these while the publisher sends of this track, or of
// another. What was on its way has come by the first ten packets.
func silent(ctx context.Context, t *testing.T, sends *client.LocalTrack, sid string, to ...*client.Client) {
	t.Helper()
	sent := sends.Sent(0)
	eventually(ctx, t, "packets that were on their way", func() bool { return sends.Sent(0) > sent+10 })
	before := packetsOf(sid, to)
	eventually(ctx, t, "more packets", func() bool { return sends.Sent(0) > sent+35 })
	for i, now := range packetsOf(sid, to) {
		if now != before[i] {
			t.Errorf("%s: %d packets of %s came that should not", to[i].Identity(), now-before[i], sid)
		}
	}
}

// flows waits until a track has gone on to all of these.
func flows(ctx context.Context, t *testing.T, sid string, to ...*client.Client) {
	t.Helper()
	for i, before := range packetsOf(sid, to) {
		receives(ctx, t, to[i], sid, before+25)
	}
}

func packetsOf(sid string, to []*client.Client) (counts []uint64) {
	for _, c := range to {
		n := uint64(0)
		if track := c.Track(sid); track != nil {
			n = track.Stats().Packets
		}
		counts = append(counts, n)
	}
	return counts
}

// Somebody forwarded to another class is heard and seen in both, byte for byte as they send it, and
// their muting and ending a track holds in both; what the other class does to it, there alone. Both
// classes' wishes for keyframes and layers reach them.
func TestForwardToAnotherClass(t *testing.T) {
	s := startServer(t, "")
	for _, single := range []bool{true, false} {
		name := map[bool]string{true: "forwarded-one", false: "forwarded-two"}[single]
		hall := name + "-hall"
		ctx := within60(t)
		lea := s.join(t, name, "lea", teacher, client.Options{SinglePC: single})
		amina := s.join(t, name, "amina", pupil, client.Options{SinglePC: !single})
		basile := s.join(t, hall, "basile", teacher, client.Options{SinglePC: single})
		voice, err := lea.PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		camera, err := lea.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast)
		if err != nil {
			t.Fatal(err)
		}
		mic, cam := voice.Info.GetSid(), camera.Info.GetSid()
		with, api := s.api(ctx, t, name, hall)
		forward := func() {
			t.Helper()
			if _, err := api.ForwardParticipant(with, &livekit.ForwardParticipantRequest{Room: name, Identity: "lea", DestinationRoom: hall}); err != nil {
				t.Fatal(err)
			}
		}
		forward()
		forward()
		late := s.join(t, hall, "late", pupil, client.Options{SinglePC: !single})
		everybody := []*client.Client{amina, basile, late}
		flows(ctx, t, mic, everybody...)
		flows(ctx, t, cam, everybody...)
		guest := basile.Participant("lea")
		if guest.GetSid() == lea.SID() || guest.GetName() != "lea" || !slices.Contains(guest.GetKindDetails(), livekit.ParticipantInfo_FORWARDED) {
			t.Errorf("in the hall lea is %v", guest)
		}
		if track := basile.Track(mic); track.Participant != guest.GetSid() {
			t.Errorf("the track is of %s, the guest is %s", track.Participant, guest.GetSid())
		}

		for i, c := range everybody { // in the hall both layers are wanted
			l := client.Simulcast[i%2]
			if err := c.Configure(cam, l.Width, l.Height, false); err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range everybody {
			eventually(ctx, t, "the layers asked for", func() bool { return c.Track(cam).Stats().Layer == i%2 })
		}
		for _, c := range everybody {
			before := camera.Keyframes(c.Track(cam).Stats().Layer)
			eventually(ctx, t, "a keyframe for "+c.Identity(), func() bool {
				if err := c.Track(cam).AskKeyframe(); err != nil {
					t.Fatal(err)
				}
				return camera.Keyframes(c.Track(cam).Stats().Layer) > before
			})
		}

		if err := voice.Mute(true); err != nil {
			t.Fatal(err)
		}
		for _, c := range everybody {
			eventually(ctx, t, "word of the mute", func() bool { return mutedIs(c, "lea", mic, true) })
		}
		silent(ctx, t, camera, mic, everybody...)
		if err := voice.Mute(false); err != nil {
			t.Fatal(err)
		}
		flows(ctx, t, mic, everybody...)

		there, hallAPI := s.api(ctx, t, hall, "")
		if _, err := hallAPI.MutePublishedTrack(there, &livekit.MuteRoomTrackRequest{Room: hall, Identity: "lea", TrackSid: mic, Muted: true}); err != nil {
			t.Fatal(err)
		}
		eventually(ctx, t, "word of the hall's mute", func() bool { return mutedIs(late, "lea", mic, true) })
		silent(ctx, t, voice, mic, late)
		flows(ctx, t, mic, amina)
		if voice.Muted() || mutedIs(amina, "lea", mic, true) {
			t.Error("the hall has muted lea at home")
		}

		if err := camera.Unpublish(); err != nil {
			t.Fatal(err)
		}
		for _, c := range everybody {
			eventually(ctx, t, "the camera's end", func() bool { return len(c.Participant("lea").GetTracks()) == 1 })
		}
		again, err := lea.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast[:1])
		if err != nil {
			t.Fatal(err)
		}
		flows(ctx, t, again.Info.GetSid(), everybody...)
		for _, c := range everybody {
			for _, sid := range []string{mic, cam, again.Info.GetSid()} {
				seamless(t, c, c.Track(sid))
			}
		}

		lea.Leave()
		for _, c := range everybody {
			eventually(ctx, t, "lea to be gone", func() bool { return c.Participant("lea") == nil })
		}
	}
}

// Put out of the class they are forwarded to, somebody goes on where they are; their socket's loss
// and return changes nothing; and a class to which they are forwarded before anybody is there has them
// when somebody comes.
func TestForwardingEnds(t *testing.T) {
	s := startServer(t, "")
	ctx := within60(t)
	lea := s.join(t, "home", "lea", teacher, client.Options{SinglePC: true, Reconnect: true})
	amina := s.join(t, "home", "amina", pupil, client.Options{})
	voice, err := lea.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	mic := voice.Info.GetSid()
	with, api := s.api(ctx, t, "home", "hall")
	there, hall := s.api(ctx, t, "hall", "")
	forward := &livekit.ForwardParticipantRequest{Room: "home", Identity: "lea", DestinationRoom: "hall"}
	if _, err := api.ForwardParticipant(with, forward); err != nil {
		t.Fatal(err)
	}
	basile := s.join(t, "hall", "basile", teacher, client.Options{})
	flows(ctx, t, mic, basile)

	lea.CutSocket()
	eventually(ctx, t, "lea to come back", func() bool { return lea.State() == client.Connected && lea.Resumes() == 1 })
	flows(ctx, t, mic, amina, basile)

	if _, err := hall.RemoveParticipant(there, &livekit.RoomParticipantIdentity{Room: "hall", Identity: "lea"}); err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "the guest to be gone", func() bool { return basile.Participant("lea") == nil })
	silent(ctx, t, voice, mic, basile)
	flows(ctx, t, mic, amina)
	if lea.Participant("amina") == nil || lea.Restarts() != 0 {
		t.Error("put out of the hall, lea is not at home")
	}
	if _, err := api.ForwardParticipant(with, forward); err != nil {
		t.Fatal(err)
	}
	flows(ctx, t, mic, basile)
	if _, err := api.RemoveParticipant(with, &livekit.RoomParticipantIdentity{Room: "home", Identity: "lea"}); err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "the guest to be gone with lea", func() bool { return basile.Participant("lea") == nil })
}

// mutedIs says whether a client knows a track of somebody as muted, or not.
func mutedIs(c *client.Client, identity, sid string, muted bool) bool {
	return slices.ContainsFunc(c.Participant(identity).GetTracks(), func(t *livekit.TrackInfo) bool {
		return t.GetSid() == sid && t.GetMuted() == muted
	})
}
