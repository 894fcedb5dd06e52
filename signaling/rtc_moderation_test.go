package signaling

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/signaling/classpb"
)

func locks(change func(*classpb.SetLocks)) *classpb.Command {
	l := &classpb.SetLocks{}
	change(l)
	return &classpb.Command{Body: &classpb.Command_SetLocks{SetLocks: l}}
}

func lock(field **bool, value bool) { *field = &value }

func TestRTCPublishingWithoutPermissionIsRefused(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	s.do("ada", locks(func(l *classpb.SetLocks) { lock(&l.Camera, true) }))
	b := s.enter(s.token("bob", pupil))
	if p := b.join.GetParticipant().GetPermission(); len(p.GetCanPublishSources()) == 0 {
		t.Errorf("permission %v", p)
	}
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: &lk.AddTrackRequest{
		Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA,
	}}})
	r := b.expect("request_response", func(m *lk.SignalResponse) bool { return m.GetRequestResponse() != nil }).GetRequestResponse()
	if r.GetReason() != lk.RequestResponse_NOT_ALLOWED || r.GetAddTrack().GetCid() != "c" {
		t.Errorf("got %v", r)
	}
}

func TestRTCMuting(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	b := s.enter(s.token("bob", pupil))
	mic := b.publish(s, microphone("cid"))
	muted := func(m bool) *lk.SignalRequest {
		return &lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: mic, Muted: m}}}
	}
	classHas := func(m bool) {
		t.Helper()
		eventually(t, "the class knows", func() bool { return s.state().GetTracks()[mic].GetMuted() == m })
	}
	b.send(muted(true))
	classHas(true)
	b.peer.did(t, "nothing is forwarded", is(SetMuted{SID: mic, Muted: true}))
	b.send(muted(false))
	classHas(false)

	s.do("ada", &classpb.Command{Body: &classpb.Command_MuteAll{MuteAll: &classpb.MuteAll{Lock: true}}})
	b.expect("the server's mute", func(m *lk.SignalResponse) bool { return m.GetMute().GetSid() == mic && m.GetMute().GetMuted() })
	b.send(muted(false))
	r := b.expect("a refusal", func(m *lk.SignalResponse) bool { return m.GetRequestResponse() != nil }).GetRequestResponse()
	if r.GetReason() != lk.RequestResponse_NOT_ALLOWED || r.GetMute().GetSid() != mic {
		t.Errorf("got %v", r)
	}
	b.expect("the client is muted again", func(m *lk.SignalResponse) bool { return m.GetMute().GetMuted() })
	classHas(true)
}

func TestRTCPermissionsAreLive(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	b := s.enter(s.token("bob", pupil))
	mic := b.publish(s, microphone("m"))
	cam := b.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	s.do("ada", locks(func(l *classpb.SetLocks) { lock(&l.Microphone, true); lock(&l.Camera, true) }))
	b.expect("the camera is gone", func(m *lk.SignalResponse) bool { return m.GetTrackUnpublished().GetTrackSid() == cam })
	b.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		for _, src := range p.GetPermission().GetCanPublishSources() {
			if src == lk.TrackSource_MICROPHONE {
				return false
			}
		}
		return true
	})
	b.peer.did(t, "the camera is removed", is(RemoveTrack{SID: cam}))
	b.peer.did(t, "the microphone is blocked", is(SetBlocked{SID: mic, Blocked: true}))
	s.do("ada", &classpb.Command{Body: &classpb.Command_GiveWord{GiveWord: &classpb.GiveWord{Participant: s.id("bob")}}})
	b.peer.did(t, "with the word it is not", is(SetBlocked{SID: mic, Blocked: false}))
}

func TestRTCAttributesFollowTheClass(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	s.enter(s.token("bob", pupil))
	s.do("bob", &classpb.Command{Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}}})
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetAttributes()["hand"] == "raised" })
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetRole{SetRole: &classpb.SetRole{Participant: s.id("bob"), Role: classpb.Role_ROLE_PRESENTER}}})
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetAttributes()["role"] == "presenter" })
}

func TestRTCRemoval(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	b := s.enter(s.token("bob", pupil))
	s.do("ada", &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: s.id("bob"), Ban: true}}})
	b.expectLeave(lk.DisconnectReason_PARTICIPANT_REMOVED, lk.LeaveRequest_DISCONNECT)
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetState() == lk.ParticipantInfo_DISCONNECTED })
	status, body := s.get("/rtc/validate", url.Values{"access_token": {s.token("bob", pupil)}})
	if status != 403 {
		t.Errorf("who was shut out gets %d %s", status, body)
	}
	s.do("ada", &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
	a.expectLeave(lk.DisconnectReason_ROOM_DELETED, lk.LeaveRequest_DISCONNECT)
	eventually(t, "the peer is closed", func() bool {
		a.peer.mu.Lock()
		defer a.peer.mu.Unlock()
		return a.peer.closed
	})
}

