package class

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"preau/signaling/classpb"
)

func TestWhoReadsWhat(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise, noether := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil), sc.join("noether", "N", teacher)
	sc.do(By(ada), chat(toEveryone(), "all"))
	sc.do(By(ada), chat(toTeachers(), "teachers"))
	sc.do(By(ada), chat(toOne("P_1"), "one"))
	read := func(id string) string {
		var texts []string
		for _, m := range sc.view(id).GetChat() {
			texts = append(texts, m.GetText())
		}
		return strings.Join(texts, " ")
	}
	for id, texts := range map[string]string{ada: "all teachers one", blaise: "all", noether: "all teachers", "P_1": "all teachers one"} {
		if got := read(id); got != texts {
			t.Errorf("%s reads %q, want %q", id, got, texts)
		}
	}
}

func TestMayChat(t *testing.T) {
	sc := lesson(t, true)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(By("P_1"), admit())
	euler, carl := sc.join("euler", "Euler", observer), sc.join("carl", "Carl", pupil)
	may := func(what string, want bool, from string, to *classpb.ChatTarget) {
		t.Helper()
		if MayChat(sc.state, from, to) != want {
			t.Errorf("%s: want %v", what, want)
		}
	}
	may("pupil to pupil, locked", false, ada, toOne(blaise))
	may("pupil to teacher, locked", true, ada, toOne("P_1"))
	may("teacher to pupil, locked", true, "P_1", toOne(ada))
	may("to oneself", false, ada, toOne(ada))
	may("to who waits", false, "P_1", toOne(carl))
	may("by who waits", false, carl, toTeachers())
	may("by the hidden", false, euler, toTeachers())
	may("teacher to the hidden", true, "P_1", toOne(euler))
	may("to nobody", false, ada, &classpb.ChatTarget{})
	sc.refused(classpb.Code_CODE_NOT_FOUND, By(ada), chat(toOne(euler), "psst"))
	sc.refused(classpb.Code_CODE_NOT_FOUND, By(ada), chat(toOne(carl), "psst"))

	sc.do(By("P_1"), setLocks(&classpb.SetLocks{Chat: yes(), PrivateChat: no()}))
	may("locked", false, ada, toEveryone())
	may("teacher, locked", true, "P_1", toEveryone())
	sc.do(By("P_1"), setPermissions(&classpb.SetPermissions{Participant: ada, Chat: ptr(classpb.Switch_SWITCH_ALLOWED)}))
	may("locked, but allowed", true, ada, toOne(blaise))
}

func TestChatTextIsChecked(t *testing.T) {
	sc := lesson(t, false)
	for _, bad := range []string{"", " \n ", "\u200B\n\u3164", strings.Repeat("é", MaxChatLength+1), "a\x00b", "a\u202Eb", "\xff"} {
		sc.refused(classpb.Code_CODE_INVALID, By("P_1"), chat(toEveryone(), bad))
	}
	sc.do(By("P_1"), chat(toEveryone(), " "+strings.Repeat("é", MaxChatLength)+"\r\n"))
	sc.do(By("P_1"), chat(toEveryone(), "one\r\n\ttwo"))
	if got := sc.state.GetChat()[1].GetText(); got != "one\n\ttwo" {
		t.Errorf("%q", got)
	}
	sc.refused(classpb.Code_CODE_INVALID, Key("school"), chat(toEveryone(), "hello"))
}

func TestDeletion(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(By("P_1"), setLocks(&classpb.SetLocks{PrivateChat: no()}))
	sc.do(By(ada), chat(toEveryone(), "rude"))
	sc.do(By(ada), chat(toOne(blaise), "ruder"))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), deleteChat("CM_1"))
	want(t, sc.do(By("P_1"), deleteChat("CM_1")), "chat_deleted")
	want(t, sc.do(By("P_1"), deleteChat("CM_1")))
	holds(t, "the text is gone", sc.state.GetChat()[0].GetText() == "" && sc.state.GetChat()[0].GetDeleted())
	sc.refused(classpb.Code_CODE_NOT_FOUND, By("P_1"), deleteChat("CM_2"))
	want(t, sc.do(Key("school"), deleteChat("CM_2")), "chat_deleted")
}

// TestChatIsBounded floods each pool; views, kept by what is heard alone, agree all the way.
func TestChatIsBounded(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise, carl := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil), sc.join("carl", "Carl", pupil)
	sc.do(By("P_1"), setLocks(&classpb.SetLocks{PrivateChat: no()}))
	sc.do(By(ada), chat(toEveryone(), "stays"))
	targets := []struct {
		from string
		to   *classpb.ChatTarget
	}{
		{ada, toTeachers()}, {blaise, toTeachers()}, {ada, toOne(blaise)}, {blaise, toOne(ada)}, {carl, toOne("P_1")},
	}
	viewers := []string{"P_1", ada, blaise, carl}
	views := map[string]*classpb.State{}
	for _, id := range viewers {
		views[id] = sc.view(id)
	}
	in := sc.input()
	for i := range 5 * MaxChatPool {
		tg := targets[i%len(targets)]
		d, err := Decide(sc.state, By(tg.from), chat(tg.to, fmt.Sprint(i)), in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range d.Events {
			Apply(sc.state, e)
			for _, id := range viewers {
				if Hears(sc.state, Viewer{Participant: id}, e) {
					Apply(views[id], e)
				}
				views[id].Seq = e.GetSeq()
			}
		}
		if len(d.Events) > 1 {
			if err := check(sc.state); err != nil {
				t.Fatal(err)
			}
			for _, id := range viewers {
				if !bytes.Equal(marshal(views[id]), marshal(sc.view(id))) {
					t.Fatalf("after message %d the view of %s differs", i, id)
				}
			}
		}
	}
	holds(t, "a flood of private messages leaves the others", sc.state.GetChat()[0].GetText() == "stays")
}
