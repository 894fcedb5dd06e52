package signaling

import (
	"slices"
	"testing"
)

// seating plays pages that come and go, and notes who was evicted.
type seating struct {
	seats *seats
	out   []string
}

var amina = seatKey{"", "5b", "P_1"}

func (s *seating) class(name, page, lineage string) func() {
	return s.seats.takeClass(amina, page, lineage, s.evicted(name))
}

func (s *seating) rtc(name, lineage string) func() {
	return s.seats.takeRTC(amina, lineage, s.evicted(name))
}

func (s *seating) evicted(name string) func(bool) {
	return func(replaced bool) {
		if replaced {
			name += "!"
		}
		s.out = append(s.out, name)
	}
}

func TestWhoReplacesWhom(t *testing.T) {
	for name, c := range map[string]struct {
		play func(s *seating)
		want []string // "!" replaced; without: the same page resumed
	}{
		"a page comes with both": {func(s *seating) { s.class("A", "a", "1"); s.rtc("a", "1") }, nil},
		"a page's /rtc is first": {func(s *seating) { s.rtc("a", "1"); s.class("A", "a", "1") }, nil},
		"a page resumes /class": {func(s *seating) {
			s.class("A", "a", "1")
			s.rtc("a", "1")
			s.class("A2", "a", "1")
		}, []string{"A"}},
		"a page reloads, with a new token": {func(s *seating) {
			s.class("A", "a", "1")
			s.rtc("a", "1")
			s.class("A2", "a", "2")
			s.rtc("a2", "2")
		}, []string{"A", "a!"}},
		"another page comes": {func(s *seating) {
			s.class("A", "a", "1")
			s.rtc("a", "1")
			s.class("B", "b", "2")
			s.rtc("b", "2")
		}, []string{"A!", "a!"}},
		"another page comes, /rtc first": {func(s *seating) {
			s.class("A", "a", "1")
			s.rtc("a", "1")
			s.rtc("b", "2")
			s.class("B", "b", "2")
		}, []string{"a!", "A!"}},
		"the same token in two pages": {func(s *seating) {
			s.class("A", "a", "1")
			s.rtc("a", "1")
			s.class("B", "b", "1")
			s.rtc("b", "1")
		}, []string{"A!", "a!"}},
		"a LiveKit client under the same identity": {func(s *seating) {
			s.class("A", "a", "1")
			s.rtc("a", "1")
			s.rtc("foreign", "2")
		}, []string{"a!", "A!"}},
		"a page under the identity of a LiveKit client": {func(s *seating) {
			s.rtc("foreign", "2")
			s.class("A", "a", "1")
		}, []string{"foreign!"}},
		"who has left is not evicted": {func(s *seating) {
			s.class("A", "a", "1")()
			s.rtc("a", "1")()
			s.class("B", "b", "2")
		}, nil},
	} {
		s := &seating{seats: newSeats(nil)}
		c.play(s)
		if !slices.Equal(s.out, c.want) {
			t.Errorf("%s: evicted %q, want %q", name, s.out, c.want)
		}
	}
}

func TestSeatsAreGivenUp(t *testing.T) {
	s := &seating{seats: newSeats(nil)}
	first := s.class("A", "a", "1")
	second := s.class("A2", "a", "1")
	first() // late: must not unseat the second
	if s.seats.people() != 1 {
		t.Error("the older socket unseated the newer")
	}
	second()
	if s.seats.people() != 0 {
		t.Error("a seat nobody has is kept")
	}
}
