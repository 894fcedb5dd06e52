package signaling

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// api is a RoomService client, and a context with the grants.
func (s *rtcSchool) api(grant auth.VideoGrant) (context.Context, lk.RoomService) {
	s.t.Helper()
	token, err := auth.NewAccessToken("key", testSecret).SetVideoGrant(&grant).ToJWT()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	s.t.Cleanup(cancel)
	ctx, err = twirp.WithHTTPRequestHeaders(ctx, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		s.t.Fatal(err)
	}
	return ctx, lk.NewRoomServiceProtobufClient(s.http.URL, http.DefaultClient)
}

func (s *rtcSchool) tryMove(identity, from, to string) error {
	ctx, api := s.api(auth.VideoGrant{RoomAdmin: true, Room: from, DestinationRoom: to})
	_, err := api.MoveParticipant(ctx, &lk.MoveParticipantRequest{Room: from, Identity: identity, DestinationRoom: to})
	return err
}

func (s *rtcSchool) move(identity, from, to string) {
	s.t.Helper()
	if err := s.tryMove(identity, from, to); err != nil {
		s.t.Fatal(err)
	}
}

// tokenFor is for another class than the usual one.
func (s *rtcSchool) tokenFor(name, identity string, role classpb.Role) string {
	s.t.Helper()
	token, err := s.keys.Sign("key", access.Token{Class: name, Identity: identity, Name: "Name of " + identity, Role: role})
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func (s *rtcSchool) roomOf(name string) *room.Room {
	s.t.Helper()
	r, ok := s.school.Get("", name)
	if !ok {
		s.t.Fatalf("%s is not open", name)
	}
	return r
}

func (s *rtcSchool) personIn(name, identity string) *classpb.Participant {
	s.t.Helper()
	state, err := s.roomOf(name).State(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return class.ByIdentity(state, identity)
}

func (c *rtcClient) moved() *lk.RoomMovedResponse {
	c.t.Helper()
	m := c.expect("room_moved", func(m *lk.SignalResponse) bool { return m.GetRoomMoved() != nil }).GetRoomMoved()
	c.sid = m.GetParticipant().GetSid()
	return m
}

func TestMoveParticipant(t *testing.T) {
	m := newMove(t)
	m.s.move("bob", "maths", "maths~1")
	m.isTold(t)
	m.isThere(t)
	m.actsThere(t)
	m.goesHome(m.comesBack(t))
}

// move is bob, who is moved from the class where ada is to eve's.
type move struct {
	s             *rtcSchool
	ada, bob, eve *rtcClient
	mic, eves     string // sids of bob's microphone and of eve's
	old           string // bob's sid before
	token         string // with which he was moved
}

func newMove(t *testing.T) *move {
	t.Helper()
	s := newRTCSchool(t)
	m := &move{s: s, ada: s.enter(s.token("ada", teacher)), bob: s.enter(s.token("bob", pupil)), eve: s.enter(s.tokenFor("maths~1", "eve", teacher))}
	m.mic, m.old = m.bob.publish(s, microphone("m")), m.bob.sid
	m.eve.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: microphone("e")}})
	m.eves = m.eve.expect("track_published", func(r *lk.SignalResponse) bool { return r.GetTrackPublished() != nil }).GetTrackPublished().GetTrack().GetSid()
	eventually(t, "eve is heard", func() bool {
		state, err := s.roomOf("maths~1").State(context.Background())
		return err == nil && state.GetTracks()[m.eves] != nil
	})
	return m
}

func (m *move) isTold(t *testing.T) {
	t.Helper()
	told := m.bob.moved()
	claims, err := m.s.keys.Verify(told.GetToken())
	if err != nil || claims.Room != "maths~1" || claims.Identity != "bob" || claims.Role != pupil || claims.MayJoin("") != nil {
		t.Errorf("the token is %+v (%v)", claims, err)
	}
	if told.GetRoom().GetName() != "maths~1" || told.GetRoom().GetSid() != m.s.roomOf("maths~1").Session() {
		t.Errorf("moved to %v", told.GetRoom())
	}
	if p := told.GetParticipant(); p.GetSid() == m.old || p.GetIdentity() != "bob" || len(p.GetTracks()) != 1 || p.GetTracks()[0].GetSid() != m.mic {
		t.Errorf("bob is %v", p)
	}
	if o := told.GetOtherParticipants(); len(o) != 1 || o[0].GetIdentity() != "eve" || len(o[0].GetTracks()) != 1 {
		t.Errorf("the others are %v", o)
	}
	m.token = told.GetToken()
}

