package signaling

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// states reads until an identity has reached a state, and returns the states on the way there. The
// version of what is told of one sid must grow.
func (c *rtcClient) states(identity string, last lk.ParticipantInfo_State) (seen []lk.ParticipantInfo_State) {
	c.t.Helper()
	versions := map[string]uint32{}
	c.expect(identity+" to be "+last.String(), func(m *lk.SignalResponse) bool {
		for _, p := range m.GetUpdate().GetParticipants() {
			if p.GetVersion() <= versions[p.GetSid()] {
				c.t.Errorf("%s: version %d after %d", p.GetIdentity(), p.GetVersion(), versions[p.GetSid()])
			}
			versions[p.GetSid()] = p.GetVersion()
			if p.GetIdentity() != identity {
				continue
			}
			if n := len(seen); n == 0 || seen[n-1] != p.GetState() {
				seen = append(seen, p.GetState())
			}
		}
		return len(seen) > 0 && seen[len(seen)-1] == last
	})
	return seen
}

func inOrder(t *testing.T, who string, got []lk.ParticipantInfo_State) {
	t.Helper()
	order := map[lk.ParticipantInfo_State]int{
		lk.ParticipantInfo_JOINING: 0, lk.ParticipantInfo_JOINED: 1,
		lk.ParticipantInfo_ACTIVE: 2, lk.ParticipantInfo_DISCONNECTED: 3,
	}
	for i := 1; i < len(got); i++ {
		if order[got[i]] <= order[got[i-1]] {
			t.Errorf("%s saw %v", who, got)
		}
	}
}

// A participant is JOINING, then JOINED when a description is agreed, ACTIVE when media is
// connected, and in the end DISCONNECTED; its version grows all the way.
func TestRTCParticipantStatesInOrder(t *testing.T) {
	for _, single := range []bool{false, true} {
		s := newRTCSchool(t)
		w := s.enter(s.token("eve", teacher))
		s.media.silent.Store(true)
		var c *rtcClient
		target := TargetSubscriber
		if single {
			target = TargetPublisher
			c = s.dial("/rtc/v1", s.token("ada", pupil), wrapped(t, &lk.JoinRequest{})).joined(s)
		} else {
			c = s.enter(s.token("ada", pupil))
		}
		if st := c.join.GetParticipant().GetState(); st != lk.ParticipantInfo_JOINING {
			t.Errorf("who joins is %v", st)
		}
		seen := w.states("ada", lk.ParticipantInfo_JOINING)
		if single {
			c.offer("v=0", 1)
		} else {
			c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Answer{Answer: &lk.SessionDescription{Type: "answer", Sdp: "v=0", Id: 1}}})
		}
		own := c.states("ada", lk.ParticipantInfo_JOINED)
		seen = append(seen, w.states("ada", lk.ParticipantInfo_JOINED)...)
		c.peer.listener.PeerEvent(StateEvent{Target: target, State: StateConnected})
		own = append(own, c.states("ada", lk.ParticipantInfo_ACTIVE)...)
		seen = append(seen, w.states("ada", lk.ParticipantInfo_ACTIVE)...)
		late := s.enter(s.token("late", pupil))
		for _, o := range late.join.GetOtherParticipants() {
			if o.GetIdentity() == "ada" && o.GetState() != lk.ParticipantInfo_ACTIVE {
				t.Errorf("who comes late is told %v", o.GetState())
			}
		}
		c.peer.listener.PeerEvent(StateEvent{Target: target, State: StateDisconnected}) // for a moment: ACTIVE still
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
		seen = append(seen, w.states("ada", lk.ParticipantInfo_DISCONNECTED)...)
		inOrder(t, "ada", own)
		inOrder(t, "eve", seen)
		if len(seen) != 4 {
			t.Errorf("eve saw %v", seen)
		}
	}
}

// A version grows from the join response on, through changes that are in no log and through a resume.
func TestRTCVersionsGrow(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.foreign("ada", nil))
	b := s.enter(s.foreign("bob", nil))
	joined := b.join.GetParticipant().GetVersion()
	if joined == 0 || b.join.GetOtherParticipants()[0].GetVersion() == 0 {
		t.Errorf("join %v", b.join)
	}
	b.publishData(t, 1, "place") // in no log
	last := uint32(0)
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		last = max(last, p.GetVersion())
		return len(p.GetDataTracks()) == 1
	})
	if last <= joined {
		t.Errorf("version %d, was %d", last, joined)
	}
	_ = a.conn.Close()
	again := s.dial("/rtc", s.foreign("ada", nil), resumeQuery(a.sid))
	again.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		if p.GetVersion() <= last {
			t.Errorf("after a resume version %d, was %d", p.GetVersion(), last)
		}
		return len(p.GetDataTracks()) == 1
	})
}

