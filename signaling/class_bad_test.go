package signaling

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
)

func TestWhoIsNotLetIn(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))
	banned := s.enter(s.token("5b", "banned", asPupil))
	remove := &classpb.Remove{Participant: banned.hello.GetParticipant(), Ban: true}
	teacher.do(&classpb.Command{RequestId: "out", Body: &classpb.Command_Remove{Remove: remove}})

	expired, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": "school", "sub": "amina", "exp": time.Now().Add(-time.Hour).Unix(),
		"video": map[string]any{"roomJoin": true, "room": "5b"},
	}).SignedString([]byte(testKeys["school"].Secret))
	if err != nil {
		t.Fatal(err)
	}
	stranger, _ := access.Keys{"school": {Secret: "a secret that is another one altogether"}}.Sign("school", access.Token{Class: "5b", Identity: "x"})
	invite, _ := testKeys.SignInvite("school", access.Invite{Class: "5b", Role: asPupil})

	for name, c := range map[string]struct {
		query  url.Values
		status int
		code   string
	}{
		"no token":        {url.Values{}, 401, "token_missing"},
		"garbage":         {url.Values{"access_token": {"garbage"}}, 401, "token_invalid"},
		"expired":         {url.Values{"access_token": {expired}}, 401, "token_expired"},
		"unknown":         {url.Values{"access_token": {stranger}}, 401, "token_invalid"},
		"another class":   {url.Values{"access_token": {s.token("6a", "amina", asPupil)}, "class": {"5b"}}, 403, "wrong_class"},
		"an invite as is": {url.Values{"access_token": {invite}}, 403, "not_granted"},
		"banned":          {url.Values{"access_token": {s.token("5b", "banned", asPupil)}}, 403, "banned"},
		"not open":        {url.Values{"access_token": {s.token("6a", "amina", asPupil)}}, 404, "not_open"},
	} {
		_, resp, err := s.dial(c.query)
		if err == nil || resp == nil || resp.StatusCode != c.status {
			t.Errorf("%s: %v %v, want %d", name, resp, err, c.status)
			continue
		}
		if body, _ := io.ReadAll(resp.Body); !strings.Contains(string(body), c.code) {
			t.Errorf("%s: %s, want %s", name, body, c.code)
		}
		status, answer, header := s.ask("GET", "/class/validate?"+c.query.Encode(), "")
		if status != c.status || errorCode(answer) != c.code {
			t.Errorf("%s: validate says %d %v, want %d %s", name, status, answer, c.status, c.code)
		}
		if header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: a page elsewhere cannot read why", name)
		}
	}
}

// A good token is not enough: it is to be brought over a websocket that speaks this protocol.
func TestATokenIsNotEnough(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	query := url.Values{"access_token": {s.token("5b", "amina", asPupil)}}
	if status, _, _ := s.ask("GET", "/class/validate?"+query.Encode(), ""); status != 200 {
		t.Errorf("validate of a good token: %d", status)
	}
	if status, answer, _ := s.ask("GET", "/class?"+query.Encode(), ""); status != 426 || errorCode(answer) != "upgrade_required" {
		t.Errorf("without an upgrade: %d %v", status, answer)
	}
	d := websocket.Dialer{HandshakeTimeout: patience}
	_, resp, err := d.Dial("ws"+strings.TrimPrefix(s.url, "http")+"/class?"+query.Encode(), nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without the subprotocol: %v %v", resp, err)
	}
}

// closeCode writes a message and reads on to the code that the server closes with.
func closeCode(p *page, kind int, data []byte) int {
	p.Helper()
	_ = p.conn.WriteMessage(kind, data) // may fail: the server stops reading half-way
	_ = p.conn.SetReadDeadline(time.Now().Add(patience))
	for {
		_, _, err := p.conn.ReadMessage()
		if closed, ok := err.(*websocket.CloseError); ok {
			return closed.Code
		}
		if err != nil {
			p.Fatalf("no close code: %v", err)
		}
	}
}

