package class

import (
	"bytes"
	"fmt"
	"testing"

	"preau/signaling/classpb"
)

func TestWhoWasRemovedKnocks(t *testing.T) {
	for _, lobby := range []bool{true, false} {
		sc := lesson(t, lobby)
		blaise := sc.join("blaise", "Blaise", presenter)
		ada := sc.join("ada", "Ada", pupil)
		sc.do(By("P_1"), admit(ada))
		for id, c := range map[string]*classpb.Command{ada: join("ada", "Ada", pupil), blaise: join("blaise", "Blaise", presenter)} {
			sc.do(By("P_1"), remove(id, false))
			want(t, sc.do(Node(), c), "withdrawn", "profile_set", "waited")
			want(t, sc.do(Node(), c))
			want(t, sc.do(By(id), leave()), "left")
			want(t, sc.do(Node(), c), "waited")
			sc.refused(classpb.Code_CODE_FORBIDDEN, By(id), raiseHand())
		}
		holds(t, "pupils do not see who knocks", sc.view(ada).GetParticipants()[blaise] == nil)
		want(t, sc.do(By("P_1"), admit(ada)), "profile_set", "joined")
		sc.do(By(ada), leave())
		want(t, sc.do(Node(), join("ada", "Ada", pupil)), "joined")
	}
}

func TestWhoWasRefusedKnocksWithoutALobbyToo(t *testing.T) {
	sc := lesson(t, true)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(By("P_1"), refuseEntry(ada))
	sc.join("ada", "Ada", pupil)
	want(t, sc.do(By("P_1"), setLobby(false)), "lobby_set", "profile_set", "joined")
	holds(t, "a lobby that closes lets in who stood there, not who was refused", Present(sc.state, blaise) && Waiting(sc.state, ada))
	want(t, sc.do(Node(), join("ada", "Ada", presenter)), "waited")
	holds(t, "another token knocks as what it says", sc.person(ada).GetRole() == presenter)
	want(t, sc.do(Node(), join("ada", "Ada", teacher)), "profile_set", "joined")
}

func TestWhoWasMadeATeacherAndRemovedIsOneNoMore(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.do(By("P_1"), setRole(ada, teacher))
	sc.do(By("P_1"), remove(ada, false))
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "withdrawn", "profile_set", "waited")
	sc.do(By("P_1"), admit(ada))
	holds(t, "a pupil again", sc.person(ada).GetRole() == pupil)

	noether := sc.join("noether", "M. Noether", teacher)
	sc.do(By("P_1"), remove(noether, false))
	want(t, sc.do(Node(), join("noether", "M. Noether", teacher)), "joined")
}

// TestStrangersDoNotFillAClass: ten thousand names that came to the door and went.
func TestStrangersDoNotFillAClass(t *testing.T) {
	sc := lesson(t, true)
	stranger := func(i int) *classpb.Participant {
		p := &classpb.Participant{
			Id: fmt.Sprint("P_s", i), Role: pupil, TokenRole: pupil, Presence: classpb.Presence_PRESENCE_GONE,
			Left: classpb.LeaveReason_LEAVE_REASON_REFUSED, Profile: &classpb.Profile{Identity: fmt.Sprint("stranger-", i)},
		}
		sc.state.Participants[p.Id] = p
		return p
	}
	for i := range MaxRecords - 1 {
		stranger(i)
	}
	sc.person("P_s0").Banned = true
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "forgotten", "profile_set", "waited")
	holds(t, "the ban, the teacher and Ada are left", len(sc.state.GetParticipants()) == 3)
	sc.refused(classpb.Code_CODE_BANNED, Node(), join("stranger-0", "S", pupil))

	// Ten thousand who were in, and left: they make room too. Those who were removed do not.
	for i := 1; len(sc.state.GetParticipants()) < MaxRecords; i++ {
		p := stranger(i)
		p.Admitted, p.Introduced, p.Order, p.Left = true, true, 1, classpb.LeaveReason_LEAVE_REASON_LEFT
	}
	sc.person("P_s1").Left = classpb.LeaveReason_LEAVE_REASON_REMOVED
	// A pupil's view follows: with what they hear of it they know what a new snapshot would tell.
	ada := Viewer{Participant: "P_2"}
	sc.do(By("P_1"), admit(ada.Participant))
	view, told := View(sc.state, ada), len(sc.log)
	want(t, sc.do(Node(), join("blaise", "Blaise", pupil)), "forgotten", "profile_set", "waited")
	holds(t, "the ban, the removed one, the teacher, Ada and Blaise are left", len(sc.state.GetParticipants()) == 5)
	for _, e := range sc.log[told:] {
		if Hears(sc.state, ada, e) {
			Apply(view, e)
		}
		view.Seq = e.GetSeq()
	}
	holds(t, "Ada has forgotten them too", bytes.Equal(marshal(view), marshal(View(sc.state, ada))))

	for i := 2; len(sc.state.GetParticipants()) < MaxRecords; i++ {
		p := stranger(i)
		p.Admitted, p.Introduced, p.Order, p.Banned = true, true, 1, true
	}
	sc.refused(classpb.Code_CODE_FULL, Node(), join("curie", "Curie", pupil))
	want(t, sc.do(Node(), join("noether", "M. Noether", teacher)), "profile_set", "joined")
}

// A page opens its media while it waits at the door: where that arrives after the refusal, it must not
// look as if the pupil had asked again.
func TestMediaDoesNotKnock(t *testing.T) {
	sc := lesson(t, true)
	ada := sc.join("ada", "Ada", pupil)
	media := join("ada", "Ada", pupil)
	media.GetJoin().Unasked = true
	want(t, sc.do(Node(), media))
	sc.do(By("P_1"), refuseEntry(ada))
	sc.refused(classpb.Code_CODE_FORBIDDEN, Node(), media)
	holds(t, "stays refused", !Waiting(sc.state, ada))
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "waited")
	want(t, sc.do(Node(), media))
	want(t, sc.do(By("P_1"), admit(ada)), "profile_set", "joined")
	want(t, sc.do(Node(), media))
	sc.do(By("P_1"), remove(ada, false))
	sc.refused(classpb.Code_CODE_FORBIDDEN, Node(), media)
	bea := join("bea", "Béa", pupil)
	bea.GetJoin().Unasked = true
	want(t, sc.do(Node(), bea), "profile_set", "waited")
}
