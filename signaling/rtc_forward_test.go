package signaling

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

func (s *rtcSchool) tryForward(identity, from, to string) error {
	ctx, api := s.api(auth.VideoGrant{RoomAdmin: true, Room: from, DestinationRoom: to})
	_, err := api.ForwardParticipant(ctx, &lk.ForwardParticipantRequest{Room: from, Identity: identity, DestinationRoom: to})
	return err
}

func (s *rtcSchool) forward(identity, from, to string) {
	s.t.Helper()
	if err := s.tryForward(identity, from, to); err != nil {
		s.t.Fatal(err)
	}
}

// gone waits until a participant has left a class.
func (s *rtcSchool) gone(name, identity string) {
	s.t.Helper()
	eventually(s.t, identity+" has left "+name, func() bool {
		return s.personIn(name, identity).GetPresence() == classpb.Presence_PRESENCE_GONE
	})
}

// inRoom commands a class for the server.
func (s *rtcSchool) inRoom(name string, c *classpb.Command) {
	s.t.Helper()
	if _, err := s.roomOf(name).Do(context.Background(), class.Node(), c); err != nil {
		s.t.Fatal(err)
	}
}

// lets waits until a fake peer's last word on a track in another class is this.
func (p *fakePeer) lets(t *testing.T, class, sid string, want bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s in %s is open: %v", sid, class, want), func() bool {
		got := false
		for _, cmd := range p.done() {
			if o, ok := cmd.(OpenForwarded); ok && o.Class == class && o.SID == sid {
				got = o.Open
			}
		}
		return got == want
	})
}

func track(sid string, muted bool) func(*lk.ParticipantInfo) bool {
	return func(p *lk.ParticipantInfo) bool {
		return slices.ContainsFunc(p.GetTracks(), func(t *lk.TrackInfo) bool { return t.GetSid() == sid && t.GetMuted() == muted })
	}
}

// Somebody forwarded stands in both classes: with what they publish, now and later, as they mute it and
// are called, until they go. Asked twice, nothing changes.
func TestForwardParticipant(t *testing.T) {
	s := newRTCSchool(t)
	g := &guest{s: s, ada: s.enter(s.token("ada", teacher)), bob: s.enter(s.token("bob", pupil)), eve: s.enter(s.tokenFor("hall", "eve", teacher))}
	g.mic = g.bob.publish(s, microphone("m"))
	g.ada.expectInfo("bob", track(g.mic, false))
	g.comes(t)
	g.comesTwice(t)
	g.mutes(t)
	g.isRenamed(t)
	g.shows(t)
	g.goes(t)
}

// guest is bob, who is forwarded from the class where ada is to the hall, where eve is.
type guest struct {
	s             *rtcSchool
	ada, bob, eve *rtcClient
	mic           string
	guest         string // his sid in the hall
}

func (g *guest) comes(t *testing.T) {
	t.Helper()
	g.s.forward("bob", "maths", "hall")
	g.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		g.guest = p.GetSid()
		return p.GetName() == "Name of bob" && p.GetState() == lk.ParticipantInfo_ACTIVE && p.GetAttributes()["role"] == "pupil" &&
			slices.Contains(p.GetKindDetails(), lk.ParticipantInfo_FORWARDED) && track(g.mic, false)(p)
	})
	if g.guest == g.bob.sid {
		t.Error("the guest has the sid of another session")
	}
	g.bob.peer.did(t, "forwarded", is(Forward{Class: "/hall", Participant: g.guest}))
	g.bob.peer.lets(t, "/hall", g.mic, true)
	g.eve.peer.did(t, "eve hears him", is(Subscribe{SID: g.mic, On: true}))
	late := g.s.enter(g.s.tokenFor("hall", "late", pupil))
	late.peer.did(t, "who comes later does too", is(Subscribe{SID: g.mic, On: true}))
}

func (g *guest) comesTwice(t *testing.T) {
	t.Helper()
	g.s.forward("bob", "maths", "hall")
	if p := g.s.personIn("hall", "bob"); p.GetSid() != g.guest || p.GetConnectedSid() != g.guest {
		t.Errorf("forwarded twice he is %v", p)
	}
	if p := g.s.personIn("maths", "bob"); p.GetSid() != g.bob.sid || class.Forwarded(p) {
		t.Errorf("at home he is %v", p)
	}
}

