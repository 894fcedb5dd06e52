package signaling

import (
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/protobuf/proto"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

const (
	teacher = classpb.Role_ROLE_TEACHER
	pupil   = classpb.Role_ROLE_PUPIL
)

func actorOf(id string) class.Actor { return class.By(id) }

func TestRTCJoin(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	j := a.join
	if !strings.HasPrefix(a.sid, "PA_") || j.GetServerInfo().GetVersion() != livekit.Version || j.GetPingInterval() != 5 ||
		j.GetPingTimeout() != 15 || !j.GetSubscriberPrimary() || len(j.GetEnabledPublishCodecs()) == 0 ||
		len(j.GetIceServers()) != 1 || j.GetIceServers()[0].GetCredential() != access.TokenTTL.String() || j.GetRoom().GetName() != "maths" {
		t.Errorf("join %v", j)
	}
	if p := j.GetParticipant(); p.GetAttributes()["role"] != "teacher" || !p.GetPermission().GetCanPublish() || p.GetVersion() == 0 {
		t.Errorf("participant %v", p)
	}
	a.expect("refresh_token", func(m *lk.SignalResponse) bool { return m.GetRefreshToken() != "" })
	a.peer.did(t, "the subscriber connection is started", is(StartSubscriber{}))

	mic := a.publish(s, microphone("cid-1"))
	b := s.enter(s.token("bob", pupil))
	if o := b.join.GetOtherParticipants(); len(o) != 1 || o[0].GetIdentity() != "ada" || len(o[0].GetTracks()) != 1 || o[0].GetTracks()[0].GetSid() != mic {
		t.Errorf("others %v", o)
	}
	b.peer.did(t, "bob hears ada", is(Subscribe{SID: mic, On: true}))
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetSid() == b.sid })

	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetState() == lk.ParticipantInfo_DISCONNECTED })
	if s.state().GetParticipants()[s.id("bob")].GetPresence() != classpb.Presence_PRESENCE_GONE {
		t.Error("who leaves is gone from the class")
	}
}

func TestRTCJoinWithOneConnection(t *testing.T) {
	s := newRTCSchool(t)
	q := wrapped(t, &lk.JoinRequest{
		ClientInfo:         &lk.ClientInfo{Browser: "Firefox"},
		ConnectionSettings: &lk.ConnectionSettings{AutoSubscribe: true},
		PublisherOffer:     &lk.SessionDescription{Type: "offer", Sdp: "v=0", Id: 9},
	})
	for _, path := range []string{"/rtc/v1", "//rtc"} {
		c := s.dial(path, s.token("ada", teacher), q).joined(s)
		if o := c.peer.options; !o.SinglePC || !o.FullICE || c.join.GetSubscriberPrimary() {
			t.Errorf("%s: options %v", path, o)
		}
		a := c.expect("answer", func(m *lk.SignalResponse) bool { return m.GetAnswer() != nil }).GetAnswer()
		if a.GetId() != 9 || a.GetMidToTrackId()["0"] != "TR_x" || a.GetSdp() != "answer to v=0" {
			t.Errorf("%s: answer %v", path, a)
		}
		c.peer.listener.PeerEvent(SectionsEvent{Audios: 2, Videos: 1})
		m := c.expect("sections", func(m *lk.SignalResponse) bool { return m.GetMediaSectionsRequirement() != nil })
		if r := m.GetMediaSectionsRequirement(); r.GetNumAudios() != 2 || r.GetNumVideos() != 1 {
			t.Errorf("sections %v", r)
		}
	}
}

func TestRTCNegotiation(t *testing.T) {
	s := newRTCSchool(t)
	c := s.enter(s.token("ada", teacher))
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Offer{Offer: &lk.SessionDescription{Type: "offer", Sdp: "v=0", Id: 3}}})
	if a := c.expect("answer", func(m *lk.SignalResponse) bool { return m.GetAnswer() != nil }).GetAnswer(); a.GetId() != 3 {
		t.Errorf("answer %v", a)
	}
	c.peer.listener.PeerEvent(OfferEvent{Description{Type: "offer", SDP: "v=1", ID: 1, Mids: map[string]string{"2": "TR_y"}}})
	if o := c.expect("offer", func(m *lk.SignalResponse) bool { return m.GetOffer() != nil }).GetOffer(); o.GetId() != 1 || o.GetMidToTrackId()["2"] != "TR_y" {
		t.Errorf("offer %v", o)
	}
	c.peer.listener.PeerEvent(CandidateEvent{Target: TargetSubscriber, Init: "{}"})
	if tr := c.expect("trickle", func(m *lk.SignalResponse) bool { return m.GetTrickle() != nil }).GetTrickle(); tr.GetTarget() != lk.SignalTarget_SUBSCRIBER {
		t.Errorf("trickle %v", tr)
	}
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 5}}})
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Ping{Ping: 5}})
	c.expect("pong_resp", func(m *lk.SignalResponse) bool { return m.GetPongResp().GetLastPingTimestamp() == 5 })
	c.expect("pong", func(m *lk.SignalResponse) bool { return m.GetPong() > 0 })
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Offer{Offer: &lk.SessionDescription{Type: "offer", Sdp: "garbage", Id: 4}}})
	c.expectLeave(lk.DisconnectReason_MEDIA_FAILURE, lk.LeaveRequest_RECONNECT)
}

