package client

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// desk is a signalling server without media: it notes how it was asked, welcomes,
// and says what a test has it say.
type desk struct {
	*httptest.Server
	t        *testing.T
	absent   string // a path that this server is too old for
	refuses  int    // HTTP status of every join
	greeting []*livekit.SignalResponse

	mu      sync.Mutex
	asked   []*url.URL
	heard   []*livekit.SignalRequest
	text    bool // the last frame was one of text
	sockets []*websocket.Conn
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked = append(d.asked, r.URL)
	d.mu.Unlock()
	switch {
	case d.absent != "" && strings.HasPrefix(r.URL.Path, d.absent):
		http.NotFound(w, r)
		return
	case d.refuses != 0:
		http.Error(w, "no", d.refuses)
		return
	}
	conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	d.mu.Lock()
	d.sockets = append(d.sockets, conn)
	d.mu.Unlock()
	welcome := &livekit.JoinResponse{
		Participant: &livekit.ParticipantInfo{Sid: "PA_1", Identity: "lea"}, Room: &livekit.Room{Name: "one"}, SubscriberPrimary: true,
	}
	d.say(conn, &livekit.SignalResponse{Message: &livekit.SignalResponse_Join{Join: welcome}})
	for _, m := range d.greeting {
		d.say(conn, m)
	}
	d.listen(conn)
}

func (d *desk) say(conn *websocket.Conn, m *livekit.SignalResponse) {
	b, err := proto.Marshal(m)
	d.mu.Lock()
	defer d.mu.Unlock() // one writes at a time
	if err == nil {
		err = conn.WriteMessage(websocket.BinaryMessage, b)
	}
	if err != nil {
		d.t.Error(err)
	}
}

func (d *desk) listen(conn *websocket.Conn) {
	for {
		kind, b, err := conn.ReadMessage()
		if err != nil {
			return
		}
		m := &livekit.SignalRequest{}
		if kind == websocket.TextMessage {
			err = protojson.Unmarshal(b, m)
		} else {
			err = proto.Unmarshal(b, m)
		}
		if err != nil {
			d.t.Error(err)
		}
		d.mu.Lock()
		d.heard, d.text = append(d.heard, m), kind == websocket.TextMessage
		d.mu.Unlock()
	}
}

func (d *desk) visits() []*url.URL {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*url.URL(nil), d.asked...)
}

