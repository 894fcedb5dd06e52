package class

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

func TestLocksTakeTracks(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.publish("P_1", "TR_teacher", camera)
	sc.publish(ada, "TR_cam", camera)
	sc.publish(ada, "TR_mic", microphone)

	want(t, sc.do(By("P_1"), setLocks(&classpb.SetLocks{Camera: yes()})), "locks_set", "track_unpublished")
	want(t, sc.do(By("P_1"), setLocks(&classpb.SetLocks{Microphone: yes()})), "locks_set", "track_muted")
	want(t, sc.do(By("P_1"), setLocks(&classpb.SetLocks{Microphone: yes()})))
	holds(t, "a teacher is never locked", sc.state.GetTracks()["TR_teacher"] != nil)
	sc.refused(classpb.Code_CODE_FORBIDDEN, Node(), publish(ada, "TR_cam2", camera))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), mute("TR_mic", false))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), setLocks(&classpb.SetLocks{Camera: no()}))
}

func TestSwitchBeatsLockAndWordBeatsBoth(t *testing.T) {
	cases := []struct {
		name   string
		rights rights
		may    bool
	}{
		{"pupil, nothing set", rights{role: pupil}, true},
		{"pupil, locked", rights{role: pupil, locks: &classpb.Locks{Microphone: true}}, false},
		{"pupil, locked but allowed", rights{role: pupil, locks: &classpb.Locks{Microphone: true}, permissions: allow()}, true},
		{"pupil, not locked but denied", rights{role: pupil, permissions: deny()}, false},
		{"pupil, locked, has the word", rights{role: pupil, locks: &classpb.Locks{Microphone: true}, word: true}, true},
		{"presenter, locked", rights{role: presenter, locks: &classpb.Locks{Microphone: true}}, false},
		{"teacher, locked and denied", rights{role: teacher, locks: &classpb.Locks{Microphone: true}, permissions: deny()}, true},
		{"foreign teacher, not granted", rights{role: teacher, foreign: true, permissions: deny()}, false},
		{"observer with the word", rights{role: observer, word: true}, false},
		{"nobody", rights{}, false},
	}
	for _, c := range cases {
		if got := c.rights.publish(microphone); got != c.may {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	holds(t, "a presenter always shares", rights{role: presenter, locks: &classpb.Locks{Screen: true}}.publish(screen))
	holds(t, "a pupil does not when locked", !rights{role: pupil, locks: &classpb.Locks{Screen: true}}.publish(screen))
}

func allow() *classpb.Permissions {
	return &classpb.Permissions{Microphone: classpb.Switch_SWITCH_ALLOWED}
}

func deny() *classpb.Permissions {
	return &classpb.Permissions{Microphone: classpb.Switch_SWITCH_DENIED}
}

// A late joiner's snapshot tells which of two tracks is the newer, as everybody knows it who was there.
func TestTracksHaveAnOrder(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	there := sc.view(ada)
	follow := func() {
		for _, e := range sc.log[there.GetSeq():] {
			Apply(there, e)
		}
	}
	sc.publish("P_1", "TR_9", screen)
	sc.publish(sc.join("noether", "M. Noether", teacher), "TR_1", screen)
	first := sc.state.GetTracks()["TR_9"].GetOrder()
	again := publish("P_1", "TR_9", screen)
	again.GetPublishTrack().GetTrack().Width = 1920
	want(t, sc.do(Node(), again), "track_published")
	follow()
	late := sc.view(sc.join("blaise", "Blaise", pupil))
	follow()
	for who, s := range map[string]*classpb.State{"who was there": there, "who came late": late} {
		older, newer := s.GetTracks()["TR_9"], s.GetTracks()["TR_1"]
		holds(t, who+" knows which is the newer", older.GetOrder() == first && first > 0 && newer.GetOrder() > first)
		holds(t, who+" knows it is larger", older.GetWidth() == 1920)
	}
}

// A snapshot written before tracks had an order loads, and what comes after it has one.
func TestTracksWithoutAnOrder(t *testing.T) {
	sc := lesson(t, false)
	noether := sc.join("noether", "M. Noether", teacher)
	sc.publish("P_1", "TR_old", screen)
	sc.state.GetTracks()["TR_old"].Order = 0
	stored := &classpb.State{}
	if err := proto.Unmarshal(marshal(sc.state), stored); err != nil {
		t.Fatal(err)
	}
	again := publish("P_1", "TR_old", screen)
	again.GetPublishTrack().GetTrack().Width = 1920
	for _, c := range []*classpb.Command{again, publish(noether, "TR_new", screen)} {
		d, err := Decide(stored, Node(), c, sc.input())
		if err != nil {
			t.Fatal(err)
		}
		replay(stored, d.Events)
	}
	old, since := stored.GetTracks()["TR_old"], stored.GetTracks()["TR_new"]
	holds(t, "the old one has none still", old.GetOrder() == 0 && old.GetWidth() == 1920)
	holds(t, "the new one has", since.GetOrder() == stored.GetSeq())
}

func TestMute(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.publish(ada, "TR_a", microphone)
	want(t, sc.do(By("P_1"), mute("TR_a", true)), "track_muted")
	holds(t, "by a teacher", sc.state.GetTracks()["TR_a"].GetMutedByTeacher())
	sc.refused(classpb.Code_CODE_FORBIDDEN, By("P_1"), mute("TR_a", false))
	sc.refused(classpb.Code_CODE_FORBIDDEN, Key("school"), mute("TR_a", false))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(blaise), mute("TR_a", true))
	sc.refused(classpb.Code_CODE_NOT_FOUND, By(blaise), mute("TR_z", true))
	want(t, sc.do(By(ada), mute("TR_a", false)), "track_muted")
	want(t, sc.do(By(ada), mute("TR_a", false)))
	want(t, sc.do(Key("school"), mute("TR_a", true)), "track_muted")
}

func TestMuteAllAndLock(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.publish("P_1", "TR_t", microphone)
	sc.publish(ada, "TR_a", microphone)
	want(t, sc.do(By("P_1"), muteAll(false)), "track_muted")
	want(t, sc.do(By(ada), mute("TR_a", false)), "track_muted")
	want(t, sc.do(By("P_1"), muteAll(true)), "locks_set", "track_muted")
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), mute("TR_a", false))

	sc.publish(blaise, "TR_b", microphone)
	holds(t, "a microphone opened against the lock starts muted", sc.state.GetTracks()["TR_b"].GetMutedByTeacher())
	want(t, sc.do(By("P_1"), giveWord(ada)), "word_given")
	want(t, sc.do(By(ada), mute("TR_a", false)), "track_muted")
	want(t, sc.do(By(ada), takeWord(ada)), "word_taken", "track_muted")
}