// isThere: who is in either class knows, and hears of him what they should.
func (m *move) isThere(t *testing.T) {
	t.Helper()
	m.bob.peer.did(t, "the peer moves", is(Move{Class: "/maths~1", Participant: m.bob.sid}))
	m.bob.peer.did(t, "and hears eve", is(Subscribe{SID: m.eves, On: true}))

	m.ada.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetSid() == m.old && p.GetState() == lk.ParticipantInfo_DISCONNECTED
	})
	m.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetSid() == m.bob.sid && len(p.GetTracks()) == 1 && p.GetTracks()[0].GetSid() == m.mic
	})
	m.eve.peer.did(t, "eve hears bob", is(Subscribe{SID: m.mic, On: true}))
	eventually(t, "bob has left the first class", func() bool {
		return m.s.personIn("maths", "bob").GetPresence() == classpb.Presence_PRESENCE_GONE && len(m.s.state().GetTracks()) == 0
	})
}

func (m *move) actsThere(t *testing.T) {
	t.Helper()
	m.bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: m.mic, Muted: true}}})
	m.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return len(p.GetTracks()) == 1 && p.GetTracks()[0].GetMuted() })
	m.bob.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: user(t, "from there")})
	m.eve.peer.got(t, "bob's words", func(_ DataKind, p *lk.DataPacket) bool {
		return string(p.GetUser().GetPayload()) == "from there" && p.GetParticipantSid() == m.bob.sid
	})
	m.ada.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: user(t, "here")})
	if slices.ContainsFunc(m.ada.peer.sent(), func(p *lk.DataPacket) bool { return string(p.GetUser().GetPayload()) == "from there" }) {
		t.Error("the first class hears what is said in the second")
	}
}

// comesBack by the token and the sid he was given.
func (m *move) comesBack(t *testing.T) (again *rtcClient) {
	t.Helper()
	_ = m.bob.conn.Close()
	again = m.s.dial("/rtc", m.token, resumeQuery(m.bob.sid))
	if again.read().GetReconnect() == nil {
		t.Fatal("not resumed")
	}
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_SyncState{SyncState: &lk.SyncState{
		PublishTracks: []*lk.TrackPublishedResponse{{Cid: "m", Track: &lk.TrackInfo{Sid: m.mic}}},
	}}})
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 1}}})
	again.expect("pong", func(r *lk.SignalResponse) bool { return r.GetPongResp() != nil })
	return again
}

// goesHome: he is his first participant, with another sid; and leaves.
func (m *move) goesHome(again *rtcClient) {
	m.s.move("bob", "maths~1", "maths")
	again.moved()
	m.ada.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetState() == lk.ParticipantInfo_ACTIVE && p.GetSid() == again.sid && len(p.GetTracks()) == 1
	})
	m.eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetState() == lk.ParticipantInfo_DISCONNECTED })
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	again.expectClose()
	m.ada.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetState() == lk.ParticipantInfo_DISCONNECTED })
}

// A client that had no socket while it was moved hears of it when it comes back as who it was.
func TestMoveWhileTheSocketIsLost(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	bob := s.enter(s.token("bob", pupil))
	session := s.server.rtc.session("/maths", s.id("bob"))
	_ = bob.conn.Close()
	eventually(t, "the socket is missed", func() bool {
		lost := make(chan bool, 1)
		session.post(func() { lost <- session.socket == nil })
		return <-lost
	})
	s.move("bob", "maths", "maths~1")
	again := s.dial("/rtc", s.token("bob", pupil), resumeQuery(bob.sid))
	if again.read().GetReconnect() == nil {
		t.Fatal("not resumed")
	}
	if m := again.moved(); m.GetRoom().GetName() != "maths~1" || again.sid == bob.sid || m.GetToken() == "" {
		t.Errorf("moved to %v", m)
	}
}

