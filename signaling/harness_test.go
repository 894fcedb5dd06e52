package signaling

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

var testKeys = access.Keys{
	"school":  {Secret: "a secret of at least thirty-two bytes"},
	"academy": {Secret: "another secret of thirty-two bytes or so", Tenant: "nord"},
}

// patience bounds every wait of these tests.
const patience = 10 * time.Second

// school is a whole server on a port of its own, with classes kept in memory.
type school struct {
	testing.TB
	*Server
	url string
}

func newTestSchool(t testing.TB, change ...func(*Options)) *school {
	t.Helper()
	rooms := room.NewSchool(room.NewMemoryLogs(), room.Options{})
	o := Options{School: rooms, Keys: testKeys, Version: "test", OpenClasses: true}
	for _, c := range change {
		c(&o)
	}
	s := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- rooms.Run(ctx) }()
	go func() { done <- s.Run(ctx) }()
	<-rooms.Ready()
	server := httptest.NewUnstartedServer(s.Handler())
	// On one machine the kernel would keep megabytes for a reader that does not read.
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if err := c.(*net.TCPConn).SetWriteBuffer(16 << 10); err != nil {
			t.Error(err)
		}
		return ctx
	}
	server.Start()
	t.Cleanup(func() {
		cancel()
		<-done
		<-done
		server.Close()
	})
	return &school{t, s, server.URL}
}

// open opens a class as the server itself.
func (s *school) open(tenant, name string, lobby bool) *room.Room {
	s.Helper()
	r, err := s.options.School.Open(s.patient(), &classpb.OpenClass{Tenant: tenant, Name: name, Title: "5e B", Lobby: lobby}, class.Node())
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s *school) patient() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s.Cleanup(cancel)
	return ctx
}

func (s *school) token(name, identity string, role classpb.Role) string {
	s.Helper()
	token, err := testKeys.Sign("school", access.Token{Class: name, Identity: identity, Name: identity, Role: role})
	if err != nil {
		s.Fatal(err)
	}
	return token
}

// ask sends a request and reads the answer whole.
func (s *school) ask(method, path, body string) (status int, answer map[string]any, header http.Header) {
	s.Helper()
	r, err := http.NewRequestWithContext(s.patient(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	_ = json.NewDecoder(bytes.NewReader(text)).Decode(&answer)
	return resp.StatusCode, answer, resp.Header
}

// errorCode is the code in an error answer.
func errorCode(answer map[string]any) string {
	e, _ := answer["error"].(map[string]any)
	code, _ := e["code"].(string)
	if message, _ := e["message"].(string); message == "" {
		return "no message"
	}
	return code
}

// page is a client of /class.
type page struct {
	testing.TB
	conn  *websocket.Conn
	hello *classpb.Hello
}

func (s *school) dial(query url.Values) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{Subprotocols: []string{Subprotocol}, EnableCompression: true, HandshakeTimeout: patience}
	return d.DialContext(s.patient(), "ws"+strings.TrimPrefix(s.url, "http")+"/class?"+query.Encode(), nil)
}

// enter joins a class and reads the hello.
func (s *school) enter(token string, more ...string) *page {
	s.Helper()
	query := url.Values{"access_token": {token}}
	for i := 0; i+1 < len(more); i += 2 {
		query.Set(more[i], more[i+1])
	}
	conn, resp, err := s.dial(query)
	if err != nil {
		text := ""
		if resp != nil {
			b, _ := io.ReadAll(resp.Body)
			text = string(b)
		}
		s.Fatalf("enter: %v %s", err, text)
	}
	p := &page{TB: s.TB, conn: conn}
	s.Cleanup(func() { _ = conn.Close() })
	p.hello = p.next().GetHello()
	if p.hello == nil {
		s.Fatal("the first frame is no hello")
	}
	return p
}

// next is the next frame; nil when the server has closed.
func (p *page) next() *classpb.ServerFrame {
	p.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	_, data, err := p.conn.ReadMessage()
	if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		return nil
	}
	if err != nil {
		p.Fatalf("read: %v", err)
	}
	frame := &classpb.ServerFrame{}
	if err := proto.Unmarshal(data, frame); err != nil {
		p.Fatalf("decode: %v", err)
	}
	return frame
}

// until reads on to the first frame that is wanted.
func (p *page) until(what string, wanted func(*classpb.ServerFrame) bool) *classpb.ServerFrame {
	p.Helper()
	for {
		f := p.next()
		if f == nil {
			p.Fatalf("closed before %s", what)
		}
		if wanted(f) {
			return f
		}
	}
}

func (p *page) snapshot() *classpb.State {
	p.Helper()
	return p.until("a snapshot", func(f *classpb.ServerFrame) bool { return f.GetSnapshot() != nil }).GetSnapshot()
}

// event reads on to an event that is wanted.
func (p *page) event(what string, wanted func(*classpb.Event) bool) (found *classpb.Event) {
	p.Helper()
	p.until(what, func(f *classpb.ServerFrame) bool {
		for _, e := range f.GetBatch().GetEvents() {
			if found == nil && wanted(e) {
				found = e
			}
		}
		return found != nil
	})
	return found
}

func (p *page) goodbye() classpb.GoodbyeReason {
	p.Helper()
	reason := p.until("a goodbye", func(f *classpb.ServerFrame) bool { return f.GetGoodbye() != nil }).GetGoodbye().GetReason()
	if f := p.next(); f != nil {
		p.Errorf("after the goodbye: %v", f)
	}
	return reason
}

func (p *page) write(f *classpb.ClientFrame) {
	p.Helper()
	data, err := proto.Marshal(f)
	if err != nil {
		p.Fatal(err)
	}
	if err := p.conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
		p.Fatal(err)
	}
}

// do sends a command and reads on to its reply.
func (p *page) do(c *classpb.Command) *classpb.Reply {
	p.Helper()
	p.write(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{Command: c}})
	return p.until("the reply to "+c.GetRequestId(), func(f *classpb.ServerFrame) bool {
		return f.GetReply() != nil && f.GetReply().GetRequestId() == c.GetRequestId()
	}).GetReply()
}

func say(id, text string) *classpb.Command {
	return &classpb.Command{RequestId: id, Body: &classpb.Command_SendChat{SendChat: &classpb.SendChat{
		To: &classpb.ChatTarget{To: &classpb.ChatTarget_Everyone{Everyone: true}}, Text: text,
	}}}
}