func (g *guest) mutes(t *testing.T) {
	t.Helper()
	g.bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: g.mic, Muted: true}}})
	g.eve.expectInfo("bob", track(g.mic, true))
	g.bob.peer.lets(t, "/hall", g.mic, false)
	g.bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: g.mic, Muted: false}}})
	g.eve.expectInfo("bob", track(g.mic, false))
	g.bob.peer.lets(t, "/hall", g.mic, true)
}

func (g *guest) isRenamed(t *testing.T) {
	t.Helper()
	ctx, api := g.s.api(auth.VideoGrant{RoomAdmin: true, Room: "maths"})
	for _, seat := range []string{"4", ""} {
		_, err := api.UpdateParticipant(ctx, &lk.UpdateParticipantRequest{
			Room: "maths", Identity: "bob", Name: "Bob" + seat, Metadata: "m" + seat, Attributes: map[string]string{"seat": seat},
		})
		if err != nil {
			t.Fatal(err)
		}
		g.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
			return p.GetName() == "Bob"+seat && p.GetMetadata() == "m"+seat && p.GetAttributes()["seat"] == seat
		})
	}
}

// shows a camera, which becomes larger and ends.
func (g *guest) shows(t *testing.T) {
	t.Helper()
	cam := g.bob.publish(g.s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA, Width: 320, Height: 180})
	g.eve.expectInfo("bob", track(cam, false))
	g.bob.peer.lets(t, "/hall", cam, true)
	g.bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateVideoTrack{UpdateVideoTrack: &lk.UpdateLocalVideoTrack{TrackSid: cam, Width: 640, Height: 360}}})
	g.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return slices.ContainsFunc(p.GetTracks(), func(t *lk.TrackInfo) bool { return t.GetSid() == cam && t.GetWidth() == 640 })
	})
	g.bob.peer.listener.PeerEvent(TrackGoneEvent{SID: cam})
	g.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return len(p.GetTracks()) == 1 && track(g.mic, false)(p) })
}

func (g *guest) goes(t *testing.T) {
	t.Helper()
	g.bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	g.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetSid() == g.guest && p.GetState() == lk.ParticipantInfo_DISCONNECTED
	})
	g.bob.peer.did(t, "not forwarded any more", is(Unforward{Class: "/hall"}))
	g.s.gone("hall", "bob")
	g.s.gone("maths", "bob")
	eventually(t, "nothing is left of it", func() bool {
		h := g.s.server.rtc
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.forwards) == 0 && len(h.hubs["/hall"].guests) == 0
	})
}

