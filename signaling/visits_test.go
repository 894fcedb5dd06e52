package signaling

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

// knock opens /class as the page of that key does, and says with what status and code it is turned
// away; 101: it came in, and has gone again.
func (s *rtcSchool) knock(identity, page string) (status int, code string) {
	s.t.Helper()
	q := url.Values{"page": {page}, "access_token": {s.token(identity, pupil)}}
	d := websocket.Dialer{Subprotocols: []string{Subprotocol}}
	conn, resp, err := d.Dial("ws"+strings.TrimPrefix(s.http.URL, "http")+"/class?"+q.Encode(), nil)
	if err == nil {
		_ = conn.Close()
	}
	if resp == nil {
		s.t.Fatal(err)
	}
	_, body := s.get("/class/validate", q)
	for _, code := range []string{"removed", "refused"} {
		if strings.Contains(body, `"`+code+`"`) {
			return resp.StatusCode, code
		}
	}
	return resp.StatusCode, ""
}

// Both sockets of a page are one visit: whoever is refused while only media had come does not knock
// again by the other, nor by coming back; the next act of theirs does.
func TestOnePageKnocksOnce(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	b := s.dial("/rtc", s.token("bob", pupil), url.Values{"page": {"one"}, "protocol": {"17"}}).joined(s)
	s.do("ada", &classpb.Command{Body: &classpb.Command_Refuse{Refuse: &classpb.Refuse{Participants: []string{s.id("bob")}}}})
	b.expectLeave(lk.DisconnectReason_PARTICIPANT_REMOVED, lk.LeaveRequest_DISCONNECT)
	if status, code := s.knock("bob", "one"); status != http.StatusForbidden || code != "refused" {
		t.Errorf("the same page gets %d %q", status, code)
	}
	if p := s.state().GetParticipants()[s.id("bob")]; p.GetPresence() != classpb.Presence_PRESENCE_GONE {
		t.Errorf("and is in the class as %v", p)
	}
	if status, code := s.knock("bob", "two"); status != http.StatusSwitchingProtocols || code != "" {
		t.Errorf("the next gets %d %q", status, code)
	}
	if p := s.state().GetParticipants()[s.id("bob")]; !p.GetKnocks() || p.GetPresence() == classpb.Presence_PRESENCE_GONE {
		t.Errorf("and is in the class as %v", p)
	}
}

// A pupil whose link was down while they were removed is told so when the page comes back.
func TestRemovedWhileAway(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	if status, _ := s.knock("bob", "one"); status != http.StatusSwitchingProtocols {
		t.Fatal(status)
	}
	s.do("ada", &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: s.id("bob")}}})
	if status, code := s.knock("bob", "one"); status != http.StatusForbidden || code != "removed" {
		t.Errorf("the page that comes back gets %d %q", status, code)
	}
	if status, _ := s.knock("bob", strings.Repeat("k", maxPageKey+1)); status != http.StatusSwitchingProtocols {
		t.Errorf("a key that is none gets %d", status)
	}
}