// The first who subscribes to a track is told to its publisher, which livekit-client waits for before
// it captures what was published ahead.
func TestRTCTrackSubscribed(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	mic := a.publish(s, microphone("m"))
	a.peer.listener.PeerEvent(SubscribedEvent{SID: mic})
	a.expect("word of the subscription", func(m *lk.SignalResponse) bool { return m.GetTrackSubscribed().GetTrackSid() == mic })
}

// What changes of the class as LiveKit knows it is told to all, and to none who knows it already.
func TestRTCRoomUpdate(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	set := func(metadata string) {
		t.Helper()
		_, err := s.room().Do(context.Background(), class.Node(), &classpb.Command{Body: &classpb.Command_SetMetadata{
			SetMetadata: &classpb.SetMetadata{Metadata: metadata},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, metadata := range []string{"chapter 3", "chapter 4"} {
		set(metadata)
		for _, c := range []*rtcClient{a, b} {
			c.expect(metadata, func(m *lk.SignalResponse) bool { return m.GetRoomUpdate().GetRoom().GetMetadata() == metadata })
		}
	}
	set("chapter 4")
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: "another"}}})
	set("chapter 5")
	updates := 0
	b.expect("the last change", func(m *lk.SignalResponse) bool {
		if m.GetRoomUpdate() != nil {
			updates++
		}
		return m.GetRoomUpdate().GetRoom().GetMetadata() == "chapter 5"
	})
	if updates != 1 {
		t.Errorf("%d updates of the class for one change", updates)
	}
}

// The join response is there within the 5 s that clients give it, though the session whose place the
// newcomer takes is stuck, and the answer to its offer within the 15 s that they give the connection.
func TestRTCJoinIsInTimeBehindAStuckPredecessor(t *testing.T) {
	s := newRTCSchool(t)
	old := s.enter(s.token("ada", teacher))
	session := s.server.rtc.session("/maths", s.id("ada"))
	held := make(chan struct{})
	defer close(held)
	session.post(func() { <-held })
	begun := time.Now()
	c := s.enter(s.token("ada", teacher))
	if took := time.Since(begun); took > 5*time.Second || c.sid == old.sid {
		t.Errorf("joined after %v as %s", took, c.sid)
	}
	c.offer("sdp", 7)
	c.expect("the answer", func(m *lk.SignalResponse) bool { return m.GetAnswer().GetId() == 7 })
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("answered after %v", took)
	}
}

// What a participant is run by stands in its token, and is told to itself and to the others, in whatever
// class it goes on.
func TestRTCParticipantKinds(t *testing.T) {
	s := newRTCSchool(t)
	ada := s.enter(s.foreign("ada", nil))
	for kind, name := range lk.ParticipantInfo_Kind_name {
		kind, identity := lk.ParticipantInfo_Kind(kind), "the "+name
		token, err := auth.NewAccessToken("key", testSecret).SetIdentity(identity).SetKind(kind).
			SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "maths"}).SetValidFor(time.Hour).ToJWT()
		if err != nil {
			t.Fatal(err)
		}
		c := s.enter(token)
		if got := c.join.GetParticipant().GetKind(); got != kind {
			t.Errorf("%s is told that it is %v", identity, got)
		}
		ada.expect(identity, func(m *lk.SignalResponse) bool {
			for _, p := range m.GetUpdate().GetParticipants() {
				if p.GetIdentity() == identity && p.GetKind() == kind {
					return true
				}
			}
			return false
		})
	}
	if got := ada.join.GetParticipant().GetKind(); got != lk.ParticipantInfo_STANDARD {
		t.Errorf("who says nothing is %v", got)
	}
	unknown, err := auth.NewAccessToken("key", testSecret).SetIdentity("odd").SetKind(77).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: "maths"}).SetValidFor(time.Hour).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	if got := s.enter(unknown).join.GetParticipant().GetKind(); got != lk.ParticipantInfo_STANDARD {
		t.Errorf("what nobody knows is %v", got)
	}
}

