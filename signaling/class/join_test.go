package class

import (
	"fmt"
	"testing"

	"preau/signaling/classpb"
)

func TestJoinIsOneParticipantForOneIdentity(t *testing.T) {
	sc := lesson(t, false)
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "profile_set", "joined")
	want(t, sc.do(Node(), join("ada", "Ada", pupil)))
	want(t, sc.do(Node(), join("ada", "Ada L.", pupil)), "profile_set")
	d, _ := sc.try(Node(), join("ada", "Ada L.", pupil))
	if d.Participant != "P_2" {
		t.Errorf("joined as %s", d.Participant)
	}
	sc.do(By("P_2"), leave())
	joined := sc.person("P_2").GetJoinedMs()
	want(t, sc.do(Node(), join("ada", "Ada L.", pupil)), "joined")
	holds(t, "joined_ms is that of the first time", sc.person("P_2").GetJoinedMs() == joined && joined > 0)
}

func TestJoinComesBackFromAway(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	want(t, sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_AWAY)), "away")
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "back")
}

func TestJoinNeedsAnOpenClassAndAGoodToken(t *testing.T) {
	sc := newScene(t)
	sc.refused(classpb.Code_CODE_NOT_FOUND, Node(), join("ada", "Ada", pupil))
	sc.do(Node(), open("maths", "", false))
	sc.refused(classpb.Code_CODE_INVALID, Node(), join("", "Ada", pupil))
	sc.refused(classpb.Code_CODE_INVALID, Node(), join("ada", "Ada", classpb.Role_ROLE_UNSPECIFIED))
	sc.refused(classpb.Code_CODE_INVALID, Node(), join("ada", "Ada", 99))
	sc.refused(classpb.Code_CODE_INVALID, Node(), join("ada", "A\u202Eda", pupil))
	sc.refused(classpb.Code_CODE_FORBIDDEN, Key("school"), join("ada", "Ada", pupil))
	sc.do(Node(), end())
	sc.refused(classpb.Code_CODE_ENDED, Node(), join("ada", "Ada", pupil))
}

func TestJoinKeepsWhatATeacherChangedUntilAnotherTokenComes(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.do(By("P_1"), setRole(ada, presenter))
	sc.do(By("P_1"), setPermissions(&classpb.SetPermissions{Participant: ada, Chat: ptr(classpb.Switch_SWITCH_DENIED)}))
	sc.do(By(ada), leave())
	sc.join("ada", "Ada", pupil)
	p := sc.person(ada)
	holds(t, "a presenter, without chat", p.GetRole() == presenter && p.GetPermissions().GetChat() == classpb.Switch_SWITCH_DENIED)

	want(t, sc.do(Node(), join("ada", "Ada", teacher)), "joined")
	p = sc.person(ada)
	holds(t, "a teacher, as the new token says", p.GetRole() == teacher && p.GetPermissions().GetChat() == classpb.Switch_SWITCH_DEFAULT)
}

func TestJoinTakesAForeignTokensGrantsAnew(t *testing.T) {
	sc := lesson(t, false)
	enter := func(camera classpb.Switch) *classpb.Command {
		c := join("sdk", "SDK", pupil)
		c.GetJoin().Foreign, c.GetJoin().Permissions = true, &classpb.Permissions{Camera: camera}
		return c
	}
	sc.do(Node(), enter(classpb.Switch_SWITCH_DENIED))
	holds(t, "the token forbids the camera", !MayPublish(sc.state, "P_2", camera))
	sc.do(Node(), presence("P_2", classpb.Presence_PRESENCE_GONE))
	sc.do(Node(), enter(classpb.Switch_SWITCH_DEFAULT))
	holds(t, "the next token allows it", MayPublish(sc.state, "P_2", camera))
}

func TestJoinIsBounded(t *testing.T) {
	sc := newScene(t)
	c := open("maths", "", false)
	c.GetOpen().MaxParticipants = 2
	sc.do(Node(), c)
	inspector := sc.join("o", "O", observer) // not counted
	sc.join("a", "A", pupil)
	sc.join("b", "B", pupil)
	sc.refused(classpb.Code_CODE_FULL, Node(), join("c", "C", pupil))
	martin := sc.join("t", "T", teacher) // who teaches always finds room
	sc.do(By(inspector), leave())
	sc.refused(classpb.Code_CODE_FULL, Node(), join("c", "C", pupil))
	sc.do(By(ByIdentity(sc.state, "a").GetId()), leave())
	sc.do(By(martin), remove(ByIdentity(sc.state, "b").GetId(), false))
	sc.join("c", "C", pupil)
}

func TestJoinIsBoundedWithoutABoundOfItsOwn(t *testing.T) {
	s := NewState()
	in := Input{NewID: func(p string) string { return fmt.Sprint(p, len(s.GetParticipants())) }, NewCode: func() string { return "" }}
	for _, c := range []*classpb.Command{open("maths", "", true), join("t", "T", teacher)} {
		d, err := Decide(s, Node(), c, in)
		if err != nil {
			t.Fatal(err)
		}
		replay(s, d.Events)
	}
	for i := range MaxParticipants {
		d, err := Decide(s, Node(), join(fmt.Sprint("p", i), "P", pupil), in)
		if full := i == MaxParticipants-1; (err != nil) != full {
			t.Fatalf("pupil %d: %v", i, err)
		}
		replay(s, d.Events)
	}
}

func TestBannedStayOut(t *testing.T) {
	sc := lesson(t, true)
	ada := sc.join("ada", "Ada", pupil)
	want(t, sc.do(By("P_1"), remove(ada, true)), "left")
	sc.refused(classpb.Code_CODE_BANNED, Node(), join("ada", "Ada", pupil))
	sc.refused(classpb.Code_CODE_BANNED, Node(), join("ada", "Ada", teacher))
	want(t, sc.do(By("P_1"), unban(ada)), "unbanned")
	want(t, sc.do(Node(), join("ada", "Ada", pupil)), "waited")
	sc.refused(classpb.Code_CODE_CONFLICT, By("P_1"), remove("P_1", false))
}