func (d *desk) join(o Options) *Client {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	c, err := Join(ctx, d.URL+"/", "first", o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(c.Close)
	return c
}

func (d *desk) until(c *Client, what string, ok func() bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	if err := c.Wait(ctx, what, ok); err != nil {
		d.t.Fatal(err)
	}
}

// unwrap reads a join request off an address.
func unwrap(t *testing.T, u *url.URL) (*livekit.JoinRequest, livekit.WrappedJoinRequest_Compression) {
	t.Helper()
	b, err := base64.URLEncoding.DecodeString(u.Query().Get("join_request"))
	if err != nil {
		t.Fatal(err)
	}
	wrapped, request := &livekit.WrappedJoinRequest{}, &livekit.JoinRequest{}
	if err := proto.Unmarshal(b, wrapped); err != nil {
		t.Fatal(err)
	}
	b = wrapped.GetJoinRequest()
	if wrapped.GetCompression() == livekit.WrappedJoinRequest_GZIP {
		r, err := gzip.NewReader(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		if b, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := proto.Unmarshal(b, request); err != nil {
		t.Fatal(err)
	}
	return request, wrapped.GetCompression()
}

func TestAddressOfEachForm(t *testing.T) {
	d := newDesk(t)
	d.join(Options{NoSubscribe: true})
	d.join(Options{Form: FormRequest, Plain: true, Attributes: map[string]string{"a": "b"}})
	d.join(Options{SinglePC: true, EmbedOffer: true})
	asked := d.visits()
	if q := asked[0].Query(); asked[0].Path != "/rtc" || q.Get("access_token") != "first" || q.Get("auto_subscribe") != "0" || q.Has("join_request") {
		t.Errorf("query: %s", asked[0])
	}
	request, compression := unwrap(t, asked[1])
	if asked[1].Path != "/rtc" || compression != livekit.WrappedJoinRequest_NONE || !request.GetConnectionSettings().GetAutoSubscribe() ||
		request.GetParticipantAttributes()["a"] != "b" || request.GetPublisherOffer() != nil {
		t.Errorf("join request on /rtc: %s %v", asked[1].Path, request)
	}
	request, compression = unwrap(t, asked[2])
	if asked[2].Path != "/rtc/v1" || compression != livekit.WrappedJoinRequest_GZIP || strings.Count(request.GetPublisherOffer().GetSdp(), "m=") != 7 || request.GetPublisherOffer().GetId() == 0 {
		t.Errorf("join request on /rtc/v1: %s %v", asked[2].Path, request)
	}
}

// A server without /rtc/v1 says so in its validation, and gets the older form.
func TestFallBackToTwoConnections(t *testing.T) {
	d := newDesk(t)
	d.absent = "/rtc/v1"
	c := d.join(Options{SinglePC: true})
	var paths []string
	for _, u := range d.visits() {
		paths = append(paths, u.Path)
	}
	if got := strings.Join(paths, " "); got != "/rtc/v1 /rtc/v1/validate /rtc" || c.SinglePC() {
		t.Errorf("asked %s; one connection: %v", got, c.SinglePC())
	}
}

func TestRefusalIsFinal(t *testing.T) {
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		d := newDesk(t)
		d.refuses = status
		_, err := Join(t.Context(), d.URL, "first", Options{SinglePC: true, Reconnect: true})
		if refusal := (*RefusedError)(nil); !errors.As(err, &refusal) || refusal.Status != status || len(d.visits()) != 2 {
			t.Errorf("%d: %v after %d requests", status, err, len(d.visits()))
		}
	}
}

func TestTextFramesSpeakJSON(t *testing.T) {
	d := newDesk(t)
	c := d.join(Options{JSON: true})
	if err := c.Configure("TR_1", 320, 180, false); err != nil {
		t.Fatal(err)
	}
	d.until(c, "the message", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		n := len(d.heard)
		return n > 0 && d.text && d.heard[n-1].GetTrackSetting().GetWidth() == 320
	})
}

func leaving(action livekit.LeaveRequest_Action) *livekit.SignalResponse {
	return &livekit.SignalResponse{Message: &livekit.SignalResponse_Leave{Leave: &livekit.LeaveRequest{Action: action, Reason: livekit.DisconnectReason_SERVER_SHUTDOWN}}}
}

// The token of a reconnect is the newest that the server gave.
func TestLeaveReconnectJoinsAnewWithTheRefreshedToken(t *testing.T) {
	d := newDesk(t)
	d.greeting = []*livekit.SignalResponse{{Message: &livekit.SignalResponse_RefreshToken{RefreshToken: "second"}}}
	c := d.join(Options{Reconnect: true})
	d.until(c, "the token", func() bool { return c.Token() == "second" })
	d.mu.Lock()
	conn := d.sockets[0]
	d.mu.Unlock()
	d.say(conn, leaving(livekit.LeaveRequest_RECONNECT))
	d.until(c, "another join", func() bool { return len(d.visits()) == 2 })
	if q := d.visits()[1].Query(); q.Get("access_token") != "second" || q.Has("reconnect") {
		t.Errorf("joined anew with token %q, reconnect %q", q.Get("access_token"), q.Get("reconnect"))
	}
}

func TestLeaveDisconnectIsTheEnd(t *testing.T) {
	d := newDesk(t)
	d.greeting = []*livekit.SignalResponse{leaving(livekit.LeaveRequest_DISCONNECT)}
	c := d.join(Options{Reconnect: true})
	<-c.Left()
	if c.Reason().GetReason() != livekit.DisconnectReason_SERVER_SHUTDOWN || c.State() != Over || len(d.visits()) != 1 {
		t.Errorf("%v, state %d, %d visits", c.Reason(), c.State(), len(d.visits()))
	}
}

// Without Reconnect, a socket that ends is the end.
func TestSocketLostIsTheEndUnlessAskedOtherwise(t *testing.T) {
	d := newDesk(t)
	c := d.join(Options{})
	c.CutSocket()
	<-c.Left()
	if c.Reason() != nil || c.State() != Over {
		t.Errorf("%v, state %d", c.Reason(), c.State())
	}
}

// Moved to another room, a client is who it is there, sees who is there, and
// comes back there.
func TestRoomMovedIsFollowed(t *testing.T) {
	d := newDesk(t)
	d.greeting = []*livekit.SignalResponse{
		{Message: &livekit.SignalResponse_Update{Update: &livekit.ParticipantUpdate{Participants: []*livekit.ParticipantInfo{{Sid: "PA_2", Identity: "amina"}}}}},
		{Message: &livekit.SignalResponse_RoomMoved{RoomMoved: &livekit.RoomMovedResponse{
			Room: &livekit.Room{Name: "two"}, Token: "third", Participant: &livekit.ParticipantInfo{Sid: "PA_3", Identity: "lea"},
			OtherParticipants: []*livekit.ParticipantInfo{{Sid: "PA_4", Identity: "basile"}},
		}}},
	}
	c := d.join(Options{})
	d.until(c, "the move", func() bool { return c.Room().GetName() == "two" })
	if c.SID() != "PA_3" || c.Token() != "third" || c.Participant("amina") != nil || c.Participant("basile") == nil || c.Others() != 1 {
		t.Errorf("sid %s, token %s, %d others", c.SID(), c.Token(), c.Others())
	}
}