// The media of a page that was on its way when the page was sent away does not bring it back.
func TestRTCOfAPageSentAway(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	page := url.Values{"page": {"1"}, "protocol": {"17"}}
	b := s.dial("/rtc", s.token("bob", pupil), page).joined(s)
	s.do("ada", &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: s.id("bob")}}})
	b.expectLeave(lk.DisconnectReason_PARTICIPANT_REMOVED, lk.LeaveRequest_DISCONNECT)
	page.Set("access_token", s.token("bob", pupil))
	_, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+"/rtc?"+page.Encode(), nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Fatalf("the page's media got %v, %v", resp, err)
	}
	if p := s.state().GetParticipants()[s.id("bob")]; p.GetPresence() != classpb.Presence_PRESENCE_GONE {
		t.Errorf("in the class it is %v", p)
	}
	s.enter(s.token("bob", pupil)) // any other client asks to come back by this
	if p := s.state().GetParticipants()[s.id("bob")]; p.GetPresence() == classpb.Presence_PRESENCE_GONE || !p.GetKnocks() {
		t.Errorf("in the class it is %v", p)
	}
}

func TestRTCLobby(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	mic := a.publish(s, microphone("m"))
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	b := s.enter(s.token("bob", pupil))
	if len(b.join.GetOtherParticipants()) != 0 || b.join.GetParticipant().GetPermission().GetCanPublish() ||
		b.join.GetParticipant().GetPermission().GetCanSubscribe() {
		t.Errorf("who waits sees %v", b.join)
	}
	b.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: user(t, "hello")})
	b.peer.listener.PeerEvent(SpeakersEvent{[]Speaker{{Participant: a.sid, Level: 1, Active: true}}})
	s.do("ada", &classpb.Command{Body: &classpb.Command_Admit{Admit: &classpb.Admit{All: true}}})
	b.expect("the others, and a permission", func(m *lk.SignalResponse) bool {
		if m.GetSpeakersChanged() != nil {
			t.Error("who waits is told who speaks")
		}
		seen, may := false, false
		for _, p := range m.GetUpdate().GetParticipants() {
			seen = seen || p.GetIdentity() == "ada" && len(p.GetTracks()) == 1
			may = may || p.GetIdentity() == "bob" && p.GetPermission().GetCanPublish()
		}
		return seen && may
	})
	b.peer.did(t, "and then the sound", is(Subscribe{SID: mic, On: true}))
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetSid() == b.sid })
	a.peer.mu.Lock()
	defer a.peer.mu.Unlock()
	for _, c := range a.peer.commands {
		if _, ok := c.(Send); ok {
			t.Error("who waits was heard")
		}
	}
}

func TestRTCWhoIsRefusedIsTold(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	b := s.enter(s.token("bob", pupil))
	s.do("ada", &classpb.Command{Body: &classpb.Command_Refuse{Refuse: &classpb.Refuse{Participants: []string{s.id("bob")}}}})
	b.expectLeave(lk.DisconnectReason_PARTICIPANT_REMOVED, lk.LeaveRequest_DISCONNECT)
}

// What the server API says of subscriptions counts as if the client had said it.
func TestRTCSubscriptionsByTheServerAPI(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	mic := a.publish(s, microphone("m"))
	b.peer.did(t, "bob hears ada", is(Subscribe{SID: mic, On: true}))
	ctx, err := twirp.WithHTTPRequestHeaders(t.Context(), http.Header{
		"Authorization": {"Bearer " + s.foreign("", func(g *auth.VideoGrant) { g.RoomJoin, g.RoomAdmin = false, true })},
	})
	if err != nil {
		t.Fatal(err)
	}
	api := lk.NewRoomServiceProtobufClient(s.http.URL, http.DefaultClient)
	ask := func(identity string, on bool) error {
		return second(api.UpdateSubscriptions(ctx, &lk.UpdateSubscriptionsRequest{Room: "maths", Identity: identity, TrackSids: []string{mic}, Subscribe: on}))
	}
	if err := ask("bob", false); err != nil {
		t.Fatal(err)
	}
	b.peer.did(t, "and no longer", is(Subscribe{SID: mic}))
	if err := ask("nobody", false); codeOfTwirp(err) != twirp.NotFound {
		t.Errorf("nobody: %v", err)
	}
}

func TestRTCUpdateMetadata(t *testing.T) {
	s := newRTCSchool(t)
	ask := func(c *rtcClient, attributes map[string]string) *lk.RequestResponse {
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateMetadata{UpdateMetadata: &lk.UpdateParticipantMetadata{
			RequestId: 11, Name: "New name", Attributes: attributes,
		}}})
		return c.expect("request_response", func(m *lk.SignalResponse) bool { return m.GetRequestResponse().GetRequestId() == 11 }).GetRequestResponse()
	}
	plain := s.enter(s.foreign("eve", nil))
	if r := ask(plain, nil); r.GetReason() != lk.RequestResponse_NOT_ALLOWED {
		t.Errorf("without the grant: %v", r)
	}
	granted := s.enter(s.foreign("ada", func(g *auth.VideoGrant) { g.SetCanUpdateOwnMetadata(true) }))
	if r := ask(granted, map[string]string{"role": "teacher", "hand": "raised", "mood": "good"}); r.GetReason() != lk.RequestResponse_OK {
		t.Errorf("with the grant: %v", r)
	}
	plain.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
		a := p.GetAttributes()
		if a["role"] == "teacher" || a["hand"] != "" {
			t.Errorf("attributes %v", a)
		}
		return p.GetName() == "New name" && a["mood"] == "good"
	})
}
