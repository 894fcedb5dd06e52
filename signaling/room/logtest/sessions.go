package logtest

import (
	"strings"

	"preau/signaling/classpb"
	"preau/signaling/room"
)

func compacted(s *suite) {
	l := s.filled("RM_a", 9)
	s.must(l.Compact(s.ctx, StateAt("RM_a", 5)))
	s.reads(l, "RM_a", 0, 9)
	s.reads(l, "RM_a", 5, 9)
	s.reads(l, "RM_a", 7, 9)
	s.must(l.Append(s.ctx, 1, 9, Events("RM_a", 10, 12)))
	s.reads(l, "RM_a", 0, 12)
	s.reads(l, "RM_a", 12, 12)
	s.must(l.Close())
}

func compactedInside(s *suite) {
	l := s.filled("RM_a", 2)
	s.must(l.Append(s.ctx, 1, 2, Events("RM_a", 3, 9)))
	s.must(l.Compact(s.ctx, StateAt("RM_a", 5)))
	s.reads(l, "RM_a", 0, 9)
	s.reads(l, "RM_a", 5, 9)
	s.reads(l, "RM_a", 6, 9)
	s.must(l.Close())
}

func compactedAtEnd(s *suite) {
	l := s.filled("RM_a", 4)
	s.must(l.Compact(s.ctx, StateAt("RM_a", 4)))
	s.reads(l, "RM_a", 0, 4)
	s.reads(l, "RM_a", 4, 4)
	s.must(l.Append(s.ctx, 1, 4, Events("RM_a", 5, 6)))
	s.reads(l, "RM_a", 0, 6)
	s.must(l.Close())
}

func compactedTwice(s *suite) {
	l := s.filled("RM_a", 9)
	s.must(l.Compact(s.ctx, StateAt("RM_a", 3)))
	s.must(l.Compact(s.ctx, StateAt("RM_a", 6)))
	s.must(l.Compact(s.ctx, StateAt("RM_a", 2)))
	s.reads(l, "RM_a", 0, 9)
	s.reads(l, "RM_a", 6, 9)
	s.must(l.Close())
}

func compactedBeyond(s *suite) {
	l := s.filled("RM_a", 2)
	s.refused(l.Compact(s.ctx, StateAt("RM_a", 3)), room.ErrGap)
	s.reads(l, "RM_a", 0, 2)
	s.must(l.Close())
}

func againCompacted(s *suite) {
	l := s.filled("RM_a", 6)
	s.must(l.Compact(s.ctx, StateAt("RM_a", 4)))
	s.must(l.Append(s.ctx, 1, 2, Events("RM_a", 3, 8)))
	s.reads(l, "RM_a", 0, 8)
	s.must(l.Close())
}

func reopened(s *suite) {
	s.must(s.filled("RM_a", 3).Close())
	f, ok := s.open()["RM_a"]
	if !ok || f.Tenant != "tenant" || f.Name != "maths" {
		s.Fatalf("found %+v", f)
	}
	s.reads(f.Log, "RM_a", 0, 3)
	s.must(f.Log.Append(s.ctx, 1, 3, Events("RM_a", 4, 4)))
	s.must(f.Log.Append(s.ctx, 1, 3, Events("RM_a", 4, 4)))
	s.must(f.Log.Close())
	s.reads(s.open()["RM_a"].Log, "RM_a", 0, 4)
}

func reopenedCompacted(s *suite) {
	l := s.filled("RM_a", 8)
	s.must(l.Compact(s.ctx, StateAt("RM_a", 5)))
	s.must(l.Close())
	f := s.open()["RM_a"]
	if f.Tenant != "tenant" || f.Name != "maths" {
		s.Fatalf("found %+v", f)
	}
	if at := s.reads(f.Log, "RM_a", 0, 8); at != 5 {
		s.Fatalf("read from the snapshot at %d, want 5", at)
	}
	s.must(f.Log.Append(s.ctx, 1, 8, Events("RM_a", 9, 10)))
	s.must(f.Log.Compact(s.ctx, StateAt("RM_a", 9)))
	s.must(f.Log.Close())
	s.reads(s.open()["RM_a"].Log, "RM_a", 0, 10)
}

func held(s *suite) {
	l := s.filled("RM_a", 3)
	if n := len(s.open()); n != 0 {
		s.Fatalf("found %d sessions that somebody holds", n)
	}
	s.must(l.Close())
	if n := len(s.open()); n != 1 {
		s.Fatalf("found %d sessions, want 1", n)
	}
	if n := len(s.open()); n != 0 {
		s.Fatalf("found %d sessions that were found before", n)
	}
}

func ended(s *suite) {
	l := s.filled("RM_a", 3)
	end := Events("RM_a", 4, 4)
	end[0].Body = &classpb.Event_Ended{Ended: &classpb.Ended{}}
	s.must(l.Append(s.ctx, 1, 3, end))
	_, events, err := l.Read(s.ctx, 0)
	s.must(err)
	if len(events) != 4 {
		s.Fatalf("an ended session holds %d events while it is open, want 4", len(events))
	}
	s.must(l.Close())
	s.must(s.filled("RM_b", 2).Close())
	if found := s.open(); len(found) != 1 || found["RM_b"].Log == nil {
		s.Fatalf("found %v, want RM_b alone", found)
	}
}

func nothing(s *suite) {
	s.must(s.create("RM_a").Close())
	if n := len(s.open()); n != 0 {
		s.Fatalf("found %d sessions", n)
	}
	s.must(s.filled("RM_a", 1).Close())
}

func once(s *suite) {
	l := s.filled("RM_a", 1)
	if _, err := s.logs.Create(s.ctx, "tenant", "maths", "RM_a"); err == nil {
		s.Fatal("made twice")
	}
	s.reads(l, "RM_a", 0, 1)
	s.must(l.Close())
}

func names(s *suite) {
	long := strings.Repeat("classe-", 100)
	want := map[string][2]string{
		"RM_a": {"", ""}, "RM_b": {"..", "../../etc/passwd"}, "RM_c": {".", "/"}, "RM_d": {"école", "Maths 6ᵉ\x00\n"},
		"RM_e": {"a", long + "1"}, "RM_f": {"a", long + "2"}, "RM_g": {"=", "%2E"}, "RM_h": {"x/y", "z"}, "RM_i": {"x", "y/z"},
	}
	for session, of := range want {
		l, err := s.logs.Create(s.ctx, of[0], of[1], session)
		s.must(err)
		events := Events(session, 1, 2)
		events[0].GetOpened().Tenant, events[0].GetOpened().Name = of[0], of[1]
		s.must(l.Append(s.ctx, 1, 0, events))
		s.must(l.Close())
	}
	found := s.open()
	for session, of := range want {
		if f := found[session]; f.Tenant != of[0] || f.Name != of[1] {
			s.Errorf("%s is %q of %q, want %q", session, f.Name, f.Tenant, of)
		}
	}
}