func TestBadFramesEndOneSessionAlone(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))
	bomb, err := proto.Marshal(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{
		Command: say("bomb", strings.Repeat("a", 3<<20)), // a few kB on the wire
	}})
	if err != nil {
		t.Fatal(err)
	}
	random := make([]byte, 3<<20)
	for i := range random {
		random[i] = byte(i * i >> 7)
	}
	for name, c := range map[string]struct {
		kind     int
		data     []byte
		compress bool
		want     int
	}{
		"malformed protobuf":            {websocket.BinaryMessage, []byte{0xff, 0xff, 0xff}, false, websocket.CloseInvalidFramePayloadData},
		"a text frame":                  {websocket.TextMessage, []byte("{}"), false, websocket.CloseUnsupportedData},
		"too large":                     {websocket.BinaryMessage, random, false, websocket.CloseMessageTooBig},
		"too large after decompression": {websocket.BinaryMessage, bomb, true, websocket.CloseMessageTooBig},
	} {
		p := s.enter(s.token("5b", "amina", asPupil), "page", name)
		p.conn.EnableWriteCompression(c.compress)
		if got := closeCode(p, c.kind, c.data); got != c.want {
			t.Errorf("%s: closed with %d, want %d", name, got, c.want)
		}
	}
	if r := teacher.do(say("still here", "nobody noticed")); r.GetError() != nil {
		t.Error(r.GetError())
	}
}

func TestCommandsThatAreRefused(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	p := s.enter(s.token("5b", "amina", asPupil))
	name := "King"
	for what, c := range map[string]struct {
		command *classpb.Command
		want    classpb.Code
	}{
		"empty":             {&classpb.Command{RequestId: "1"}, classpb.Code_CODE_INVALID},
		"the server's own":  {&classpb.Command{RequestId: "2", Body: &classpb.Command_Join{Join: &classpb.Join{Role: asTeacher}}}, classpb.Code_CODE_FORBIDDEN},
		"another's profile": {&classpb.Command{RequestId: "3", Body: &classpb.Command_SetProfile{SetProfile: &classpb.SetProfile{Participant: p.hello.GetParticipant(), Name: &name}}}, classpb.Code_CODE_FORBIDDEN},
		"a teacher's":       {&classpb.Command{RequestId: "4", Body: &classpb.Command_MuteAll{MuteAll: &classpb.MuteAll{}}}, classpb.Code_CODE_FORBIDDEN},
		"too long a text":   {say("5", strings.Repeat("a", 2001)), classpb.Code_CODE_INVALID},
		"bidi controls":     {say("6", "abc\u202etxt.exe"), classpb.Code_CODE_INVALID},
		"nobody there":      {&classpb.Command{RequestId: "7", Body: &classpb.Command_LowerHand{LowerHand: &classpb.LowerHand{Participant: "P_none"}}}, classpb.Code_CODE_UNSPECIFIED},
	} {
		r := p.do(c.command)
		if r.GetError() == nil || r.GetError().GetMessage() == "" {
			t.Errorf("%s: %v", what, r)
		}
		if got := r.GetError().GetCode(); c.want != 0 && got != c.want {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
	noLongIDComesBack(p)
}

// noLongIDComesBack: no answer carries a request id back that is too long to be one, whatever it says.
func noLongIDComesBack(p *page) {
	p.Helper()
	long := strings.Repeat("x", 65)
	send := func(c *classpb.Command) {
		p.write(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{Command: c}})
	}
	answer := func(want classpb.Code) {
		r := p.until(want.String(), func(f *classpb.ServerFrame) bool {
			return f.GetReply().GetError().GetCode() == want && f.GetReply().GetRequestId() != "filler"
		}).GetReply()
		if r.GetRequestId() != "" {
			p.Errorf("%v: the reply carries %d bytes of request id", want, len(r.GetRequestId()))
		}
	}
	send(say(long, "hello"))
	answer(classpb.Code_CODE_INVALID)
	send(&classpb.Command{RequestId: long, Body: &classpb.Command_PublishTrack{PublishTrack: &classpb.PublishTrack{}}})
	answer(classpb.Code_CODE_FORBIDDEN)
	for range 200 { // faster than anything is allowed to come back
		send(say("filler", ""))
	}
	for range 20 { // a slow machine may be allowed one
		send(say(long, "hello"))
	}
	answer(classpb.Code_CODE_RATE)
}

func TestFiftyCommandsASecond(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	p := s.enter(s.token("5b", "amina", asPupil))
	const sent = 200
	began := time.Now()
	for n := range sent {
		p.write(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{Command: &classpb.Command{
			RequestId: fmt.Sprint(n), Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}},
		}}})
	}
	replies, over := 0, 0
	p.until("every reply", func(f *classpb.ServerFrame) bool {
		if f.GetReply() != nil {
			replies++
			if f.GetReply().GetError().GetCode() == classpb.Code_CODE_RATE {
				over++
			}
		}
		return replies == sent
	})
	allowed := 50 + int(50*time.Since(began).Seconds()) + 1
	if done := sent - over; done < 50 || done > allowed {
		t.Errorf("%d commands done in %v", done, time.Since(began))
	}
	if _, body := s.text("/metrics"); !strings.Contains(body, `preau_signaling_commands_total{kind="class",result="rate"}`) {
		t.Error("the metric does not tell")
	}
}