func TestRTCValidate(t *testing.T) {
	s := newRTCSchool(t)
	pupils := s.token("bob", pupil)
	other, err := s.keys.Sign("key", tokenFor("geography"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		q    url.Values
		want int
		text string
	}{
		"no token":        {url.Values{}, http.StatusUnauthorized, "token"},
		"a bad token":     {url.Values{"access_token": {"x.y.z"}}, http.StatusUnauthorized, "token"},
		"a closed class":  {url.Values{"access_token": {pupils}}, http.StatusNotFound, "requested room does not exist"},
		"another class":   {url.Values{"access_token": {other}, "room": {"maths"}}, http.StatusForbidden, "class"},
		"a bad join":      {url.Values{"access_token": {s.token("ada", teacher)}, "join_request": {"%"}}, http.StatusBadRequest, "join request"},
		"a teacher":       {url.Values{"access_token": {s.token("ada", teacher)}}, http.StatusOK, "success"},
		"a foreign token": {url.Values{"access_token": {s.foreign("eve", nil)}}, http.StatusOK, "success"},
	} {
		for _, path := range []string{"/rtc/validate", "/rtc/v1/validate"} {
			status, body := s.get(path, c.q)
			if status != c.want || !strings.Contains(body, c.text) {
				t.Errorf("%s at %s: %d %s", name, path, status, body)
			}
		}
	}
}

func TestRTCTextFrames(t *testing.T) {
	s := newRTCSchool(t)
	c := s.enter(s.token("ada", teacher))
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(`{"pingReq":{"timestamp":"7"}}`)); err != nil {
		t.Fatal(err)
	}
	for {
		kind, frame, err := c.conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if kind == websocket.TextMessage && strings.Contains(string(frame), "pongResp") {
			return
		}
	}
}

func TestRTCMalformedAndOversizedFrames(t *testing.T) {
	s := newRTCSchool(t)
	good := s.enter(s.token("bob", teacher))
	saying := func(metadata string) []byte {
		b, err := proto.Marshal(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateMetadata{
			UpdateMetadata: &lk.UpdateParticipantMetadata{Metadata: metadata},
		}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tooLarge := func() float64 { return testutil.ToFloat64(s.server.metrics.drops.WithLabelValues("frame_too_large")) }
	for _, c := range []struct {
		name  string
		frame []byte
		code  int
	}{
		{"malformed", []byte{0xff, 0xff, 0xff}, 0},
		// Well formed but for its size, so that nothing else can end the socket.
		{"oversized when it is inflated", saying(strings.Repeat("a", 3<<20)), websocket.CloseMessageTooBig},
		{"oversized, and does not deflate", saying(hex.EncodeToString(noise(3 << 20))), websocket.CloseMessageTooBig},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := tooLarge()
			client := s.enter(s.token("ada", teacher))
			_ = client.conn.WriteMessage(websocket.BinaryMessage, c.frame) // may be cut off meanwhile
			if code := client.expectClose(); c.code != 0 {
				if code != c.code {
					t.Errorf("closed with %d", code)
				}
				eventually(t, "the drop is counted", func() bool { return tooLarge() == before+1 })
			}
		})
	}
	good.send(&lk.SignalRequest{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 5}}})
	good.expect("pong: the others do not notice", func(m *lk.SignalResponse) bool { return m.GetPongResp() != nil })
}

func TestRTCTooManyRequests(t *testing.T) {
	s := newRTCSchool(t)
	c := s.enter(s.foreign("ada", func(g *auth.VideoGrant) { g.SetCanUpdateOwnMetadata(true) }))
	for i := range 200 {
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateMetadata{
			UpdateMetadata: &lk.UpdateParticipantMetadata{RequestId: uint32(i), Metadata: "x"},
		}})
	}
	c.expect("a refusal", func(m *lk.SignalResponse) bool {
		return m.GetRequestResponse().GetReason() == lk.RequestResponse_LIMIT_EXCEEDED
	})
}

func TestRTCDuplicateIdentity(t *testing.T) {
	s := newRTCSchool(t)
	watcher := s.enter(s.token("eve", teacher))
	first := s.enter(s.token("ada", teacher))
	watcher.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return p.GetSid() == first.sid })
	second := s.enter(s.token("ada", teacher))
	if second.sid == first.sid {
		t.Error("a sid outlived its session")
	}
	first.expectLeave(lk.DisconnectReason_DUPLICATE_IDENTITY, lk.LeaveRequest_DISCONNECT)
	watcher.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
		return p.GetSid() == first.sid && p.GetState() == lk.ParticipantInfo_DISCONNECTED
	})
	eventually(t, "the sid is the second's", func() bool {
		return s.state().GetParticipants()[s.id("ada")].GetSid() == second.sid
	})
}

func tokenFor(className string) access.Token {
	return access.Token{Class: className, Identity: "zoe", Role: pupil}
}

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}
