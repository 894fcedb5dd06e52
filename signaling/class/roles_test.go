package class

import (
	"testing"

	"preau/signaling/classpb"
)

func TestRolesAreGivenAndTaken(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), setRole(ada, teacher))
	want(t, sc.do(By("P_1"), setRole(ada, presenter)), "role_set")
	want(t, sc.do(By("P_1"), setRole(ada, presenter)))
	sc.publish(ada, "TR_s", screen)
	want(t, sc.do(By("P_1"), setRole(ada, pupil)), "role_set", "track_unpublished")
	sc.refused(classpb.Code_CODE_INVALID, By("P_1"), setRole(ada, classpb.Role_ROLE_RECORDER))
	sc.refused(classpb.Code_CODE_INVALID, By("P_1"), setRole(ada, classpb.Role_ROLE_UNSPECIFIED))
}

// What is a teacher's is refused to everybody else in the class, and to who waits.
func TestOnlyTeachersModerate(t *testing.T) {
	sc := lesson(t, true)
	waiting := sc.join("w", "Waits", pupil)
	others := []string{waiting}
	for _, role := range []classpb.Role{pupil, presenter, observer} {
		id := sc.join(role.String(), "Somebody", role)
		if waits(sc.person(id)) {
			sc.do(By("P_1"), admit(id))
		}
		others = append(others, id)
	}
	other := sc.join("other", "Other", presenter)
	for _, c := range []*classpb.Command{
		end(), admit(waiting), admit(), refuseEntry(waiting), remove(other, false), remove(other, true), unban(other),
		setRole(other, pupil), setLocks(&classpb.SetLocks{}), setLobby(false), setPermissions(&classpb.SetPermissions{Participant: other}),
		muteAll(true), lowerAllHands(), giveWord(other), deleteChat("CM_1"), spotlight(other), setTitle("Another"), askUnmute(other),
	} {
		for _, id := range others {
			sc.refused(classpb.Code_CODE_FORBIDDEN, By(id), c)
		}
	}
}

func TestTheLastTeacherStaysOne(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.refused(classpb.Code_CODE_CONFLICT, By("P_1"), setRole("P_1", pupil))
	sc.do(By("P_1"), setRole(ada, teacher))
	want(t, sc.do(By("P_1"), setRole("P_1", pupil)), "role_set")
	sc.refused(classpb.Code_CODE_FORBIDDEN, By("P_1"), setRole("P_1", teacher))
}

func TestWhoBecomesHiddenIsWithdrawn(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(By(ada), raiseHand())
	want(t, sc.do(By("P_1"), setRole(ada, observer)), "withdrawn", "profile_set", "joined")
	holds(t, "pupils no longer know", sc.view(blaise).GetParticipants()[ada] == nil)
	holds(t, "teachers do, and so does oneself",
		sc.view("P_1").GetParticipants()[ada] != nil && sc.view(ada).GetParticipants()[ada] != nil)
	want(t, sc.do(By("P_1"), setRole(ada, pupil)), "withdrawn", "profile_set", "joined")
	holds(t, "and are told again", sc.view(blaise).GetParticipants()[ada].GetProfile().GetName() == "Ada")
}

func TestServerCommandsAreTheServers(t *testing.T) {
	sc := lesson(t, false)
	for _, f := range bodyFields((&classpb.Command{}).ProtoReflect().Descriptor()) {
		c := &classpb.Command{}
		c.ProtoReflect().Mutable(f)
		_, err := Decide(sc.state, By("P_1"), c, sc.input())
		if f.Number() >= firstServerCommand && (err == nil || err.(*Error).Code != classpb.Code_CODE_FORBIDDEN) {
			t.Errorf("a teacher may send %s: %v", f.Name(), err)
		}
		if f.Number() >= firstServerCommand && rules[f.Name()].by == node {
			sc.refused(classpb.Code_CODE_FORBIDDEN, Key("school"), c)
		}
		sc.refused(classpb.Code_CODE_FORBIDDEN, By("P_nobody"), c)
	}
	sc.refused(classpb.Code_CODE_INVALID, By("P_1"), &classpb.Command{})
}

func TestProfilesAreTheServersToChange(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	set := func(attributes map[string]string) *classpb.Command {
		return &classpb.Command{Body: &classpb.Command_SetProfile{SetProfile: &classpb.SetProfile{Participant: ada, Attributes: attributes}}}
	}
	want(t, sc.do(Key("school"), set(map[string]string{"seat": "3", "role": "teacher", "hand": "1"})), "profile_set")
	attributes := sc.person(ada).GetProfile().GetAttributes()
	holds(t, "role and hand are not attributes to set", len(attributes) == 1 && attributes["seat"] == "3")
	want(t, sc.do(Key("school"), set(map[string]string{"seat": ""})), "profile_set")
	want(t, sc.do(Key("school"), set(nil)))
	want(t, sc.do(Key("school"), rename(ada, " Ada\u0301 ")), "profile_set")
	holds(t, "names are trimmed and normalized", sc.person(ada).GetProfile().GetName() == "Ad\u00e1")
	sc.refused(classpb.Code_CODE_INVALID, Key("school"), set(map[string]string{"x": string(make([]byte, MaxMetadataSize))}))
}
