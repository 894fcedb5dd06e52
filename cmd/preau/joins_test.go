package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/loadtest/client"
	"preau/signaling"
	"preau/signaling/classpb"
)

// A thousand joins at once, in every way there is, half of them with bad tokens, into the class of
// three who talk: they miss nothing of each other, and when it is over nothing of it is left.
func TestAThousandJoinsAtOnce(t *testing.T) {
	const joins, together = 1000, 16
	s := startServer(t, "")
	ctx := inTime(t)
	var talking []*client.Client
	var voices []*client.LocalTrack
	for _, who := range []struct {
		identity string
		role     classpb.Role
		single   bool
	}{{"lea", teacher, true}, {"amina", pupil, true}, {"basile", pupil, false}} { // a teacher opens the class
		// Reconnect, so that a loss would be seen as one.
		c := s.join(t, "joins", who.identity, who.role, client.Options{SinglePC: who.single, Reconnect: true})
		voice, err := c.PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		talking, voices = append(talking, c), append(voices, voice)
	}
	hearEachOther(ctx, t, talking, voices, 25)
	goroutines, memory := runtime.NumGoroutine(), heapInUse()

	var got outcomes
	var next atomic.Int64
	var crowd sync.WaitGroup
	for range together {
		crowd.Go(func() {
			for i := next.Add(1); i <= joins; i = next.Add(1) {
				s.tryToJoin(t, int(i), &got)
			}
		})
	}
	crowd.Wait()
	hearEachOther(ctx, t, talking, voices, 25)
	for _, c := range talking {
		for _, track := range c.Tracks() {
			seamless(t, c, track)
		}
		if c.State() != client.Connected || c.Resumes()+c.Restarts() != 0 {
			t.Errorf("%s is %v after %d resumes and %d restarts", c.Identity(), c.State(), c.Resumes(), c.Restarts())
		}
	}
	if got.in.Load() < joins/4 || got.refused.Load() < joins/2 || got.in.Load()+got.refused.Load() != joins {
		t.Errorf("%d were let in, %d refused", got.in.Load(), got.refused.Load())
	}
	eventually(ctx, t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines+together })
	eventually(ctx, t, "the memory to be free", func() bool { return heapInUse() <= memory+16<<20 })
	s.showDrops(t)
}

// hearEachOther waits until so many packets more of each voice have come to the others; the voices
// are in the order of who talks.
func hearEachOther(ctx context.Context, t *testing.T, talking []*client.Client, voices []*client.LocalTrack, more uint64) {
	t.Helper()
	for i, c := range talking {
		for j, v := range voices {
			if i == j {
				continue
			}
			sid := v.Info.GetSid()
			receives(ctx, t, c, sid, packetsOf(sid, []*client.Client{c})[0]+more)
		}
	}
}

// outcomes of attempts to join.
type outcomes struct{ in, refused atomic.Int64 }

// tryToJoin goes one of four ways, every second time with a token that somebody has changed, and
// leaves at once.
func (s *testServer) tryToJoin(t *testing.T, i int, got *outcomes) {
	good := i%2 == 0
	query := url.Values{"access_token": {s.token(t, "joins", fmt.Sprint("passer-by ", i), pupil)}}
	if !good {
		query.Set("access_token", query.Get("access_token")+"x")
	}
	status := 0
	switch i / 2 % 4 {
	case 0:
		status = s.validates(t, "/rtc/validate?"+query.Encode())
	case 1:
		status = s.validates(t, "/class/validate?"+query.Encode())
	case 2:
		query.Set("protocol", "16")
		status = s.enters(t, "/rtc?"+query.Encode(), "")
	case 3:
		status = s.enters(t, "/class?"+query.Encode(), signaling.Subprotocol)
	}
	switch {
	case good && (status == http.StatusOK || status == http.StatusSwitchingProtocols):
		got.in.Add(1)
	case status == http.StatusTooManyRequests, !good && status == http.StatusUnauthorized:
		got.refused.Add(1)
	default:
		t.Errorf("attempt %d was answered %d", i, status)
	}
}

// once is for one request. Kept connections would be dialled in store, and a server that goes down
// waits 5 s for what was never asked on one.
func once() *http.Client {
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

func (s *testServer) validates(t *testing.T, path string) int {
	resp, err := once().Get(s.URL + path)
	if err != nil {
		t.Error(err)
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// enters opens a websocket, waits for its first message, and says goodbye where that is an answer.
func (s *testServer) enters(t *testing.T, path, protocol string) int {
	d := websocket.Dialer{HandshakeTimeout: 20 * time.Second}
	if protocol != "" {
		d.Subprotocols = []string{protocol}
	}
	conn, resp, err := d.Dial(strings.Replace(s.URL, "http", "ws", 1)+path, nil)
	if resp == nil {
		t.Error(err)
		return 0
	}
	if err != nil {
		return resp.StatusCode
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, _, err := conn.ReadMessage(); err != nil {
		t.Errorf("%s: let in, and told nothing: %v", path[:6], err)
	}
	if protocol == "" {
		leave, err := proto.Marshal(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{}}})
		if err != nil {
			t.Error(err)
		}
		_ = conn.WriteMessage(websocket.BinaryMessage, leave)
		for err == nil { // until the server hangs up
			_, _, err = conn.ReadMessage()
		}
	}
	return resp.StatusCode
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
