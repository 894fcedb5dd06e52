package signaling

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/access"
)

func pass(body string) string { return passPrefix + base64.RawURLEncoding.EncodeToString([]byte(body)) }

func passOf(t *testing.T, r joinRequest) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return pass(string(b))
}

// A pass opens /rtc and /class without a call before, for the person that its exchange would have
// named, and /rtc gives a token in its place.
func TestAPassOpensBothSockets(t *testing.T) {
	s := newRTCSchool(t)
	teacher := s.enter(s.token("ada", teacher))
	tenant, name := s.room().Key()
	wish := joinRequest{Code: s.room().Code(), Name: "Zoé", Device: device}
	c := s.enter(passOf(t, wish))
	me := c.join.GetParticipant()
	if want := identityOf(tenant, name, "pupil", device); me.GetIdentity() != want || me.GetName() != "Zoé" {
		t.Errorf("%s (%s) came in, want %s", me.GetIdentity(), me.GetName(), want)
	}
	token := c.expect("a token", func(m *lk.SignalResponse) bool { return m.GetRefreshToken() != "" }).GetRefreshToken()
	if strings.HasPrefix(token, passPrefix) {
		t.Error("the pass was given back in place of a token")
	}
	teacher.expectInfo(me.GetIdentity(), func(*lk.ParticipantInfo) bool { return true })
	for _, path := range []string{"/class/validate", "/rtc/validate"} {
		if status, body := s.get(path, url.Values{"access_token": {passOf(t, wish)}}); status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	_ = c.conn.Close()
	again := s.dial("/rtc", passOf(t, wish), url.Values{"reconnect": {"1"}, "sid": {c.sid}})
	again.expect("a resumed session", func(m *lk.SignalResponse) bool { return m.GetReconnect() != nil })
}

func TestPassesThatAreRefused(t *testing.T) {
	s := newTestSchool(t)
	in := s.open("", "5b", false)
	closed, _ := testKeys.SignInvite("school", access.Invite{Class: "6a", Role: asTeacher})
	for name, c := range map[string]struct {
		token string
		want  int
		code  string
	}{
		"no base64":          {passPrefix + "{}", 400, "invalid"},
		"no JSON":            {pass("<xml/>"), 400, "invalid"},
		"nothing":            {passPrefix, 400, "invalid"},
		"no name":            {passOf(t, joinRequest{Code: in.Code(), Device: device}), 400, "invalid"},
		"a name with a NUL":  {passOf(t, joinRequest{Code: in.Code(), Device: device, Name: "a\x00"}), 400, "invalid"},
		"a short device key": {passOf(t, joinRequest{Code: in.Code(), Device: "x", Name: "Ann"}), 400, "invalid"},
		"a wrong code":       {passOf(t, joinRequest{Code: "00000000", Device: device, Name: "Ann"}), 404, "not_found"},
		"a teacher's invite": {passOf(t, joinRequest{Invite: closed, Device: device, Name: "Ann"}), 400, "invalid"},
		"another class":      {passOf(t, joinRequest{Code: in.Code(), Device: device, Name: "Ann"}), 403, "wrong_class"},
		"9 kB":               {pass(strings.Repeat(" ", 9<<10) + "{}"), 400, "invalid"},
	} {
		query := url.Values{"access_token": {c.token}}
		if name == "another class" {
			query.Set("class", "6a")
		}
		status, answer, _ := s.ask("GET", "/class/validate?"+query.Encode(), "")
		if status != c.want || errorCode(answer) != c.code {
			t.Errorf("%s: %d %v, want %d %s", name, status, answer, c.want, c.code)
		}
	}
	if _, open := s.options.School.Get("school", "6a"); open {
		t.Error("a class was opened")
	}
}

// Both sockets of one page come with one pass, seconds apart: they are one page's by their lineage,
// whenever the tokens behind it were signed.
func TestAPassIsOnePages(t *testing.T) {
	s := newTestSchool(t)
	code := s.open("", "5b", false).Code()
	lineage := func(pass string) string {
		t.Helper()
		claims, err := s.claimsOf(httptest.NewRequest("GET", "/class?access_token="+pass, nil))
		if err != nil {
			t.Fatal(err)
		}
		return claims.Lineage
	}
	first := pass(`{"code":"` + code + `","name":"Ann","device":"` + device + `","visit":"1"}`)
	second := pass(`{"code":"` + code + `","name":"Ann","device":"` + device + `","visit":"2"}`)
	if got := lineage(first); got != access.NewLineage(first) || got == lineage(second) {
		t.Errorf("lineages %s and %s", got, lineage(second))
	}
}