// An exception is taken back, not turned around: who was closed and is back at the class's rule obeys
// the next “mute all and keep muted”; who was allowed by a teacher does not.
func TestMuteAllAndExceptions(t *testing.T) {
	sc := lesson(t, false)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.publish(ada, "TR_a", microphone)
	sc.publish(blaise, "TR_b", microphone)
	set := func(id string, s classpb.Switch) {
		sc.do(By("P_1"), setPermissions(&classpb.SetPermissions{Participant: id, Microphone: ptr(s)}))
	}
	set(ada, classpb.Switch_SWITCH_DENIED)
	holds(t, "closed", sc.state.GetTracks()["TR_a"].GetMutedByTeacher())
	set(ada, classpb.Switch_SWITCH_DEFAULT)
	want(t, sc.do(By(ada), mute("TR_a", false)), "track_muted")
	set(blaise, classpb.Switch_SWITCH_ALLOWED)

	sc.do(By("P_1"), muteAll(true))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), mute("TR_a", false))
	want(t, sc.do(By(blaise), mute("TR_b", false)), "track_muted")
}

func TestPublishTwiceIsAnUpdate(t *testing.T) {
	sc := lesson(t, false)
	ada := sc.join("ada", "Ada", pupil)
	sc.publish(ada, "TR_a", microphone)
	want(t, sc.publish(ada, "TR_a", microphone))
	sc.do(By("P_1"), mute("TR_a", true))
	c := publish(ada, "TR_a", microphone)
	c.GetPublishTrack().GetTrack().Info = []byte{1}
	want(t, sc.do(Node(), c), "track_published")
	holds(t, "an update does not unmute", sc.state.GetTracks()["TR_a"].GetMutedByTeacher())
	sc.refused(classpb.Code_CODE_CONFLICT, Node(), publish("P_1", "TR_a", microphone))
	sc.refused(classpb.Code_CODE_CONFLICT, Node(), publish(ada, "TR_a", camera))
	want(t, sc.do(Node(), unpublish("TR_a")), "track_unpublished")
	want(t, sc.do(Node(), unpublish("TR_a")))
}

