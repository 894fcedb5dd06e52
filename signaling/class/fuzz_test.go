package class

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// FuzzDecide sends any bytes that are a command, by each kind of actor, to a class whose log was cut
// anywhere, in the middle of a decision too: no panic, coded errors, and the views still agree.
func FuzzDecide(f *testing.F) {
	for _, c := range []*classpb.Command{join("x", "X", observer), setRole("P_2", observer), admit(), chat(toTeachers(), "x"), muteAll(true), setLobby(false)} {
		f.Add(marshal(c), uint8(0), uint16(20))
	}
	sc := playLesson(&testing.T{})
	log := append(sc.log[:len(sc.log)-1:len(sc.log)-1], playRoles(&testing.T{}).log...)
	f.Fuzz(func(t *testing.T, data []byte, kind uint8, cut uint16) {
		c := &classpb.Command{}
		if proto.Unmarshal(data, c) != nil {
			return
		}
		s := replay(NewState(), log[:int(cut)%len(log)])
		a := []Actor{Node(), Key("school"), By("P_1"), By("P_2"), By("P_3")}[kind%5]
		d, err := Decide(s, a, c, sc.input())
		var refusal *Error
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("not coded: %v", err)
		}
		replay(s, d.Events)
		for id := range s.GetParticipants() {
			View(s, Viewer{Participant: id})
		}
	})
}

// FuzzApply reduces any event, as a damaged log or a newer node may hold it: no panic.
func FuzzApply(f *testing.F) {
	sc := playLesson(&testing.T{})
	for _, e := range sc.log {
		f.Add(marshal(e))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e := &classpb.Event{}
		if proto.Unmarshal(data, e) != nil {
			return
		}
		s := proto.Clone(sc.state).(*classpb.State)
		Apply(s, e)
		Apply(NewState(), e)
		for id := range s.GetParticipants() {
			View(s, Viewer{Participant: id})
		}
	})
}
