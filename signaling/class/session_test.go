package class

import (
	"strings"
	"testing"

	"preau/signaling/classpb"
)

func TestOpen(t *testing.T) {
	sc := newScene(t)
	sc.refused(classpb.Code_CODE_INVALID, Node(), open("", "", false))
	sc.refused(classpb.Code_CODE_INVALID, Node(), open("a\nb", "", false))
	sc.refused(classpb.Code_CODE_INVALID, Node(), open("maths", strings.Repeat("x", MaxTitleLength+1), false))
	want(t, sc.do(Node(), open("maths", "Maths", false)), "opened")
	want(t, sc.do(Node(), open("maths", "Other", true)))
	s := sc.state
	holds(t, "session, code and title", s.GetSession() == "RM_1" && s.GetCode() == "7G5XK2MP" && s.GetTitle() == "Maths")
	holds(t, "pupils' screens and private chat start locked", s.GetLocks().GetScreen() && s.GetLocks().GetPrivateChat())

	api := newScene(t)
	api.do(Key("school"), open("maths", "", false))
	holds(t, "the server API knows no locks", !api.state.GetLocks().GetScreen())
}

func TestEnd(t *testing.T) {
	sc := lesson(t, true)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(By("P_1"), admit(ada))
	sc.publish(ada, "TR_a", camera)
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), end())
	want(t, sc.do(By("P_1"), end()), "ended")
	e := sc.log[len(sc.log)-1]
	for id, lens := range map[string]Lens{"P_1": LensModerator, ada: LensPresent, blaise: LensWaiting, "P_9": LensNone} {
		v := Viewer{Participant: id}
		if got := LensOf(sc.state, v); got != lens || Hears(sc.state, v, e) != (lens != LensNone) {
			t.Errorf("%s has lens %d, want %d, and should hear the end", id, got, lens)
		}
	}
	sc.refused(classpb.Code_CODE_ENDED, By("P_1"), raiseHand())
	sc.refused(classpb.Code_CODE_ENDED, Node(), open("maths", "", false))
}

func TestEnvelope(t *testing.T) {
	sc := lesson(t, false)
	c := setTitle("Algebra")
	c.RequestId = "r-1"
	sc.do(By("P_1"), c)
	e := sc.log[len(sc.log)-1]
	if e.GetSession() != "RM_1" || e.GetSeq() != uint64(len(sc.log)) || e.GetTimeMs() != sc.now ||
		e.GetActor() != "P_1" || e.GetRequestId() != "r-1" || e.GetSchema() != Schema || !e.GetAudience().GetLobby() {
		t.Errorf("%v", e)
	}
	c.RequestId = strings.Repeat("r", MaxRequestIDSize+1)
	sc.refused(classpb.Code_CODE_INVALID, By("P_1"), c)
}

func TestApplyIgnoresWhatItHolds(t *testing.T) {
	sc := lesson(t, false)
	holds(t, "an old event is refused", !Apply(sc.state, sc.log[0]))
	holds(t, "an unknown body advances the number", Apply(sc.state, &classpb.Event{Seq: 99}) && sc.state.GetSeq() == 99)
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		" Ada  ":                                 "Ada",
		"":                                       "",
		"Zoe\u0308":                              "Zo\u00eb",
		"محمد":                                   "محمد",
		"\u0915\u094d\u200d\u0937":               "\u0915\u094d\u200d\u0937", // a joiner that Devanagari needs
		"\U0001F469\u200d\U0001F52C":             "\U0001F469\u200d\U0001F52C",
		"Zo\u00eb\u200B":                         "Zo\u00eb\u200B", // there is something to see
		strings.Repeat("é", MaxNameLength):       strings.Repeat("é", MaxNameLength),
		" " + strings.Repeat("n", MaxNameLength): strings.Repeat("n", MaxNameLength),
	} {
		if got, err := CleanName(name); err != nil || got != want {
			t.Errorf("%q: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{
		strings.Repeat("n", MaxNameLength+1), strings.Repeat("n", 10<<10), "a\x00", "a\nb", "a\u0085b",
		"a\u202Eb", "a\u2066b", "a\u200Fb", "a\u2028b", "\uFEFFa", "a\U000E0001b", "\xff",
		"\u200B", "\u2060", "\u3164", "\u115F", "\uFFA0", "\u00AD", "\u034F", "\uFE0F", "\u2800", "\u200D\u2009\u2063", "\U000E0041",
	} {
		if got, err := CleanName(name); err == nil {
			t.Errorf("%q became %q", name, got)
		}
	}
}
