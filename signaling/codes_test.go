package signaling

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Who guesses codes is told no more after a minute's worth of wrong ones, by
// whichever way they ask.
func TestAGuesserOfCodesIsLimited(t *testing.T) {
	s := newTestSchool(t)
	code := s.open("", "5b", false).Code()
	began, answered := time.Now(), 0
	for n := range 200 {
		guess := fmt.Sprintf("0000%04d", n)
		status := 0
		wish := joinRequest{Code: guess, Name: "Ann", Device: device}
		switch n % 3 {
		case 0:
			status, _, _ = s.ask("GET", "/api/codes/"+guess, "")
		case 1:
			status, _, _ = s.ask("GET", "/class/validate?access_token="+passOf(t, wish), "")
		default:
			status, _ = s.post("/api/join", wish)
		}
		switch status {
		case http.StatusNotFound:
			answered++
		case http.StatusTooManyRequests:
		default:
			t.Fatalf("guess %d: %d", n, status)
		}
	}
	const allowed = 60 // at once, and one a second after
	if most := allowed + int(time.Since(began).Seconds()) + 1; answered < allowed || answered > most {
		t.Errorf("%d guesses of 200 were answered, want %d to %d", answered, allowed, most)
	}
	if status, _, _ := s.ask("GET", "/api/codes/"+code, ""); status != http.StatusOK {
		t.Errorf("the right code from an address that guessed: %d", status)
	}
	if status, answer := s.post("/api/join", joinRequest{Code: code, Name: "Ann", Device: device}); status != http.StatusOK {
		t.Errorf("a join from an address that guessed: %d %v", status, answer)
	}
}

// A school behind one address: whoever has the code may look it up, however many
// they are and however often their pages ask; 300 of them join by it at once.
func TestRightCodesAreNotCounted(t *testing.T) {
	s := newTestSchool(t)
	code := s.open("", "5b", false).Code()
	for n := range 700 {
		if status, answer, _ := s.ask("GET", "/api/codes/"+code, ""); status != http.StatusOK {
			t.Fatalf("look-up %d of the right code: %d %v", n, status, answer)
		}
	}
	for n := range 300 {
		status, answer := s.post("/api/join", joinRequest{Code: code, Name: fmt.Sprint("pupil ", n), Device: fmt.Sprint(device, n)})
		if status != http.StatusOK {
			t.Fatalf("pupil %d: %d %v", n, status, answer)
		}
	}
}
