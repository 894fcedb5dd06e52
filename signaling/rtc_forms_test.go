package signaling

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"preau/signaling/access"
	"preau/signaling/classpb"
)

// zipped is a join request in its compressed form.
func zipped(t *testing.T, inner []byte) url.Values {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(inner); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	outer, err := proto.Marshal(&lk.WrappedJoinRequest{Compression: lk.WrappedJoinRequest_GZIP, JoinRequest: b.Bytes()})
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"join_request": {base64.URLEncoding.EncodeToString(outer)}}
}

// Both paths take both forms: a join request, plain or zipped, is one connection; a query is two.
func TestRTCBothPathsTakeBothForms(t *testing.T) {
	s := newRTCSchool(t)
	request := &lk.JoinRequest{
		ClientInfo:         &lk.ClientInfo{Sdk: lk.ClientInfo_GO},
		ConnectionSettings: &lk.ConnectionSettings{AutoSubscribe: true},
	}
	inner, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/rtc", "/rtc/v1", "/rtc/"} {
		for name, q := range map[string]url.Values{
			"plain": wrapped(t, request), "zipped": zipped(t, inner), "query": {"auto_subscribe": {"1"}},
		} {
			c := s.dial(path, s.token("ada", teacher), q).joined(s)
			single := name != "query"
			if o := c.peer.options; o.SinglePC != single || !o.AutoSubscribe || c.join.GetSubscriberPrimary() == single {
				t.Errorf("%s, %s: %+v", path, name, o)
			}
			started := slices.ContainsFunc(c.peer.done(), is(StartSubscriber{}))
			if single && started {
				t.Errorf("%s, %s: the server offers", path, name)
			}
		}
	}
	bomb := zipped(t, make([]byte, 64<<20))
	bomb.Set("access_token", s.token("ada", teacher))
	for _, path := range []string{"/rtc/validate", "/rtc/v1/validate"} {
		if status, body := s.get(path, bomb); status != http.StatusBadRequest {
			t.Errorf("a bomb: %d %s", status, body)
		}
	}
}

func (p *fakePeer) done() []PeerCommand {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.commands)
}

// A token may come as a Bearer header.
func TestRTCBearerHeader(t *testing.T) {
	s := newRTCSchool(t)
	header := http.Header{"Authorization": {"Bearer " + s.token("ada", teacher)}}
	conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+"/rtc?auto_subscribe=1", header)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := (&rtcClient{t: t, conn: conn}).joined(s)
	if c.join.GetParticipant().GetIdentity() != "ada" {
		t.Errorf("join %v", c.join)
	}
}

