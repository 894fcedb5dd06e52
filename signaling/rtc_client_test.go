package signaling

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

const testSecret = "a secret that is long enough for a key"

// rtcSchool is a whole signalling server with a fake media plane.
type rtcSchool struct {
	t      *testing.T
	school *room.School
	media  *fakeMedia
	keys   access.Keys
	server *Server
	http   *httptest.Server
}

func newRTCSchool(t *testing.T, change ...func(*Options)) *rtcSchool {
	t.Helper()
	s := &rtcSchool{t: t, media: newFakeMedia(), keys: access.Keys{"key": {Secret: testSecret}}}
	s.school = room.NewSchool(room.NewMemoryLogs(), room.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		_ = s.school.Run(ctx)
	}()
	<-s.school.Ready()
	o := Options{School: s.school, Media: s.media, Keys: s.keys}
	for _, c := range change {
		c(&o)
	}
	s.server = New(o)
	s.http = httptest.NewServer(s.server.Handler())
	t.Cleanup(func() {
		bye, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		if err := s.server.Goodbye(bye); err != nil {
			t.Error(err)
		}
		s.http.Close()
		cancel()
		<-ran
	})
	return s
}

func (s *rtcSchool) token(identity string, role classpb.Role) string {
	s.t.Helper()
	token, err := s.keys.Sign("key", access.Token{Class: "maths", Identity: identity, Name: "Name of " + identity, Role: role})
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

// foreign is a token of a server that knows no roles.
func (s *rtcSchool) foreign(identity string, change func(*auth.VideoGrant)) string {
	s.t.Helper()
	grant := &auth.VideoGrant{RoomJoin: true, Room: "maths"}
	if change != nil {
		change(grant)
	}
	token, err := auth.NewAccessToken("key", testSecret).SetIdentity(identity).SetName(identity).
		SetVideoGrant(grant).SetValidFor(time.Hour).ToJWT()
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func (s *rtcSchool) room() *room.Room {
	s.t.Helper()
	r, ok := s.school.Get("", "maths")
	if !ok {
		s.t.Fatal("the class is not open")
	}
	return r
}

func (s *rtcSchool) state() *classpb.State {
	s.t.Helper()
	state, err := s.room().State(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// do commands as a participant.
func (s *rtcSchool) do(as string, c *classpb.Command) {
	s.t.Helper()
	state := s.state()
	for id, p := range state.GetParticipants() {
		if p.GetProfile().GetIdentity() == as {
			if _, err := s.room().Do(context.Background(), actorOf(id), c); err != nil {
				s.t.Fatal(err)
			}
			return
		}
	}
	s.t.Fatalf("%s is not in the class", as)
}

func (s *rtcSchool) id(identity string) string {
	s.t.Helper()
	for id, p := range s.state().GetParticipants() {
		if p.GetProfile().GetIdentity() == identity {
			return id
		}
	}
	s.t.Fatalf("%s is not in the class", identity)
	return ""
}

// rtcClient speaks to /rtc like a LiveKit client.
type rtcClient struct {
	t    *testing.T
	conn *websocket.Conn
	sid  string
	peer *fakePeer
	join *lk.JoinResponse
}

// dial opens a socket without waiting for anything.
func (s *rtcSchool) dial(path, token string, q url.Values) *rtcClient {
	s.t.Helper()
	if q == nil {
		q = url.Values{}
	}
	q.Set("access_token", token)
	d := websocket.Dialer{EnableCompression: true}
	conn, resp, err := d.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+path+"?"+q.Encode(), nil)
	if err != nil {
		body := []byte{}
		if resp != nil {
			body, _ = io.ReadAll(resp.Body)
		}
		s.t.Fatalf("dial: %v %s", err, body)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	return &rtcClient{t: s.t, conn: conn}
}

// enter joins with two connections and reads the join response.
func (s *rtcSchool) enter(token string) *rtcClient {
	s.t.Helper()
	c := s.dial("/rtc", token, url.Values{"auto_subscribe": {"1"}, "protocol": {"17"}})
	return c.joined(s)
}

func (c *rtcClient) joined(s *rtcSchool) *rtcClient {
	c.t.Helper()
	first := c.read()
	c.join = first.GetJoin()
	if c.join == nil {
		c.t.Fatalf("the first message is %v", first)
	}
	c.sid = c.join.GetParticipant().GetSid()
	c.peer = s.media.peer(c.sid)
	return c
}

func (c *rtcClient) read() *lk.SignalResponse {
	c.t.Helper()
	m, err := c.tryRead()
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *rtcClient) tryRead() (*lk.SignalResponse, error) {
	_ = c.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	kind, frame, err := c.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	m := &lk.SignalResponse{}
	if kind == websocket.TextMessage {
		return m, protojson.Unmarshal(frame, m)
	}
	return m, proto.Unmarshal(frame, m)
}

// expect reads until a message satisfies want.
func (c *rtcClient) expect(what string, want func(*lk.SignalResponse) bool) *lk.SignalResponse {
	c.t.Helper()
	for {
		m, err := c.tryRead()
		if err != nil {
			c.t.Fatalf("%s never came: %v", what, err)
		}
		if want(m) {
			return m
		}
	}
}

// expectInfo reads until an update about an identity satisfies want.
func (c *rtcClient) expectInfo(identity string, want func(*lk.ParticipantInfo) bool) {
	c.t.Helper()
	c.expect("an update about "+identity, func(m *lk.SignalResponse) bool {
		for _, p := range m.GetUpdate().GetParticipants() {
			if p.GetIdentity() == identity && want(p) {
				return true
			}
		}
		return false
	})
}

func (c *rtcClient) expectLeave(reason lk.DisconnectReason, action lk.LeaveRequest_Action) {
	c.t.Helper()
	l := c.expect("leave", func(m *lk.SignalResponse) bool { return m.GetLeave() != nil }).GetLeave()
	if l.GetReason() != reason || l.GetAction() != action {
		c.t.Errorf("leave %v", l)
	}
	c.expectClose()
}

// expectClose waits for the end of the socket, and tells the code it was closed with, if any.
func (c *rtcClient) expectClose() (code int) {
	c.t.Helper()
	for {
		if _, err := c.tryRead(); err != nil {
			var closed *websocket.CloseError
			if errors.As(err, &closed) {
				return closed.Code
			}
			var timeout interface{ Timeout() bool }
			if errors.As(err, &timeout) && timeout.Timeout() {
				c.t.Error("the socket stays open")
			}
			return 0
		}
	}
}

func (c *rtcClient) send(m *lk.SignalRequest) {
	c.t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.conn.WriteMessage(websocket.BinaryMessage, b); err != nil {
		c.t.Fatal(err)
	}
}

// publish a track and wait until the class has it.
func (c *rtcClient) publish(s *rtcSchool, r *lk.AddTrackRequest) string {
	c.t.Helper()
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: r}})
	m := c.expect("track_published", func(m *lk.SignalResponse) bool { return m.GetTrackPublished() != nil }).GetTrackPublished()
	if m.GetCid() != r.GetCid() || len(m.GetTrack().GetCodecs()) == 0 {
		c.t.Errorf("track_published %v", m)
	}
	sid := m.GetTrack().GetSid()
	eventually(c.t, "the class has the track", func() bool { return s.state().GetTracks()[sid] != nil })
	return sid
}

func microphone(cid string) *lk.AddTrackRequest {
	return &lk.AddTrackRequest{Cid: cid, Type: lk.TrackType_AUDIO, Source: lk.TrackSource_MICROPHONE}
}

// get asks over plain HTTP.
func (s *rtcSchool) get(path string, q url.Values) (int, string) {
	s.t.Helper()
	resp, err := http.Get(s.http.URL + path + "?" + q.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		s.t.Error("other origins may not read the answer")
	}
	return resp.StatusCode, string(bytes.TrimSpace(b))
}

func wrapped(t *testing.T, r *lk.JoinRequest) url.Values {
	t.Helper()
	inner, err := proto.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	outer, err := proto.Marshal(&lk.WrappedJoinRequest{JoinRequest: inner})
	if err != nil {
		t.Fatal(err)
	}
	return url.Values{"join_request": {base64.URLEncoding.EncodeToString(outer)}}
}

// drops is how much was thrown away for a reason.
func (s *rtcSchool) drops(reason string) float64 {
	s.t.Helper()
	return valueOf(s.t, s.server.metrics.drops.WithLabelValues(reason))
}

// allowData lets a participant send data, or no longer.
func (s *rtcSchool) allowData(identity string, on bool) {
	s.t.Helper()
	no := !on
	_, err := s.room().Do(context.Background(), class.Node(), &classpb.Command{Body: &classpb.Command_SetPermissions{
		SetPermissions: &classpb.SetPermissions{Participant: s.id(identity), NoData: &no},
	}})
	if err != nil {
		s.t.Fatal(err)
	}
}