// A hidden participant sees and hears; nobody is told that it is there, or that it goes. Its data comes
// from nobody, as LiveKit has it.
func TestRTCHiddenParticipant(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.foreign("ada", nil))
	mic := a.publish(s, microphone("m"))
	ghost := s.enter(s.foreign("ghost", func(g *auth.VideoGrant) { g.Hidden = true }))
	if len(ghost.join.GetOtherParticipants()) != 1 || !ghost.join.GetParticipant().GetPermission().GetHidden() {
		t.Errorf("join %v", ghost.join)
	}
	ghost.peer.did(t, "it hears", is(Subscribe{SID: mic, On: true}))
	if !ghost.join.GetParticipant().GetPermission().GetCanPublishData() {
		t.Error("it is told that it may not send data")
	}
	ghost.says(&lk.DataPacket{Sequence: 3, Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: []byte("boo")}}})
	ghost.says(&lk.DataPacket{Sequence: 4, Value: &lk.DataPacket_ChatMessage{ChatMessage: &lk.ChatMessage{Message: "I am here"}}})
	unseen := s.enter(s.token("olga", classpb.Role_ROLE_OBSERVER)) // whom the class itself has hide says nothing
	unseen.says(&lk.DataPacket{Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: []byte("hush")}}})
	late := s.enter(s.foreign("late", nil))
	if o := late.join.GetOtherParticipants(); len(o) != 1 || o[0].GetIdentity() != "ada" || late.join.GetRoom().GetNumParticipants() != 2 {
		t.Errorf("who comes late is told %v", late.join)
	}
	ghost.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	ghost.expectLeave(lk.DisconnectReason_CLIENT_INITIATED, lk.LeaveRequest_DISCONNECT)
	last := s.enter(s.foreign("last", nil))
	a.expect("who came last", func(m *lk.SignalResponse) bool {
		for _, p := range m.GetUpdate().GetParticipants() {
			if p.GetIdentity() == "ghost" {
				t.Errorf("the hidden one is told of: %v", p)
			}
			if p.GetSid() == last.sid {
				return true
			}
		}
		return false
	})
	eventually(t, "what the hidden one sent", func() bool { return len(a.peer.sent()) > 0 })
	for i, p := range a.peer.sent() {
		if i > 0 || string(p.GetUser().GetPayload()) != "boo" {
			t.Errorf("a hidden one was heard: %v", p)
		}
		if text := p.String(); strings.Contains(text, "ghost") || strings.Contains(text, ghost.sid) || p.GetSequence() != 0 {
			t.Errorf("it tells where it comes from: %v", text)
		}
	}
}

// A class that is full turns away who comes, before any socket, and says so; its teacher comes in.
func TestRTCFullClassIsRefused(t *testing.T) {
	s := newRTCSchool(t)
	open := &classpb.OpenClass{Name: "maths", MaxParticipants: 2}
	if _, err := s.school.Open(context.Background(), open, class.Node()); err != nil {
		t.Fatal(err)
	}
	a := s.enter(s.token("ada", pupil))
	s.enter(s.token("bob", pupil))
	q := url.Values{"access_token": {s.token("cid", pupil)}}
	_, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+"/rtc?"+q.Encode(), nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the socket: %v %v", resp, err)
	}
	for _, path := range []string{"/rtc/validate", "/rtc/v1/validate"} {
		if status, body := s.get(path, q); status != http.StatusServiceUnavailable || !strings.Contains(body, "the class is full") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := s.get("/rtc/validate", url.Values{"access_token": {s.token("ada", pupil)}}); status != http.StatusOK {
		t.Errorf("who is in comes back: %d %s", status, body)
	}
	s.enter(s.token("eve", teacher))
	if n := class.PresentCount(s.state()); n != 3 {
		t.Errorf("%d are in", n)
	}
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	a.expectClose()
	s.goes("bob")
	eventually(t, "there is room again", func() bool {
		status, _ := s.get("/rtc/validate", q)
		return status == http.StatusOK
	})
}

// goes has a participant leave.
func (s *rtcSchool) goes(identity string) {
	s.t.Helper()
	s.do(identity, &classpb.Command{Body: &classpb.Command_Leave{Leave: &classpb.LeaveClass{}}})
}

// Others are told what a client can do, so that theirs can send it what it understands.
func TestRTCClientsAbilitiesAreTold(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.foreign("ada", nil))
	c := s.dial("/rtc/v1", s.foreign("bob", nil), wrapped(t, &lk.JoinRequest{
		Metadata: "from afar",
		ClientInfo: &lk.ClientInfo{
			ClientProtocol: 2, Capabilities: []lk.ClientInfo_Capability{lk.ClientInfo_CAP_PACKET_TRAILER},
		},
	})).joined(s)
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool {
		return p.GetClientProtocol() == 2 && len(p.GetCapabilities()) == 1 && p.GetMetadata() == "from afar"
	})
	if p := c.join.GetParticipant(); p.GetClientProtocol() != 2 {
		t.Errorf("participant %v", p)
	}
}
