package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// The two links that --dev prints: the first opens the class as its teacher, the second leads to
// its lobby, out of which the teacher lets a pupil in.
func TestLinksOfDevOpenAClass(t *testing.T) {
	var said bytes.Buffer
	s := startTelling(t, Config{}, slog.New(slog.DiscardHandler), &said) // says all before it is ready
	forTeacher, forPupils := s.invite(t, said.String(), "teacher"), s.invite(t, said.String(), "pupil")

	var early joined
	if status := s.asks(t, "/api/join", asking{Invite: forPupils, Name: "Amina", Device: "amina-0123456789"}, &early); status != http.StatusNotFound {
		t.Errorf("a pupil before any teacher is answered %d", status)
	}
	lea := s.follows(t, forTeacher, "Léa", "teacher")
	if lea.state.GetTitle() != "Essai" || lea.state.GetParticipants()[lea.participant].GetRole() != teacher {
		t.Errorf("the teacher's link leads to %v", lea.state)
	}
	amina := s.follows(t, forPupils, "Amina", "pupil")
	if p := amina.state.GetParticipants()[amina.participant]; amina.state.GetTitle() != "Essai" ||
		p.GetRole() != pupil || !class.Waiting(amina.state, amina.participant) {
		t.Errorf("the pupils' link leads to %v", amina.state)
	}
	lea.do(&classpb.Command{Body: &classpb.Command_Admit{Admit: &classpb.Admit{Participants: []string{amina.participant}}}})
	for state := amina.state; !class.Present(state, amina.participant); {
		if f := amina.next(); f.GetSnapshot() != nil {
			state = f.GetSnapshot()
		}
	}
}

// invite is what stands behind the # of the link that is announced with a word.
func (s *testServer) invite(t *testing.T, said, word string) string {
	t.Helper()
	lines := strings.Split(said, "\n")
	for i, line := range lines[:len(lines)-1] {
		if !strings.Contains(line, word) {
			continue
		}
		invite, ok := strings.CutPrefix(strings.TrimSpace(lines[i+1]), s.URL+"/join#i=")
		if !ok || invite == "" {
			t.Fatalf("the link for a %s is %q, at %s", word, lines[i+1], s.URL)
		}
		return invite
	}
	t.Fatalf("no link for a %s is given:\n%s", word, said)
	return ""
}

// asking and joined are the body of /api/join and its answer.
type asking struct {
	Code   string `json:"code,omitempty"`
	Invite string `json:"invite,omitempty"`
	Name   string `json:"name"`
	Device string `json:"device"`
}

type joined struct {
	Token string `json:"token"`
	Role  string `json:"role"`
}

// follows a link as the page does: it exchanges the invite for a token, and joins with that.
func (s *testServer) follows(t *testing.T, invite, name, role string) *page {
	t.Helper()
	var in joined
	if status := s.asks(t, "/api/join", asking{Invite: invite, Name: name, Device: "the-device-of-" + role}, &in); status != http.StatusOK || in.Role != role {
		t.Fatalf("the %s's link: %d, as %q", role, status, in.Role)
	}
	return s.pageBy(t, in.Token)
}

// asks the page's API, and reads its answer.
func (s *testServer) asks(t *testing.T, path string, body, answer any) (status int) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
	}
	resp, err := once().Post(s.URL+path, "application/json", bytes.NewReader(text))
	if err != nil {
		t.Error(err)
		return 0
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		t.Error(err)
	}
	return resp.StatusCode
}