// What the client asks while it is on its way is done where it arrives, after all it asked before.
func TestMoveHoldsWhatTheClientAsks(t *testing.T) {
	s := newRTCSchool(t)
	bob := s.enter(s.token("bob", teacher))
	eve := s.enter(s.tokenFor("maths~1", "eve", teacher))
	bob.offer("slow", 7)
	<-bob.peer.begun
	done := make(chan error, 1)
	go func() { done <- s.tryMove("bob", "maths", "maths~1") }()
	session := s.server.rtc.session("/maths", s.id("bob"))
	eventually(t, "the move is under way", func() bool {
		moving := make(chan bool, 1)
		session.post(func() { moving <- session.moving != nil })
		return <-moving
	})
	if err := s.tryMove("bob", "maths", "maths~2"); codeOfTwirp(err) != twirp.FailedPrecondition {
		t.Errorf("moved twice at once: %v", err)
	}
	bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: microphone("m")}})
	eventually(t, "the message is held", func() bool {
		held := make(chan int, 1)
		session.post(func() { held <- len(session.moving.held) })
		return <-held == 1
	})
	close(bob.peer.answer)
	if a := bob.expect("the answer", func(m *lk.SignalResponse) bool { return m.GetAnswer() != nil }).GetAnswer(); a.GetId() != 7 {
		t.Errorf("answer %v", a)
	}
	bob.moved()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	bob.expect("track_published", func(m *lk.SignalResponse) bool { return m.GetTrackPublished().GetCid() == "m" })
	eve.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return len(p.GetTracks()) == 1 })
}

// Who leaves, or is put out, on the way is in neither class.
func TestMoveOfWhoLeaves(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	s.enter(s.tokenFor("maths~1", "eve", teacher))
	bob := s.enter(s.token("bob", pupil))
	session := s.server.rtc.session("/maths", s.id("bob"))
	bob.offer("slow", 1)
	<-bob.peer.begun
	done := make(chan error, 1)
	go func() { done <- s.tryMove("bob", "maths", "maths~1") }()
	eventually(t, "the move is under way", func() bool {
		moving := make(chan bool, 1)
		session.post(func() { moving <- session.moving != nil })
		return <-moving
	})
	bob.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	bob.expectClose()
	close(bob.peer.answer)
	if err := <-done; codeOfTwirp(err) != twirp.NotFound {
		t.Errorf("the mover left: %v", err)
	}
	<-session.done
	for _, name := range []string{"maths", "maths~1"} {
		if p := s.personIn(name, "bob"); p.GetPresence() != classpb.Presence_PRESENCE_GONE {
			t.Errorf("in %s bob is %v", name, p)
		}
	}
	if h := s.server.rtc.hub("/maths~1"); len(h.others(nil)) != 1 {
		t.Error("a session that never came is still there")
	}
}

// Somebody who joins the class moved to under the same identity takes the mover's place; a mover
// takes that of whoever has it.
func TestMoveAndTheSameIdentity(t *testing.T) {
	s := newRTCSchool(t)
	bob := s.enter(s.token("bob", teacher))
	other := s.enter(s.tokenFor("maths~1", "bob", teacher))
	s.move("bob", "maths", "maths~1")
	bob.moved()
	other.expectLeave(lk.DisconnectReason_DUPLICATE_IDENTITY, lk.LeaveRequest_DISCONNECT)
	s.enter(s.tokenFor("maths~1", "bob", teacher))
	bob.expectLeave(lk.DisconnectReason_DUPLICATE_IDENTITY, lk.LeaveRequest_DISCONNECT)
}

