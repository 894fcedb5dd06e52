package class

import (
	"testing"

	"preau/signaling/classpb"
)

func TestLobbyHidesWhoWaits(t *testing.T) {
	sc := lesson(t, true)
	ada := sc.join("ada", "Ada", pupil)
	sc.do(By("P_1"), admit(ada))
	want(t, sc.do(Node(), join("blaise", "Blaise", pupil)), "profile_set", "waited")

	holds(t, "the teacher sees who waits", sc.view("P_1").GetParticipants()["P_3"].GetProfile().GetName() == "Blaise")
	holds(t, "a pupil does not", sc.view(ada).GetParticipants()["P_3"] == nil)
	door := sc.view("P_3")
	holds(t, "who waits sees the class's title and itself alone",
		door.GetTitle() == "Maths 4B" && len(door.GetParticipants()) == 1 && door.GetParticipants()["P_3"] != nil)
	holds(t, "and neither its code nor its locks", door.GetCode() == "" && door.GetLocks() == nil)

	want(t, sc.do(By("P_1"), admit()), "profile_set", "joined")
	holds(t, "once admitted, everyone knows", sc.view(ada).GetParticipants()["P_3"].GetProfile().GetName() == "Blaise")
	holds(t, "and it is a new lens", LensOf(sc.state, Viewer{Participant: "P_3"}) == LensPresent)
}

func TestLobbyIsPassedOnce(t *testing.T) {
	sc := lesson(t, true)
	ada := sc.join("ada", "Ada", pupil)
	sc.do(By("P_1"), admit(ada))
	sc.do(By(ada), leave())
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "joined")
}

func TestLobbyIsForPupils(t *testing.T) {
	sc := lesson(t, true)
	for _, role := range []classpb.Role{teacher, presenter, observer, classpb.Role_ROLE_RECORDER} {
		want(t, sc.do(Node(), join(role.String(), "N", role)), "profile_set", "joined")
	}
}

func TestLobbyThatClosesLetsIn(t *testing.T) {
	sc := lesson(t, true)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	want(t, sc.do(By("P_1"), setLobby(false)), "lobby_set", "profile_set", "joined", "profile_set", "joined")
	holds(t, "both are in", Present(sc.state, ada) && Present(sc.state, blaise))
	want(t, sc.do(By("P_1"), setLobby(false)))
}

func TestLobbyRefuses(t *testing.T) {
	sc := lesson(t, true)
	ada := sc.join("ada", "Ada", pupil)
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), admit(ada))
	sc.refused(classpb.Code_CODE_NOT_FOUND, By("P_1"), refuseEntry("P_9"))
	want(t, sc.do(By("P_1"), refuseEntry(ada, ada)), "left")
	want(t, sc.do(By("P_1"), refuseEntry(ada)))
	want(t, sc.do(By("P_1"), admit(ada)))
	holds(t, "the reason is kept", sc.person(ada).GetLeft() == classpb.LeaveReason_LEAVE_REASON_REFUSED)
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "waited")
}

func TestWhoWaitsMayOnlyLeave(t *testing.T) {
	sc := lesson(t, true)
	ada := sc.join("ada", "Ada", pupil)
	for _, c := range []*classpb.Command{raiseHand(), react("👍"), chat(toTeachers(), "hello"), lowerHand(""), mute("TR", true)} {
		sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), c)
	}
	sc.refused(classpb.Code_CODE_CONFLICT, Node(), publish(ada, "TR", microphone))
	sc.do(Node(), setSid(ada, "PA_ada"))
	sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_AWAY))
	holds(t, "waiting has no away", Waiting(sc.state, ada))
	sc.do(By("P_1"), admit(ada))
	holds(t, "the media session set up at the door stays", sc.person(ada).GetSid() == "PA_ada")

	blaise := sc.join("blaise", "Blaise", pupil)
	want(t, sc.do(By(blaise), leave()), "left")
}