func TestASlowReaderIsLetGo(t *testing.T) {
	s := newTestSchool(t)
	r := s.open("", "5b", false)
	slowly := s.enter(s.token("5b", "slow", asPupil)) // and reads no more
	if err := slowly.conn.NetConn().(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	claims, err := testKeys.Verify(s.token("5b", "teacher", asTeacher))
	if err != nil {
		t.Fatal(err)
	}
	teacher, err := join(s.patient(), r, claims, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Connected(teacher)()
	slow := s.metrics.drops.WithLabelValues("slow_reader")
	ctx, cancel := context.WithTimeout(t.Context(), 6*patience) // a thousand long messages are work
	defer cancel()
	for valueOf(t, slow) == 0 { // the buffers on the way fill up, then the outbox
		noise := make([]byte, 1000)
		_, _ = rand.Read(noise)
		if _, err := r.Do(ctx, class.By(teacher), say("", hex.EncodeToString(noise))); err != nil {
			t.Fatal(err)
		}
	}
}

func valueOf(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// text is the body of a page as it is.
func (s *school) text(path string) (status int, body string) {
	s.Helper()
	resp, err := http.Get(s.url + path)
	if err != nil {
		s.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, _ = b.ReadFrom(resp.Body)
	return resp.StatusCode, b.String()
}

func TestAFloodOfJoinsIsThrottled(t *testing.T) {
	s := newTestSchool(t, func(o *Options) { o.Limits.JoinsPerSecond = .01 }) // or a slow machine is let in again
	s.open("", "5b", false)
	token := s.token("5b", "amina", asPupil)
	for _, way := range []struct{ method, path, body string }{
		{"POST", "/api/join", `{"code":"AAAAAAAA","name":"Amina"}`},
		{"GET", "/class/validate?access_token=" + token, ""},
	} {
		t.Run(way.method, func(t *testing.T) { flood(t, s, way.method, way.path, way.body) })
	}
	// The socket itself is counted with its validation: that has used up what this address may.
	if status, _, _ := s.ask("GET", "/class?access_token="+token, ""); status != http.StatusTooManyRequests {
		t.Errorf("the socket: %d", status)
	}
}

// flood asks until it is told to wait.
func flood(t *testing.T, s *school, method, path, body string) {
	t.Helper()
	statuses := map[int]int{}
	for range 700 {
		status, answer, header := s.ask(method, path, body)
		statuses[status]++
		if status == http.StatusTooManyRequests && (errorCode(answer) != "rate" || header.Get("Retry-After") == "") {
			t.Fatalf("refused with %v", answer)
		}
	}
	if refused := statuses[http.StatusTooManyRequests]; refused == 0 || refused > 300 {
		t.Errorf("answers: %v", statuses)
	}
}
