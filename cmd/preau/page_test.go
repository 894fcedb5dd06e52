package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"preau/signaling"
	"preau/signaling/access"
	"preau/signaling/classpb"
)

// page is a client of /class.
type page struct {
	t           *testing.T
	conn        *websocket.Conn
	state       *classpb.State // the first snapshot
	participant string
	commands    int
}

// page joins on /class and reads until the class is there.
func (s *testServer) page(t *testing.T, class, identity string, role classpb.Role) *page {
	t.Helper()
	return s.pageOf(t, access.Token{Class: class, Identity: identity, Name: identity, Role: role})
}

func (s *testServer) pageOf(t *testing.T, who access.Token) *page {
	t.Helper()
	token, err := s.keys.Sign(devKey, who)
	if err != nil {
		t.Fatal(err)
	}
	return s.pageBy(t, token)
}

// pageBy joins with an access token.
func (s *testServer) pageBy(t *testing.T, token string) *page {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{signaling.Subprotocol}, HandshakeTimeout: 10 * time.Second}
	q := url.Values{"access_token": {token}}
	conn, resp, err := d.Dial(strings.Replace(s.URL, "http", "ws", 1)+"/class?"+q.Encode(), nil)
	if err != nil {
		t.Fatalf("/class: %v %v", err, resp)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := &page{t: t, conn: conn}
	for p.state == nil {
		f := p.next()
		if h := f.GetHello(); h != nil {
			p.participant = h.GetParticipant()
		}
		p.state = f.GetSnapshot()
	}
	return p
}

func (p *page) next() *classpb.ServerFrame {
	p.t.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, data, err := p.conn.ReadMessage()
	if err != nil {
		p.t.Fatalf("/class: %v", err)
	}
	f := &classpb.ServerFrame{}
	if err := proto.Unmarshal(data, f); err != nil {
		p.t.Fatal(err)
	}
	return f
}

// do commands, and waits until the class has said yes.
func (p *page) do(c *classpb.Command) {
	p.t.Helper()
	p.send(c)
	for {
		if r := p.next().GetReply(); r.GetRequestId() == c.GetRequestId() {
			if r.GetError() != nil {
				p.t.Fatalf("%T: %v", c.GetBody(), r.GetError())
			}
			return
		}
	}
}

func (p *page) send(c *classpb.Command) {
	p.t.Helper()
	p.commands++
	c.RequestId = strconv.Itoa(p.commands)
	data, err := proto.Marshal(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{Command: c}})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.conn.WriteMessage(websocket.BinaryMessage, data); err != nil {
		p.t.Fatal(err)
	}
}

// goodbye reads on to the server's last word.
func (p *page) goodbye() classpb.GoodbyeReason {
	p.t.Helper()
	for {
		if g := p.next().GetGoodbye(); g != nil {
			return g.GetReason()
		}
	}
}

func (p *page) say(text string) {
	p.t.Helper()
	p.do(&classpb.Command{Body: &classpb.Command_SendChat{SendChat: &classpb.SendChat{
		To: &classpb.ChatTarget{To: &classpb.ChatTarget_Everyone{Everyone: true}}, Text: text,
	}}})
}

// metric is the value of one line of /metrics, 0 if it is not there yet.
func (s *testServer) metric(t *testing.T, line string) float64 {
	t.Helper()
	for l := range strings.Lines(s.metrics(t)) {
		if value, ok := strings.CutPrefix(l, line+" "); ok {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	return 0
}

func (s *testServer) metrics(t *testing.T) string {
	t.Helper()
	resp, err := http.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b strings.Builder
	if _, err := bufio.NewReader(resp.Body).WriteTo(&b); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(fmt.Errorf("/metrics: %s %w", resp.Status, err))
	}
	return b.String()
}
