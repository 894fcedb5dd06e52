package signaling

import (
	"net/http"
	"net/url"
	"testing"

	"preau/signaling/access"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// refusedWith says how /class and /class/validate refuse the same query.
func (s *school) refusedWith(what string, query url.Values, status int, code string) {
	s.Helper()
	got, answer, _ := s.ask("GET", "/class/validate?"+query.Encode(), "")
	if got != status || errorCode(answer) != code {
		s.Errorf("%s: validate says %d %v, want %d %s", what, got, answer, status, code)
	}
	conn, resp, err := s.dial(query)
	if err == nil {
		_ = conn.Close()
		s.Errorf("%s: /class lets it in", what)
	} else if resp == nil || resp.StatusCode != status {
		s.Errorf("%s: /class says %v %v, want %d", what, resp, err, status)
	}
}

func (s *school) end(t *testing.T, r *room.Room, as *page) {
	s.Helper()
	as.write(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{Command: &classpb.Command{
		RequestId: "end", Body: &classpb.Command_End{End: &classpb.EndClass{}},
	}}})
	<-r.Done()
	eventually(t, "the class is gone", func() bool {
		tenant, name := r.Key()
		now, ok := s.options.School.Get(tenant, name)
		return !ok || now != r
	})
}

func TestAReconnectDoesNotReopenAnEndedClass(t *testing.T) {
	s := newTestSchool(t)
	_, opened := s.post("/api/classes", openRequest{Title: "Sciences", Lobby: true})
	_, joined := s.post("/api/join", joinRequest{Invite: opened["invite"].(string), Name: "Mme Roux", Device: device})
	name, token := joined["class"].(string), joined["token"].(string)
	teacher := s.enter(token)
	session := teacher.snapshot().GetSession()
	first, _ := s.options.School.Get("", name)
	s.end(t, first, teacher)

	back := url.Values{"access_token": {token}, "session": {session}, "since": {"3"}}
	s.refusedWith("a reconnect", back, http.StatusGone, "ended")
	if _, ok := s.options.School.Get("", name); ok {
		t.Fatal("a reconnect has opened the class again")
	}
	if status, _, _ := s.ask("GET", "/class/validate?access_token="+token, ""); status != http.StatusOK {
		t.Errorf("opening it again on purpose: %d", status)
	}
	again := s.enter(token).snapshot() // on purpose
	if again.GetTitle() != "Sciences" || !again.GetLobby() || again.GetSession() == session {
		t.Errorf("opened again as %q, lobby %v", again.GetTitle(), again.GetLobby())
	}
	s.refusedWith("a reconnect to the session before", back, http.StatusGone, "ended")
	back.Set("session", again.GetSession())
	if status, answer, _ := s.ask("GET", "/class/validate?"+back.Encode(), ""); status != http.StatusOK {
		t.Errorf("a reconnect to the session there is: %d %v", status, answer)
	}
}

func TestATeachersMediaOpensTheClassAsIntended(t *testing.T) {
	s := newRTCSchool(t)
	token, err := s.keys.Sign("key", access.Token{
		Class: "maths", Identity: "ada", Name: "Ada", Role: asTeacher, Title: "Mathématiques", Lobby: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	a := s.enter(token)
	if got := s.state(); got.GetTitle() != "Mathématiques" || !got.GetLobby() {
		t.Errorf("opened as %q, lobby %v", got.GetTitle(), got.GetLobby())
	}
	for name := range a.join.GetParticipant().GetAttributes() {
		if name != "role" {
			t.Errorf("the token's attribute %q is shown", name)
		}
	}
}

func TestOneBrowserIsOnePersonInEachRole(t *testing.T) {
	s := newTestSchool(t)
	_, opened := s.post("/api/classes", openRequest{Title: "Sciences"})
	_, teacher := s.post("/api/join", joinRequest{Invite: opened["invite"].(string), Name: "Ada", Device: device})
	r, _ := s.options.School.Get("", teacher["class"].(string))
	_, pupil := s.post("/api/join", joinRequest{Code: r.Code(), Name: "Ada", Device: device})
	_, again := s.post("/api/join", joinRequest{Code: r.Code(), Name: "Bea", Device: device})
	if pupil["identity"] == teacher["identity"] || pupil["identity"] != again["identity"] {
		t.Errorf("identities %v, %v, %v", teacher["identity"], pupil["identity"], again["identity"])
	}
}