func TestTracksAreChecked(t *testing.T) {
	sc := lesson(t, false)
	for _, spoil := range []func(*classpb.Track){
		func(tr *classpb.Track) { tr.Sid = "" },
		func(tr *classpb.Track) { tr.Kind = classpb.TrackKind_TRACK_KIND_AUDIO },
		func(tr *classpb.Track) { tr.Source = 77 },
		func(tr *classpb.Track) { tr.Mime = "video/\x00" },
		func(tr *classpb.Track) { tr.Info = make([]byte, MaxTrackInfoSize+1) },
	} {
		c := publish("P_1", "TR_x", camera)
		spoil(c.GetPublishTrack().GetTrack())
		sc.refused(classpb.Code_CODE_INVALID, Node(), c)
	}
}

func TestNobodyPublishesMoreThanAPersonNeeds(t *testing.T) {
	sc := lesson(t, false)
	sc.do(By("P_1"), setLocks(&classpb.SetLocks{Screen: no()}))
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	for _, source := range []classpb.Source{microphone, microphone, camera, screen, screenAudio} {
		sid := fmt.Sprint("TR_", len(sc.state.GetTracks()))
		sc.publish(ada, sid, source)
		want(t, sc.publish(ada, sid, source))
	}
	for _, source := range []classpb.Source{microphone, camera, screen, screenAudio} {
		sc.refused(classpb.Code_CODE_FULL, Node(), publish(ada, "TR_more", source))
	}
	unnamed := publish(ada, "TR_more", microphone)
	unnamed.GetPublishTrack().GetTrack().Source = classpb.Source_SOURCE_UNSPECIFIED
	sc.refused(classpb.Code_CODE_FULL, Node(), unnamed)
	sc.publish(blaise, "TR_b", microphone)
	sc.do(Node(), unpublish("TR_0"))
	sc.publish(ada, "TR_more", microphone)
}

func TestMuteAllSilencesScreensToo(t *testing.T) {
	sc := lesson(t, false)
	sc.do(By("P_1"), setLocks(&classpb.SetLocks{Screen: no()}))
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", presenter)
	sc.publish(ada, "TR_a", screenAudio)
	sc.publish(ada, "TR_s", screen)
	sc.publish(blaise, "TR_b", screenAudio)
	want(t, sc.do(By("P_1"), muteAll(false)), "track_muted")
	want(t, sc.do(By(ada), mute("TR_a", false)), "track_muted")
	want(t, sc.do(By("P_1"), muteAll(true)), "locks_set", "track_muted")
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), mute("TR_a", false))
	holds(t, "who presents is heard", !sc.state.GetTracks()["TR_b"].GetMuted())
	sc.do(Node(), unpublish("TR_a"))
	sc.publish(ada, "TR_again", screenAudio)
	holds(t, "shared against the lock, it starts muted", sc.state.GetTracks()["TR_again"].GetMutedByTeacher())
	sc.do(By("P_1"), giveWord(ada))
	want(t, sc.do(By(ada), mute("TR_again", false)), "track_muted")
	want(t, sc.do(By("P_1"), takeWord(ada)), "word_taken", "track_muted")
}

func TestANewMediaSessionEndsTheLastOnesTracks(t *testing.T) {
	sc := lesson(t, false)
	want(t, sc.do(Node(), setSid("P_1", "PA_1")), "sid_set")
	sc.publish("P_1", "TR_1", camera)
	want(t, sc.do(Node(), setSid("P_1", "PA_1")))
	want(t, sc.do(Node(), setSid("P_1", "PA_2")), "track_unpublished", "sid_set")
	sc.refused(classpb.Code_CODE_NOT_FOUND, Node(), setSid("P_9", "PA_3"))
}
