package signaling

import (
	"strconv"
	"testing"
	"time"

	"preau/signaling/classpb"
)

const (
	asTeacher = classpb.Role_ROLE_TEACHER
	asPupil   = classpb.Role_ROLE_PUPIL
)

func TestATeacherOpensAPupilWaitsAndIsLetIn(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", true)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))
	if got := teacher.snapshot(); got.GetTitle() != "5e B" || len(got.GetParticipants()) != 1 {
		t.Errorf("the teacher's snapshot is %v", got)
	}
	pupil := s.enter(s.token("5b", "amina", asPupil))
	if others := len(pupil.snapshot().GetParticipants()); others != 1 {
		t.Errorf("who waits sees %d people", others)
	}
	waited := teacher.event("a knock", func(e *classpb.Event) bool { return e.GetWaited() != nil }).GetWaited()
	if waited.GetParticipant() != pupil.hello.GetParticipant() {
		t.Errorf("who knocks is %q", waited.GetParticipant())
	}
	reply := teacher.do(&classpb.Command{RequestId: "let in", Body: &classpb.Command_Admit{Admit: &classpb.Admit{All: true}}})
	if reply.GetError() != nil || reply.GetSeq() == 0 {
		t.Errorf("the reply is %v", reply)
	}
	if inside := pupil.snapshot(); len(inside.GetParticipants()) != 2 {
		t.Errorf("who was let in sees %v", inside)
	}
	if reply := pupil.do(say("hello", "bonjour")); reply.GetError() != nil {
		t.Errorf("chat: %v", reply.GetError())
	}
	said := teacher.event("chat", func(e *classpb.Event) bool { return e.GetChatSent() != nil })
	if said.GetChatSent().GetMessage().GetText() != "bonjour" || said.GetRequestId() != "hello" {
		t.Errorf("heard %v", said)
	}
	if reply := pupil.do(&classpb.Command{RequestId: "x", Body: &classpb.Command_End{End: &classpb.EndClass{}}}); reply.GetError().GetCode() != classpb.Code_CODE_FORBIDDEN {
		t.Errorf("a pupil ends the class: %v", reply)
	}
	teacher.write(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{Command: &classpb.Command{
		RequestId: "end", Body: &classpb.Command_End{End: &classpb.EndClass{}},
	}}})
	for _, p := range []*page{teacher, pupil} {
		if got := p.goodbye(); got != classpb.GoodbyeReason_GOODBYE_REASON_ENDED {
			t.Errorf("goodbye: %v", got)
		}
	}
}

func TestATeachersTokenOpensTheClass(t *testing.T) {
	s := newTestSchool(t)
	s.enter(s.token("6a", "teacher", asTeacher))
	if _, ok := s.options.School.Get("", "6a"); !ok {
		t.Error("the class is not open")
	}
}

func TestWhoComesBackHearsWhatWasMissed(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))
	token := s.token("5b", "amina", asPupil)
	pupil := s.enter(token, "page", "one")
	seen := pupil.snapshot()
	_ = pupil.conn.Close()
	for n := range 3 {
		if r := teacher.do(say(strconv.Itoa(n), "while you were away")); r.GetError() != nil {
			t.Fatal(r.GetError())
		}
	}
	back := s.enter(token, "page", "one", "session", seen.GetSession(), "since", strconv.FormatUint(seen.GetSeq(), 10))
	if back.hello.GetParticipant() != pupil.hello.GetParticipant() {
		t.Error("somebody else came back")
	}
	missed := 0
	back.until("all that was missed", func(f *classpb.ServerFrame) bool {
		if f.GetSnapshot() != nil {
			t.Fatal("a snapshot came instead of the tail")
		}
		for _, e := range f.GetBatch().GetEvents() {
			if e.GetChatSent() != nil {
				missed++
			}
		}
		return missed == 3
	})

	stranger := s.enter(token, "page", "one", "session", "nonsense", "since", "1")
	if f := stranger.next(); f.GetSnapshot() == nil {
		t.Errorf("a since of no session got %v", f)
	}
}

func TestOneClassSocketEach(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	token := s.token("5b", "amina", asPupil)
	first := s.enter(token, "page", "one")
	second := s.enter(token, "page", "one")
	for f := first.next(); f != nil; f = first.next() {
		if f.GetGoodbye() != nil {
			t.Errorf("a page that resumes is told %v", f)
		}
	}
	third := s.enter(token, "page", "two")
	if got := second.goodbye(); got != classpb.GoodbyeReason_GOODBYE_REASON_REPLACED {
		t.Errorf("goodbye: %v", got)
	}
	if r := third.do(&classpb.Command{RequestId: "h", Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}}}); r.GetError() != nil {
		t.Error(r.GetError())
	}
}

