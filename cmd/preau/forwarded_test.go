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
		f := s.forwarded(t, single)
		f.isKnownAsGuest(t)
		f.hearsWishes(t)
		f.mutesInBoth(t)
		f.isMutedThere(t)
		f.showsAgain(t)
		f.lea.Leave()
		for _, c := range f.everybody {
			eventually(f.ctx, t, "lea to be gone", func() bool { return c.Participant("lea") == nil })
		}
	}
}

// forwarded is lea, who is forwarded from her class, where amina is, to a hall.
type forwarded struct {
	ctx                      context.Context
	server                   *testServer
	hall                     string
	lea, amina, basile, late *client.Client
	everybody                []*client.Client // who receives her
	voice, camera            *client.LocalTrack
	mic, cam                 string // their sids
}

// forwarded forwards her twice; one comes to the hall before, one after that.
func (s *testServer) forwarded(t *testing.T, single bool) *forwarded {
	t.Helper()
	home := map[bool]string{true: "forwarded-one", false: "forwarded-two"}[single]
	f := &forwarded{ctx: inTime(t), server: s, hall: home + "-hall"}
	f.lea = s.join(t, home, "lea", teacher, client.Options{SinglePC: single})
	f.amina = s.join(t, home, "amina", pupil, client.Options{SinglePC: !single})
	f.basile = s.join(t, f.hall, "basile", teacher, client.Options{SinglePC: single})
	var err error
	if f.voice, err = f.lea.PublishMicrophone(f.ctx); err != nil {
		t.Fatal(err)
	}
	if f.camera, err = f.lea.PublishVideo(f.ctx, livekit.TrackSource_CAMERA, client.Simulcast); err != nil {
		t.Fatal(err)
	}
	f.mic, f.cam = f.voice.Info.GetSid(), f.camera.Info.GetSid()
	with, api := s.api(f.ctx, t, home, f.hall)
	for range 2 {
		if _, err := api.ForwardParticipant(with, &livekit.ForwardParticipantRequest{Room: home, Identity: "lea", DestinationRoom: f.hall}); err != nil {
			t.Fatal(err)
		}
	}
	f.late = s.join(t, f.hall, "late", pupil, client.Options{SinglePC: !single})
	f.everybody = []*client.Client{f.amina, f.basile, f.late}
	flows(f.ctx, t, f.mic, f.everybody...)
	flows(f.ctx, t, f.cam, f.everybody...)
	return f
}

func (f *forwarded) isKnownAsGuest(t *testing.T) {
	t.Helper()
	guest := f.basile.Participant("lea")
	if guest.GetSid() == f.lea.SID() || guest.GetName() != "lea" || !slices.Contains(guest.GetKindDetails(), livekit.ParticipantInfo_FORWARDED) {
		t.Errorf("in the hall lea is %v", guest)
	}
	if track := f.basile.Track(f.mic); track.Participant != guest.GetSid() {
		t.Errorf("the track is of %s, the guest is %s", track.Participant, guest.GetSid())
	}
}

// hearsWishes: in the hall both layers are wanted, and everybody asks for keyframes.
func (f *forwarded) hearsWishes(t *testing.T) {
	t.Helper()
	for i, c := range f.everybody {
		l := client.Simulcast[i%2]
		if err := c.Configure(f.cam, l.Width, l.Height, false); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range f.everybody {
		eventually(f.ctx, t, "the layers asked for", func() bool { return c.Track(f.cam).Stats().Layer == i%2 })
	}
	for _, c := range f.everybody {
		before := f.camera.Keyframes(c.Track(f.cam).Stats().Layer)
		eventually(f.ctx, t, "a keyframe for "+c.Identity(), func() bool {
			if err := c.Track(f.cam).AskKeyframe(); err != nil {
				t.Fatal(err)
			}
			return f.camera.Keyframes(c.Track(f.cam).Stats().Layer) > before
		})
	}
}

func (f *forwarded) mutesInBoth(t *testing.T) {
	t.Helper()
	if err := f.voice.Mute(true); err != nil {
		t.Fatal(err)
	}
	for _, c := range f.everybody {
		eventually(f.ctx, t, "word of the mute", func() bool { return mutedIs(c, "lea", f.mic, true) })
	}
	silent(f.ctx, t, f.camera, f.mic, f.everybody...)
	if err := f.voice.Mute(false); err != nil {
		t.Fatal(err)
	}
	flows(f.ctx, t, f.mic, f.everybody...)
}

// isMutedThere: what the hall mutes is heard at home.
func (f *forwarded) isMutedThere(t *testing.T) {
	t.Helper()
	there, hall := f.server.api(f.ctx, t, f.hall, "")
	if _, err := hall.MutePublishedTrack(there, &livekit.MuteRoomTrackRequest{Room: f.hall, Identity: "lea", TrackSid: f.mic, Muted: true}); err != nil {
		t.Fatal(err)
	}
	eventually(f.ctx, t, "word of the hall's mute", func() bool { return mutedIs(f.late, "lea", f.mic, true) })
	silent(f.ctx, t, f.voice, f.mic, f.late)
	flows(f.ctx, t, f.mic, f.amina)
	if f.voice.Muted() || mutedIs(f.amina, "lea", f.mic, true) {
		t.Error("the hall has muted lea at home")
	}
}

// showsAgain ends the camera and begins another; no stream has a seam.
func (f *forwarded) showsAgain(t *testing.T) {
	t.Helper()
	if err := f.camera.Unpublish(); err != nil {
		t.Fatal(err)
	}
	for _, c := range f.everybody {
		eventually(f.ctx, t, "the camera's end", func() bool { return len(c.Participant("lea").GetTracks()) == 1 })
	}
	again, err := f.lea.PublishVideo(f.ctx, livekit.TrackSource_CAMERA, client.Simulcast[:1])
	if err != nil {
		t.Fatal(err)
	}
	flows(f.ctx, t, again.Info.GetSid(), f.everybody...)
	for _, c := range f.everybody {
		for _, sid := range []string{f.mic, f.cam, again.Info.GetSid()} {
			seamless(t, c, c.Track(sid))
		}
	}
}

// Put out of the class they are forwarded to, somebody goes on where they are; their socket's loss
// and return changes nothing; and a class to which they are forwarded before anybody is there has them
// when somebody comes.
func TestForwardingEnds(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
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
