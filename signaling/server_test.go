package signaling

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

func TestTheHTTPSurface(t *testing.T) {
	s := newTestSchool(t, func(o *Options) {
		o.Static = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("the page " + r.URL.Path)) })
	})
	for path, want := range map[string]int{
		"/": 200, "/c/ABCD": 200, "//": 200, "/healthz": 200, "//healthz": 200, "/readyz": 200, "/metrics": 200,
		"/api/config": 200, "//api//config": 200, "/class//validate": 401, "/class": 426,
	} {
		resp, err := http.DefaultTransport.RoundTrip(s.request("GET", path)) // follows no redirect
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, want)
		}
	}
	resp, err := http.DefaultClient.Do(s.request("HEAD", "/"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("HEAD /: %d %v", resp.StatusCode, resp.Header)
	}
	policy := resp.Header.Get("Content-Security-Policy")
	host := strings.TrimPrefix(s.url, "http://")
	if !strings.Contains(policy, "connect-src 'self' ws://"+host+" wss://"+host+";") || strings.Contains(policy, "unsafe-eval") {
		t.Errorf("policy %q", policy)
	}
}

func (s *school) request(method, path string) *http.Request {
	r, err := http.NewRequestWithContext(s.patient(), method, s.url+path, nil)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func TestPreflight(t *testing.T) {
	s := newTestSchool(t)
	r := s.request("OPTIONS", "/twirp/livekit.RoomService/ListRooms")
	r.Header.Set("Origin", "https://elsewhere.example")
	r.Header.Set("Access-Control-Request-Method", "POST")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

func TestAHostileHostHeaderStaysOutOfThePolicy(t *testing.T) {
	for _, host := range []string{"a; script-src *", "a b", "a,b", "é"} {
		if policy := contentSecurityPolicy(host); strings.Contains(policy, host) {
			t.Errorf("%q: %s", host, policy)
		}
	}
}

func TestAPanicEndsOneRequest(t *testing.T) {
	s := newTestSchool(t, func(o *Options) {
		o.Static = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault") })
	})
	if status, answer, _ := s.ask("GET", "/", ""); status != http.StatusInternalServerError || errorCode(answer) != "internal" {
		t.Errorf("%d %v", status, answer)
	}
	if status, _, _ := s.ask("GET", "/healthz", ""); status != http.StatusOK {
		t.Errorf("afterwards: %d", status)
	}
}

func TestAPanicEndsOneSession(t *testing.T) {
	s := newTestSchool(t)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))
	r, _ := s.options.School.Get("", "5b")
	faulty := &classSocket{server: s.Server, log: s.log, room: r, out: newOutbox(func(int) {}, func() {}), gone: make(chan struct{})}
	upgrader := s.upgrader()
	hit := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		faulty.conn, _ = upgrader.Upgrade(w, q, nil)
		faulty.room = nil // the session's first use of it panics
		func() {
			defer faulty.recoverSession()
			faulty.command(q.Context(), say("1", "x"), true)
		}()
	}))
	defer hit.Close()
	d := websocket.Dialer{Subprotocols: []string{Subprotocol}, HandshakeTimeout: patience}
	conn, resp, err := d.Dial("ws"+strings.TrimPrefix(hit.URL, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("the faulty session goes on")
	}
	if r := teacher.do(say("1", "still here")); r.GetError() != nil {
		t.Error(r.GetError())
	}
	if _, body := s.text("/metrics"); !strings.Contains(body, `preau_signaling_errors_total{where="class_session"} 1`) {
		t.Error("the fault is not counted")
	}
}

func TestMetricsNameNobody(t *testing.T) {
	s := newTestSchool(t)
	p := s.enter(s.token("5b-secret", "amina-secret", asTeacher))
	p.snapshot()
	p.do(say("1", "hello"))
	_, body := s.text("/metrics")
	for _, want := range []string{
		"preau_classes 1", "preau_participants 1", `preau_signaling_sockets{kind="class"} 1`,
		`preau_signaling_join_seconds_count{kind="class"} 1`, `preau_signaling_commands_total{kind="class",result="ok"} 1`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(body, "secret") {
		t.Error("a metric names a class or a person")
	}
}