// The class that somebody is forwarded to decides what it takes of them, and may put them out; it
// changes nothing for them where they are.
func TestForwardedGuestIsTheOtherClassesToModerate(t *testing.T) {
	s := newRTCSchool(t)
	ada := s.enter(s.token("ada", teacher))
	bob := s.enter(s.token("bob", pupil))
	eve := s.enter(s.tokenFor("hall", "eve", teacher))
	mic := bob.publish(s, microphone("m"))
	cam := bob.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	s.inRoom("hall", &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	s.inRoom("hall", &classpb.Command{Body: &classpb.Command_SetLocks{SetLocks: &classpb.SetLocks{Camera: proto.Bool(true)}}})
	s.forward("bob", "maths", "hall") // no lobby keeps him out
	eve.expectInfo("bob", track(mic, false))
	bob.peer.lets(t, "/hall", mic, true)

	s.inRoom("hall", &classpb.Command{Body: &classpb.Command_SetLocks{SetLocks: &classpb.SetLocks{Camera: proto.Bool(false)}}})
	eve.expectInfo("bob", track(cam, false))
	bob.peer.lets(t, "/hall", cam, true)
	s.inRoom("hall", &classpb.Command{Body: &classpb.Command_SetLocks{SetLocks: &classpb.SetLocks{Camera: proto.Bool(true), Microphone: proto.Bool(true)}}})
	bob.peer.lets(t, "/hall", cam, false)
	bob.peer.lets(t, "/hall", mic, false)
	s.inRoom("hall", &classpb.Command{Body: &classpb.Command_SetLocks{SetLocks: &classpb.SetLocks{Microphone: proto.Bool(false)}}})

	ctx, api := s.api(auth.VideoGrant{RoomAdmin: true, Room: "hall"})
	bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: mic, Muted: true}}})
	ada.expectInfo("bob", track(mic, true))
	bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: mic, Muted: false}}})
	bob.peer.lets(t, "/hall", mic, true) // unmuted anew: the lock had muted it
	if _, err := api.MutePublishedTrack(ctx, &lk.MuteRoomTrackRequest{Room: "hall", Identity: "bob", TrackSid: mic, Muted: true}); err != nil {
		t.Fatal(err)
	}
	bob.peer.lets(t, "/hall", mic, false)
	if s.state().GetTracks()[mic].GetMuted() || s.state().GetTracks()[cam] == nil {
		t.Error("what the other class takes away is gone at home")
	}

	if _, err := api.RemoveParticipant(ctx, &lk.RoomParticipantIdentity{Room: "hall", Identity: "bob"}); err != nil {
		t.Fatal(err)
	}
	bob.peer.did(t, "not forwarded any more", is(Unforward{Class: "/hall"}))
	eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetState() == lk.ParticipantInfo_DISCONNECTED })
	if p := s.personIn("maths", "bob"); p.GetPresence() != classpb.Presence_PRESENCE_PRESENT || len(s.state().GetTracks()) != 2 {
		t.Errorf("put out there, at home he is %v", p)
	}
	s.forward("bob", "maths", "hall") // by the server's API again, whom it put out
	eve.expectInfo("bob", track(mic, false))
	s.inRoom("hall", &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: s.personIn("hall", "bob").GetId(), Ban: true}}})
	eventually(t, "banned", func() bool { return codeOfTwirp(s.tryForward("bob", "maths", "hall")) == twirp.PermissionDenied })
	s.inRoom("hall", &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
	s.forward("bob", "maths", "hall") // opens it anew
	if p := s.personIn("hall", "bob"); !class.Forwarded(p) {
		t.Errorf("in the new class he is %v", p)
	}
}

// Whoever of the publisher's choosing may not have the tracks may not have them there either.
func TestForwardedSubscriptionPermission(t *testing.T) {
	s := newRTCSchool(t)
	bob := s.enter(s.token("bob", teacher))
	mic := bob.publish(s, microphone("m"))
	eve := s.enter(s.tokenFor("hall", "eve", teacher))
	bob.permit(&lk.SubscriptionPermission{})
	session := s.server.rtc.session("/maths", s.id("bob"))
	eventually(t, "it is known", func() bool { return session.hub.permission(session.participant) != nil })
	s.forward("bob", "maths", "hall")
	eve.expectInfo("bob", track(mic, false))
	eve.allowed(mic, false)
	if slices.ContainsFunc(eve.peer.done(), is(Subscribe{SID: mic, On: true})) {
		t.Error("eve has what bob lets nobody have")
	}
	bob.permit(&lk.SubscriptionPermission{AllParticipants: true})
	eve.allowed(mic, true)
	eve.peer.did(t, "eve hears him", is(Subscribe{SID: mic, On: true}))
}

