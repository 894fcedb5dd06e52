package class

import (
	"testing"

	"preau/signaling/classpb"
)

func TestHandsAreAQueue(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	want(t, sc.do(By(blaise), raiseHand()), "hand_raised")
	want(t, sc.do(By(ada), raiseHand()), "hand_raised")
	want(t, sc.do(By(blaise), raiseHand()))
	want(t, sc.state.GetHands(), blaise, ada)
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), lowerHand(blaise))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), lowerAllHands())
	want(t, sc.do(By("P_1"), lowerHand(blaise)), "hand_lowered")
	want(t, sc.do(By(blaise), lowerHand("")))
	want(t, sc.do(By("P_1"), lowerAllHands()), "hands_lowered")
	want(t, sc.do(By("P_1"), lowerAllHands()))
}

func TestTheWordLowersTheHand(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.do(By(ada), raiseHand())
	want(t, sc.do(By("P_1"), giveWord(ada)), "word_given")
	want(t, sc.do(By("P_1"), giveWord(ada)))
	holds(t, "the word, and no hand", HasWord(sc.state, ada) && len(sc.state.GetHands()) == 0)
	blaise := sc.join("blaise", "Blaise", pupil)
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(blaise), takeWord(ada))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(blaise), giveWord(blaise))
	want(t, sc.do(By("P_1"), takeWord(ada)), "word_taken")
	want(t, sc.do(By("P_1"), takeWord(ada)))
}

func TestTheHiddenDoNotStepForward(t *testing.T) {
	sc := lesson(t, false)
	euler := sc.join("euler", "Euler", observer)
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(euler), raiseHand())
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(euler), react("👍"))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(euler), chat(toEveryone(), "boo"))
	sc.refused(classpb.Code_CODE_CONFLICT, By("P_1"), giveWord(euler))
	sc.refused(classpb.Code_CODE_CONFLICT, By("P_1"), spotlight(euler))
	sc.refused(classpb.Code_CODE_FORBIDDEN, Node(), publish(euler, "TR", microphone))
}

func TestSpotlight(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	want(t, sc.do(By("P_1"), spotlight(ada)), "spotlight_set")
	want(t, sc.do(By("P_1"), spotlight(ada)))
	sc.refused(classpb.Code_CODE_NOT_FOUND, By("P_1"), spotlight("P_9"))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), spotlight(""))
	want(t, sc.do(By("P_1"), spotlight("")), "spotlight_set")
}

func TestWhoLeavesLeavesNothing(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.publish(ada, "TR_a", camera)
	sc.do(By("P_1"), giveWord(ada))
	sc.do(By(ada), raiseHand())
	sc.do(By("P_1"), spotlight(ada))
	want(t, sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_GONE)), "left")
	s := sc.state
	holds(t, "no track, hand, word or spotlight",
		len(s.GetTracks())+len(s.GetHands())+len(s.GetWord()) == 0 && s.GetSpotlight() == "")
	sc.refused(classpb.Code_CODE_CONFLICT, Node(), presence(ada, classpb.Presence_PRESENCE_PRESENT))
	sc.refused(classpb.Code_CODE_INVALID, Node(), presence(ada, classpb.Presence_PRESENCE_WAITING))
	want(t, sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_GONE)))
}

func TestMoments(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	d, err := sc.try(By(ada), react("\U0001F469\U0001F3FD\u200d\U0001F52C"))
	if err != nil || len(d.Events) != 0 || len(d.Ephemeral) != 1 || d.Ephemeral[0].GetFrom() != ada {
		t.Fatalf("%v, %v", d, err)
	}
	for _, bad := range []string{"", "hello", "👍 hello", "1", "\u202E", "👍👍👍👍👍👍👍👍👍"} {
		sc.refused(classpb.Code_CODE_INVALID, By(ada), react(bad))
	}
	d, err = sc.try(By("P_1"), askUnmute(ada))
	if err != nil || len(d.Ephemeral) != 1 {
		t.Fatalf("%v, %v", d, err)
	}
	holds(t, "only who is asked hears it",
		HearsEphemeral(sc.state, Viewer{Participant: ada}, d.Ephemeral[0]) && !HearsEphemeral(sc.state, Viewer{Participant: blaise}, d.Ephemeral[0]))
	sc.do(By("P_1"), setLocks(&classpb.SetLocks{Unmute: yes()}))
	sc.refused(classpb.Code_CODE_CONFLICT, By("P_1"), askUnmute(ada))
}