// Neither a lobby keeps the moved out, nor does moving give anybody more than they have.
func TestMoveAndRights(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	bob := s.enter(s.token("bob", pupil))
	cem := s.enter(s.token("cem", teacher))
	s.enter(s.tokenFor("maths~1", "eve", teacher))
	r := s.roomOf("maths~1")
	in := func(c *classpb.Command) {
		t.Helper()
		if _, err := r.Do(context.Background(), class.Node(), c); err != nil {
			t.Fatal(err)
		}
	}
	in(&classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetRole{SetRole: &classpb.SetRole{Participant: s.id("bob"), Role: teacher}}})
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetRole{SetRole: &classpb.SetRole{Participant: s.id("cem"), Role: pupil}}})
	denied := classpb.Switch_SWITCH_DENIED
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetPermissions{SetPermissions: &classpb.SetPermissions{Participant: s.id("cem"), Camera: &denied}}})
	s.move("bob", "maths", "maths~1")
	s.move("cem", "maths", "maths~1")
	bob.moved()
	token, err := s.keys.Verify(cem.moved().GetToken())
	if err != nil || token.Role != pupil {
		t.Errorf("the token makes cem a %v (%v)", token.Role, err)
	}
	for _, identity := range []string{"bob", "cem"} {
		if p := s.personIn("maths~1", identity); p.GetRole() != pupil || p.GetPresence() != classpb.Presence_PRESENCE_PRESENT {
			t.Errorf("%s is %v", identity, p)
		}
	}
	if p := s.personIn("maths~1", "cem"); p.GetPermissions().GetCamera() != denied {
		t.Errorf("cem may use a camera again: %v", p.GetPermissions())
	}
	in(&classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: s.personIn("maths~1", "bob").GetId(), Ban: true}}})
	bob.expectLeave(lk.DisconnectReason_PARTICIPANT_REMOVED, lk.LeaveRequest_DISCONNECT)
	s.enter(s.token("bob", pupil))
	if err := s.tryMove("bob", "maths", "maths~1"); codeOfTwirp(err) != twirp.PermissionDenied {
		t.Errorf("moved to where he is banned: %v", err)
	}
	if p := s.personIn("maths", "bob"); p.GetPresence() != classpb.Presence_PRESENCE_PRESENT {
		t.Error("a move that was refused cost him the class he was in")
	}
}

func TestMoveRefuses(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("bob", teacher))
	ask := func(grant auth.VideoGrant, q *lk.MoveParticipantRequest) twirp.ErrorCode {
		ctx, api := s.api(grant)
		_, err := api.MoveParticipant(ctx, q)
		return codeOfTwirp(err)
	}
	good := auth.VideoGrant{RoomAdmin: true, Room: "maths", DestinationRoom: "there"}
	to := func(identity string) *lk.MoveParticipantRequest {
		return &lk.MoveParticipantRequest{Room: "maths", Identity: identity, DestinationRoom: "there"}
	}
	for name, c := range map[string]struct{ got, want twirp.ErrorCode }{
		"no admin":            {ask(auth.VideoGrant{Room: "maths", DestinationRoom: "there"}, to("bob")), twirp.PermissionDenied},
		"of another room":     {ask(auth.VideoGrant{RoomAdmin: true, Room: "other", DestinationRoom: "there"}, to("bob")), twirp.PermissionDenied},
		"no destination":      {ask(auth.VideoGrant{RoomAdmin: true, Room: "maths"}, to("bob")), twirp.PermissionDenied},
		"another destination": {ask(auth.VideoGrant{RoomAdmin: true, Room: "maths", DestinationRoom: "else"}, to("bob")), twirp.PermissionDenied},
		"nobody":              {ask(good, to("nobody")), twirp.NotFound},
		"where he is": {ask(auth.VideoGrant{RoomAdmin: true, Room: "maths", DestinationRoom: "maths"},
			&lk.MoveParticipantRequest{Room: "maths", Identity: "bob", DestinationRoom: "maths"}), twirp.InvalidArgument},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s, want %s", name, c.got, c.want)
		}
	}
	if _, open := s.school.Get("", "there"); open {
		t.Error("a move that was refused opened a class")
	}
}