func TestGoodbyes(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", false)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))

	left := s.enter(s.token("5b", "left", asPupil))
	left.write(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Command{Command: &classpb.Command{
		RequestId: "bye", Body: &classpb.Command_Leave{Leave: &classpb.LeaveClass{}},
	}}})
	if got := left.goodbye(); got != classpb.GoodbyeReason_GOODBYE_REASON_LEFT {
		t.Errorf("left: %v", got)
	}

	removed := s.enter(s.token("5b", "removed", asPupil))
	remove := &classpb.Remove{Participant: removed.hello.GetParticipant(), Ban: true}
	if r := teacher.do(&classpb.Command{RequestId: "out", Body: &classpb.Command_Remove{Remove: remove}}); r.GetError() != nil {
		t.Error(r.GetError())
	}
	if got := removed.goodbye(); got != classpb.GoodbyeReason_GOODBYE_REASON_BANNED {
		t.Errorf("banned: %v", got)
	}

	if err := s.Goodbye(s.patient()); err != nil {
		t.Error(err)
	}
	if got := teacher.goodbye(); got != classpb.GoodbyeReason_GOODBYE_REASON_SHUTDOWN {
		t.Errorf("shutdown: %v", got)
	}
	if status, _, _ := s.ask("GET", "/readyz", ""); status != 503 {
		t.Errorf("ready while going down: %d", status)
	}
}

func TestWhoIsRefusedIsTold(t *testing.T) {
	s := newTestSchool(t)
	s.open("", "5b", true)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))
	waits := s.enter(s.token("5b", "waits", asPupil))
	refuse := &classpb.Refuse{Participants: []string{waits.hello.GetParticipant()}}
	if r := teacher.do(&classpb.Command{RequestId: "no", Body: &classpb.Command_Refuse{Refuse: refuse}}); r.GetError() != nil {
		t.Error(r.GetError())
	}
	if got := waits.goodbye(); got != classpb.GoodbyeReason_GOODBYE_REASON_REFUSED {
		t.Errorf("goodbye: %v", got)
	}
}

func TestPings(t *testing.T) {
	s := newTestSchool(t, func(o *Options) { o.Limits.Ping = 200 * time.Millisecond })
	p := s.enter(s.token("5b", "teacher", asTeacher))
	answer := p.conn.PingHandler()
	p.conn.SetPingHandler(func(data string) error { // answers one kind with the other
		p.write(&classpb.ClientFrame{Frame: &classpb.ClientFrame_Ping{Ping: &classpb.Ping{ClientMs: 42}}})
		return answer(data)
	})
	for range 5 { // longer than the silence after which a socket is cut
		pong := p.until("a pong", func(f *classpb.ServerFrame) bool { return f.GetPong() != nil }).GetPong()
		if pong.GetClientMs() != 42 || pong.GetServerMs() == 0 {
			t.Fatalf("pong %v", pong)
		}
	}
}

func TestASilentSocketIsCut(t *testing.T) {
	s := newTestSchool(t, func(o *Options) { o.Limits.Ping = 10 * time.Millisecond })
	p := s.enter(s.token("5b", "teacher", asTeacher))
	p.conn.SetPingHandler(func(string) error { return nil }) // reads, and never answers
	for p.next() != nil {
	}
}

// On a thin link who comes is told with the next thing that matters, or much later.
func TestPresenceWaitsOnAThinLink(t *testing.T) {
	s := newTestSchool(t, func(o *Options) { o.Limits.CoalesceThin = time.Hour })
	s.open("", "5b", false)
	weak := s.enter(s.token("5b", "weak", asPupil))
	weak.snapshot()
	s.Server.seats.pacing.set(seatKey{"", "5b", weak.hello.GetParticipant()}, thinLink-1)
	first := s.enter(s.token("5b", "first", asPupil))
	weak.event("the first", func(e *classpb.Event) bool { return e.GetJoined() != nil })
	for n := range 5 {
		s.enter(s.token("5b", "pupil-"+strconv.Itoa(n), asPupil)).snapshot()
	}
	if r := first.do(&classpb.Command{RequestId: "h", Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}}}); r.GetError() != nil {
		t.Fatal(r)
	}
	var joined []int // in each batch
	weak.until("the hand", func(f *classpb.ServerFrame) (raised bool) {
		n := 0
		for _, e := range f.GetBatch().GetEvents() {
			if e.GetJoined() != nil {
				n++
			}
			raised = raised || e.GetHandRaised() != nil
		}
		if n > 0 {
			joined = append(joined, n)
		}
		return raised
	})
	if len(joined) != 1 || joined[0] != 5 {
		t.Errorf("told of %v in so many batches, not of five in one", joined)
	}
}

func TestABellGathersPresence(t *testing.T) {
	s := newTestSchool(t, func(o *Options) { o.Limits.Coalesce = 100 * time.Millisecond })
	s.open("", "5b", false)
	teacher := s.enter(s.token("5b", "teacher", asTeacher))
	const pupils = 40
	for n := range pupils {
		s.enter(s.token("5b", "pupil-"+strconv.Itoa(n), asPupil))
	}
	joined, batches := 0, 0
	var last uint64
	teacher.until("everyone", func(f *classpb.ServerFrame) bool {
		if f.GetBatch() != nil {
			batches++
		}
		for _, e := range f.GetBatch().GetEvents() {
			if e.GetSeq() <= last {
				t.Errorf("%d after %d", e.GetSeq(), last)
			}
			last = e.GetSeq()
			if e.GetJoined() != nil {
				joined++
			}
		}
		return joined == pupils
	})
	if batches > pupils {
		t.Errorf("%d batches for %d pupils", batches, pupils)
	}
}
