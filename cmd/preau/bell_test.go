package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"preau/signaling"
	"preau/signaling/class"
	"preau/signaling/classpb"
)

// The bell: 300 pupils behind one address come in at once, the whole way that their pages go: they
// look the code up, ask for a token, and join by it on both sockets. Not one is refused.
func TestASchoolComesInAtTheBell(t *testing.T) {
	const pupils = 300
	s := startServer(t, "")
	ctx := inTime(t)
	name, code := s.opensByPage(t, "Chimie")
	var all sync.WaitGroup
	for n := range pupils {
		all.Go(func() {
			if err := s.comesIn(t, code, n); err != nil {
				t.Errorf("pupil %d: %v", n, err)
			}
		})
	}
	all.Wait()
	eventually(ctx, t, "everyone to be in", func() bool {
		witness := s.page(t, name, "witness", teacher)
		defer witness.conn.Close()
		return class.PresentCount(witness.state) == pupils+2
	})
	if n := s.metric(t, `preau_signaling_refused_total{reason="rate"}`); n != 0 {
		t.Errorf("%v requests were refused", n)
	}
}

// opensByPage opens a class as the page does for a teacher, who joins it.
func (s *testServer) opensByPage(t *testing.T, title string) (class, code string) {
	t.Helper()
	var opened struct {
		Invite string `json:"invite"`
	}
	if status := s.asks(t, "/api/classes", map[string]any{"title": title}, &opened); status != http.StatusCreated {
		t.Fatalf("opening a class: %d", status)
	}
	lea := s.follows(t, opened.Invite, "Léa", "teacher")
	return lea.state.GetName(), lea.state.GetCode()
}

// comesIn goes a pupil's way, and stays until the test ends.
func (s *testServer) comesIn(t *testing.T, code string, n int) error {
	if status := s.validates(t, "/api/codes/"+code); status != http.StatusOK {
		return fmt.Errorf("the code is answered %d", status)
	}
	var in joined
	who := asking{Code: code, Name: fmt.Sprint("Pupil ", n), Device: fmt.Sprintf("device-%09d", n)}
	if status := s.asks(t, "/api/join", who, &in); status != http.StatusOK || in.Role != "pupil" {
		return fmt.Errorf("the join is answered %d, as %q", status, in.Role)
	}
	query := url.Values{"access_token": {in.Token}, "protocol": {"16"}}.Encode()
	first, err := s.stays(t, "/class?"+query, signaling.Subprotocol)
	if err != nil {
		return err
	}
	f := &classpb.ServerFrame{}
	if err := proto.Unmarshal(first, f); err != nil || f.GetHello() == nil {
		return fmt.Errorf("/class begins with %v, %w", f, err)
	}
	_, err = s.stays(t, "/rtc?"+query, "")
	return err
}

// stays opens a websocket, waits for its first message, and reads on until the test ends.
func (s *testServer) stays(t *testing.T, path, protocol string) (first []byte, err error) {
	d := websocket.Dialer{HandshakeTimeout: 30 * time.Second}
	if protocol != "" {
		d.Subprotocols = []string{protocol}
	}
	conn, resp, err := d.Dial(strings.Replace(s.URL, "http", "ws", 1)+path, nil)
	if err != nil {
		if resp != nil {
			err = errors.Join(err, fmt.Errorf("%s: %s", path[:6], resp.Status))
		}
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadDeadline(time.Now().Add(30 * time.Second))
	if _, first, err = conn.ReadMessage(); err != nil {
		return nil, fmt.Errorf("%s: let in, and told nothing: %w", path[:6], err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	go func() { // it is not to be let go for being slow
		for {
			if _, _, err := conn.ReadMessage(); err != nil {
				return
			}
		}
	}()
	return first, nil
}