// In person somebody takes their guest's place, by joining and by being moved; who moves is forwarded
// no more.
func TestForwardedAndThereInPerson(t *testing.T) {
	s := newRTCSchool(t)
	bob := s.enter(s.token("bob", teacher))
	eve := s.enter(s.tokenFor("hall", "eve", teacher))
	mic := bob.publish(s, microphone("m"))
	s.forward("bob", "maths", "hall")
	eve.expectInfo("bob", track(mic, false))
	himself := s.enter(s.tokenFor("hall", "bob", teacher))
	bob.peer.did(t, "not forwarded any more", is(Unforward{Class: "/hall"}))
	eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetSid() == himself.sid && len(p.GetTracks()) == 0 && len(p.GetKindDetails()) == 0
	})
	if err := s.tryForward("bob", "maths", "hall"); codeOfTwirp(err) != twirp.AlreadyExists {
		t.Errorf("forwarded to where he is: %v", err)
	}
	if p := s.personIn("hall", "bob"); p.GetPresence() != classpb.Presence_PRESENCE_PRESENT || p.GetSid() != himself.sid {
		t.Errorf("there in person he is %v", p)
	}
	himself.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	s.gone("hall", "bob")

	s.forward("bob", "maths", "hall")
	s.forward("bob", "maths", "yard")
	eve.expectInfo("bob", track(mic, false))
	s.move("bob", "maths", "hall")
	bob.moved()
	eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetSid() == bob.sid && track(mic, false)(p) && len(p.GetKindDetails()) == 0
	})
	s.gone("yard", "bob")
	s.forward("bob", "hall", "yard") // by the session that has moved on
	if p := s.personIn("yard", "bob"); !class.Forwarded(p) {
		t.Errorf("in the yard he is %v", p)
	}
	s.move("bob", "hall", "maths")
	bob.moved()
	s.gone("yard", "bob")
	s.gone("hall", "bob")
}

func TestForwardRefuses(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("bob", teacher))
	ask := func(grant auth.VideoGrant, q *lk.ForwardParticipantRequest) twirp.ErrorCode {
		ctx, api := s.api(grant)
		_, err := api.ForwardParticipant(ctx, q)
		return codeOfTwirp(err)
	}
	to := func(identity, class string) *lk.ForwardParticipantRequest {
		return &lk.ForwardParticipantRequest{Room: "maths", Identity: identity, DestinationRoom: class}
	}
	good := auth.VideoGrant{RoomAdmin: true, Room: "maths", DestinationRoom: "there"}
	for name, c := range map[string]struct{ got, want twirp.ErrorCode }{
		"no admin":            {ask(auth.VideoGrant{Room: "maths", DestinationRoom: "there"}, to("bob", "there")), twirp.PermissionDenied},
		"of another room":     {ask(auth.VideoGrant{RoomAdmin: true, Room: "other", DestinationRoom: "there"}, to("bob", "there")), twirp.PermissionDenied},
		"no destination":      {ask(auth.VideoGrant{RoomAdmin: true, Room: "maths"}, to("bob", "there")), twirp.PermissionDenied},
		"to nowhere":          {ask(good, to("bob", "")), twirp.InvalidArgument},
		"another destination": {ask(good, to("bob", "else")), twirp.PermissionDenied},
		"nobody":              {ask(good, to("nobody", "there")), twirp.NotFound},
		"where he is":         {ask(auth.VideoGrant{RoomAdmin: true, Room: "maths", DestinationRoom: "maths"}, to("bob", "maths")), twirp.InvalidArgument},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
	if _, open := s.school.Get("", "there"); open {
		t.Error("a forwarding that was refused opened a class")
	}
	for i := range maxForwards {
		s.forward("bob", "maths", fmt.Sprint("room", i))
	}
	if err := s.tryForward("bob", "maths", "one more"); codeOfTwirp(err) != twirp.ResourceExhausted {
		t.Errorf("to one class more than one may be: %v", err)
	}
	s.inRoom("maths", &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	waiting := s.dial("/rtc", s.token("cid", pupil), nil)
	waiting.expect("join", func(m *lk.SignalResponse) bool { return m.GetJoin() != nil })
	if err := s.tryForward("cid", "maths", "there"); codeOfTwirp(err) != twirp.FailedPrecondition {
		t.Errorf("who waits in the lobby: %v", err)
	}
}

// However many ask at once, there is one guest.
func TestForwardAtOnce(t *testing.T) {
	s := newRTCSchool(t)
	bob := s.enter(s.token("bob", teacher))
	results := make(chan error)
	for range 8 {
		go func() { results <- s.tryForward("bob", "maths", "hall") }()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	count := 0
	for _, cmd := range bob.peer.done() {
		if _, ok := cmd.(Forward); ok {
			count++
		}
	}
	if count != 1 {
		t.Errorf("forwarded %d times", count)
	}
	s.inRoom("maths", &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
	s.gone("hall", "bob")
}