// Who speaks JSON is answered in JSON, to the end.
func TestRTCTextFramesBothWays(t *testing.T) {
	s := newRTCSchool(t)
	c := s.enter(s.token("ada", teacher))
	for _, text := range []string{
		`{"somethingNew":{"of":"a version to come"}}`,
		`{"addTrack":{"cid":"m","type":"AUDIO","source":"MICROPHONE"}}`,
	} {
		if err := c.conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	text := false
	for {
		kind, frame, err := c.conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		if text && kind != websocket.TextMessage {
			t.Fatal("answered in protobuf")
		}
		if text = kind == websocket.TextMessage; !text {
			continue
		}
		m := &lk.SignalResponse{}
		if err := protojson.Unmarshal(frame, m); err != nil {
			t.Fatal(err)
		}
		if m.GetTrackPublished().GetCid() == "m" {
			return
		}
	}
}

// Messages of clients newer than this server are passed over.
func TestRTCUnknownMessagesAreIgnored(t *testing.T) {
	s := newRTCSchool(t)
	c := s.enter(s.token("ada", teacher))
	unknown := protowire.AppendBytes(protowire.AppendTag(nil, 999, protowire.BytesType), []byte("of a version to come"))
	for range 100 {
		if err := c.conn.WriteMessage(websocket.BinaryMessage, unknown); err != nil {
			t.Fatal(err)
		}
	}
	c.settled()
}

// Who is likely to publish opens that connection at once; the pupils of a full hall do not.
func TestRTCFastPublish(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	if !a.join.GetFastPublish() {
		t.Error("a teacher")
	}
	if one := s.dial("/rtc/v1", s.token("one", teacher), wrapped(t, &lk.JoinRequest{})).joined(s); one.join.GetFastPublish() {
		t.Error("with one connection there is nothing to open")
	}
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	if b := s.enter(s.token("bob", pupil)); b.join.GetFastPublish() {
		t.Error("who waits publishes nothing")
	}
}

// The first refresh_token comes at once, and more in time; each lets its holder join and resume.
// What has expired lets nobody in, and costs nobody the session there is.
func TestRTCTokensAreRefreshedAndExpire(t *testing.T) {
	s := newRTCSchool(t)
	short, err := s.keys.Sign("key", access.Token{Class: "maths", Identity: "ada", Role: teacher, TTL: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	c := s.enter(short)
	var fresh string
	for range 3 { // at once, and twice more within its two seconds
		fresh = c.expect("refresh_token", func(m *lk.SignalResponse) bool { return m.GetRefreshToken() != "" }).GetRefreshToken()
	}
	claims, err := s.keys.Verify(fresh)
	if err != nil || claims.Identity != "ada" || claims.Room != "maths" || claims.Role != teacher {
		t.Errorf("%v, %v", claims, err)
	}
	expired, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "key", "sub": "ada", "exp": time.Now().Add(-time.Hour).Unix(),
		"video": map[string]any{"roomJoin": true, "room": "maths"},
	}).SignedString([]byte(testSecret))
	if err != nil {
		t.Fatal(err)
	}
	if status, body := s.get("/rtc/validate", url.Values{"access_token": {expired}}); status != http.StatusUnauthorized {
		t.Errorf("an expired token: %d %s", status, body)
	}
	q := url.Values{"access_token": {expired}, "reconnect": {"1"}, "sid": {c.sid}}
	_, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+"/rtc?"+q.Encode(), nil)
	if err == nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("an expired token resumes: %v", err)
	}
	c.settled()
	fresh = c.expect("refresh_token", func(m *lk.SignalResponse) bool { return m.GetRefreshToken() != "" }).GetRefreshToken()
	_ = c.conn.Close()
	if again := s.dial("/rtc", fresh, resumeQuery(c.sid)); again.read().GetReconnect() == nil {
		t.Error("a renewed token does not resume")
	}
}

// What a class that has ended answers is final, in the words that clients know, until its teacher
// opens it again.
func TestRTCJoinAfterClose(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	s.do("ada", &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
	a.expectLeave(lk.DisconnectReason_ROOM_DELETED, lk.LeaveRequest_DISCONNECT)
	b.expectLeave(lk.DisconnectReason_ROOM_DELETED, lk.LeaveRequest_DISCONNECT)
	eventually(t, "nobody comes in", func() bool {
		status, body := s.get("/rtc/v1/validate", url.Values{"access_token": {s.token("bob", pupil)}})
		return status == http.StatusNotFound && strings.Contains(body, "requested room does not exist")
	})
	if l := s.dial("/rtc", s.token("bob", pupil), resumeQuery(b.sid)).read().GetLeave(); l.GetAction() != lk.LeaveRequest_RECONNECT {
		t.Errorf("a resume: %v", l)
	}
	again := s.enter(s.token("ada", teacher))
	if again.join.GetRoom().GetSid() == a.join.GetRoom().GetSid() {
		t.Error("it is the session that had ended")
	}
	s.enter(s.token("bob", pupil))
}

// A client learns of a track before the description that carries it.
func TestRTCTrackInfoComesBeforeItsDescription(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	b.peer.onSubscribe = func(sid string) {
		b.peer.listener.PeerEvent(OfferEvent{Description{Type: "offer", SDP: "v=0", ID: 2, Mids: map[string]string{"1": sid}}})
	}
	for i := range 20 {
		cid := string(rune('a' + i))
		a.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: microphone(cid)}})
		sid := a.expect("track_published", func(m *lk.SignalResponse) bool { return m.GetTrackPublished().GetCid() == cid }).GetTrackPublished().GetTrack().GetSid()
		told := false
		b.expect("the offer", func(m *lk.SignalResponse) bool {
			for _, p := range m.GetUpdate().GetParticipants() {
				told = told || slices.ContainsFunc(p.GetTracks(), func(i *lk.TrackInfo) bool { return i.GetSid() == sid })
			}
			return m.GetOffer().GetMidToTrackId()["1"] == sid
		})
		if !told {
			t.Fatalf("the offer of track %d came first", i)
		}
		a.peer.listener.PeerEvent(TrackGoneEvent{SID: sid})
		a.expect("and gone", func(m *lk.SignalResponse) bool { return m.GetTrackUnpublished().GetTrackSid() == sid })
	}
}
