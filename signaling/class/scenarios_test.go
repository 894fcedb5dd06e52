package class

import (
	"testing"

	"preau/signaling/classpb"
)

// scenarios are the golden logs, as they are told.
var scenarios = map[string]func(*testing.T) *scene{
	"lesson":     playLesson,
	"chat":       playChat,
	"moderation": playModeration,
	"links":      playLinks,
	"roles":      playRoles,
	"knocking":   playKnocking,
	"media":      playMedia,
	"screens":    playScreens,
	"forwarded":  playForwarded,
}

// playLesson: a class with a lobby, from the bell to the end.
func playLesson(t *testing.T) *scene {
	sc := lesson(t, true)
	martin := By("P_1")
	sc.do(Node(), setSid("P_1", "PA_martin"))
	sc.publish("P_1", "TR_voice", microphone)
	sc.publish("P_1", "TR_face", camera)

	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(Node(), setSid(ada, "PA_ada"))
	sc.do(martin, setTitle("Maths 4B: fractions"))
	sc.do(martin, admit(ada))
	carl := sc.join("carl", "Carl", pupil)
	sc.do(martin, refuseEntry(carl))
	sc.do(martin, admit())
	sc.publish(ada, "TR_ada", microphone)
	sc.do(By(ada), mute("TR_ada", true))

	sc.do(By(blaise), raiseHand())
	sc.do(By(ada), raiseHand())
	sc.do(By(blaise), lowerHand(""))
	sc.do(By(blaise), raiseHand())
	sc.do(martin, giveWord(ada))
	sc.do(By(ada), mute("TR_ada", false))
	sc.do(martin, spotlight(ada))
	sc.do(martin, lowerAllHands())
	sc.do(martin, takeWord(ada))
	sc.do(martin, spotlight(""))

	sc.join("dora", "Dora", pupil)
	sc.do(martin, setLobby(false))
	sc.join("emmy", "Emmy", pupil)
	sc.do(By(ada), leave())
	sc.do(martin, setLobby(true))
	sc.join("felix", "Felix", pupil)
	sc.do(martin, end())
	return sc
}

// playChat: to everyone, to the teachers, to one, deleted and forgotten.
func playChat(t *testing.T) *scene {
	sc := lesson(t, false)
	martin := By("P_1")
	ada, blaise, noether := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil), sc.join("noether", "M. Noether", teacher)
	sc.do(By(ada), chat(toEveryone(), "Bonjour !"))
	sc.do(By(blaise), chat(toTeachers(), "Je n'ai pas mon livre"))
	sc.do(martin, chat(toTeachers(), "On commence ?"))
	sc.do(martin, chat(toOne(blaise), "Prends celui d'Ada"))
	sc.do(By(ada), chat(toOne("P_1"), "Il copie 😀"))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), chat(toOne(blaise), "psst"))
	sc.do(martin, setLocks(&classpb.SetLocks{PrivateChat: no()}))
	sc.do(By(ada), chat(toOne(blaise), "psst\nhé"))
	sc.do(By(blaise), chat(toEveryone(), "une bêtise"))
	sc.do(By(noether), deleteChat("CM_7"))
	sc.do(martin, deleteChat("CM_2"))
	sc.do(martin, setRole(noether, pupil))
	sc.do(martin, chat(toTeachers(), "entre nous"))
	sc.do(Key("school"), deleteChat("CM_6"))
	sc.join("carl", "Carl", pupil)
	sc.do(martin, setLocks(&classpb.SetLocks{Chat: yes()}))
	sc.do(martin, setPermissions(&classpb.SetPermissions{Participant: ada, Chat: ptr(classpb.Switch_SWITCH_ALLOWED)}))
	sc.do(By(ada), chat(toEveryone(), "moi seule"))
	sc.emit(nil, &classpb.Event{Body: &classpb.Event_ChatForgotten{ChatForgotten: &classpb.ChatForgotten{Ids: []string{"CM_1", "CM_7"}}}})
	sc.emit(teachersAnd("P_1"), &classpb.Event{Body: &classpb.Event_ChatForgotten{ChatForgotten: &classpb.ChatForgotten{Ids: []string{"CM_3"}}}})
	return sc
}

// playModeration: locks and switches with the tracks they take, muting, removal, ban.
func playModeration(t *testing.T) *scene {
	sc := lesson(t, false)
	martin := By("P_1")
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	for _, id := range []string{ada, blaise} {
		sc.publish(id, "TR_mic_"+id, microphone)
		sc.publish(id, "TR_cam_"+id, camera)
	}
	sc.do(martin, mute("TR_mic_"+ada, true))
	sc.do(By(ada), mute("TR_mic_"+ada, false))
	sc.do(martin, muteAll(true))
	sc.refused(classpb.Code_CODE_FORBIDDEN, By(ada), mute("TR_mic_"+ada, false))
	sc.do(martin, giveWord(ada))
	sc.do(By(ada), mute("TR_mic_"+ada, false))
	sc.do(martin, takeWord(ada))
	sc.do(martin, setLocks(&classpb.SetLocks{Camera: yes(), Screen: no(), Unmute: no()}))
	sc.publish(blaise, "TR_screen", screen)
	sc.do(martin, setPermissions(&classpb.SetPermissions{Participant: blaise, Screen: ptr(classpb.Switch_SWITCH_DENIED)}))
	sc.do(By(blaise), mute("TR_mic_"+blaise, false))
	sc.do(martin, setLocks(&classpb.SetLocks{Microphone: yes()}))
	sc.do(martin, setPermissions(&classpb.SetPermissions{Participant: blaise, Microphone: ptr(classpb.Switch_SWITCH_ALLOWED)}))
	sc.do(By(blaise), mute("TR_mic_"+blaise, false))
	sc.do(By(blaise), raiseHand())
	sc.do(martin, remove(blaise, false))
	sc.emit(nil, // as it was before who is removed had to knock
		&classpb.Event{Body: &classpb.Event_ProfileSet{ProfileSet: &classpb.ProfileSet{
			Participant: blaise, Profile: &classpb.Profile{Identity: "blaise", Name: "Blaise le retour"},
		}}},
		&classpb.Event{Body: &classpb.Event_Joined{Joined: &classpb.Joined{
			Participant: blaise, Role: pupil, TokenRole: pupil, Permissions: sc.person(blaise).GetPermissions(),
		}}})
	sc.do(martin, remove(blaise, true))
	sc.refused(classpb.Code_CODE_BANNED, Node(), join("blaise", "Blaise", pupil))
	sc.do(Key("school"), unban(blaise))
	sc.join("blaise", "Blaise", pupil)
	sc.do(Key("school"), rename(blaise, "Blaise P."))
	sc.do(Key("school"), setMetadata(`{"school":"Pascal"}`))
	return sc
}

// playLinks: bad links, media sessions that come and go.
func playLinks(t *testing.T) *scene {
	sc := lesson(t, true)
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(By("P_1"), admit(ada))
	sc.do(Node(), setSid(ada, "PA_1"))
	sc.publish(ada, "TR_1", camera)
	sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_AWAY))
	sc.do(Node(), presence(blaise, classpb.Presence_PRESENCE_AWAY))
	sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_PRESENT))
	sc.do(Node(), setSid(ada, "PA_2"))
	sc.publish(ada, "TR_2", camera)
	sc.publish(ada, "TR_3", microphone)
	sc.do(Node(), unpublish("TR_2"))
	sc.do(By(ada), raiseHand())
	sc.do(By("P_1"), spotlight(ada))
	sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_AWAY))
	sc.do(Node(), presence(ada, classpb.Presence_PRESENCE_GONE))
	sc.do(Node(), presence(blaise, classpb.Presence_PRESENCE_GONE))
	sc.join("ada", "Ada", pupil)
	sc.join("blaise", "Blaise", pupil)
	sc.do(Node(), presence("P_1", classpb.Presence_PRESENCE_AWAY))
	sc.join("martin", "Mme Martin", teacher)
	return sc
}

// playRoles: given and taken, by teachers and by tokens, across the border of the hidden.
func playRoles(t *testing.T) *scene {
	sc := lesson(t, false)
	martin := By("P_1")
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	inspector := sc.join("inspector", "Inspecteur Euler", observer)
	sc.do(martin, setRole(ada, presenter))
	sc.publish(ada, "TR_screen", screen)
	sc.do(martin, setRole(ada, pupil))
	sc.do(martin, setRole(blaise, teacher))
	sc.do(By(blaise), chat(toTeachers(), "merci"))
	sc.do(By(blaise), setRole("P_1", pupil))
	sc.do(By(blaise), setRole("P_1", teacher))
	sc.do(martin, setRole(ada, observer))
	sc.do(martin, chat(toOne(inspector), "Bienvenue"))
	sc.do(martin, setRole(inspector, presenter))
	sc.do(martin, setRole(ada, pupil))
	sc.do(By(ada), chat(toEveryone(), "me revoilà"))
	sc.join("blaise", "Blaise", pupil)
	sc.join("ada", "Ada", teacher)
	sc.join("ada", "Ada", observer)
	return sc
}

// playMedia: joins whose media connects, before and after admission and across the border of the hidden.
func playMedia(t *testing.T) *scene {
	sc := lesson(t, true)
	martin := By("P_1")
	sc.do(Node(), setSid("P_1", "PA_1"))
	sc.do(Node(), setConnected("P_1", "PA_1"))
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", pupil)
	sc.do(Node(), setSid(ada, "PA_2"))
	sc.do(Node(), setConnected(ada, "PA_2"))
	sc.do(martin, admit(ada))
	sc.do(martin, admit(blaise))
	sc.do(Node(), setSid(blaise, "PA_3"))
	want(t, sc.do(Node(), setConnected(blaise, "PA_2")))
	sc.do(Node(), setConnected(blaise, "PA_3"))
	want(t, sc.do(Node(), setConnected(blaise, "PA_3")))
	sc.do(Node(), setSid(blaise, "PA_4"))
	sc.do(martin, setRole(ada, observer))
	sc.do(martin, setRole(ada, pupil))
	sc.do(By(ada), leave())
	sc.join("ada", "Ada", pupil)
	sc.refused(classpb.Code_CODE_NOT_FOUND, Node(), setConnected("P_9", "PA_5"))
	return sc
}

// playScreens: several shared at once, of which the latest stands on the stage, whatever their sids and
// whoever comes when. What is learned of one later makes it no newer.
func playScreens(t *testing.T) *scene {
	sc := lesson(t, false)
	martin := By("P_1")
	noether := sc.join("noether", "M. Noether", teacher)
	sc.publish("P_1", "TR_9", screen)
	sc.publish(noether, "TR_5", screen)
	sc.join("ada", "Ada", pupil)
	larger := publish("P_1", "TR_9", screen)
	larger.GetPublishTrack().GetTrack().Width = 1920
	larger.GetPublishTrack().GetTrack().Order = 99 // is the class's to say
	sc.do(Node(), larger)
	sc.join("blaise", "Blaise", pupil)
	sc.do(martin, setLocks(&classpb.SetLocks{Screen: no()}))
	sc.publish("P_3", "TR_7", screen)
	sc.publish("P_4", "TR_1", screen)
	sc.do(Node(), unpublish("TR_5"))
	sc.join("carl", "Carl", pupil)
	sc.do(Node(), unpublish("TR_9"))
	sc.do(By("P_3"), mute("TR_7", true))
	sc.join("dora", "Dora", pupil)
	return sc
}

// playForwarded: somebody of another class, in and out of view, at the door, and then there in person.
func playForwarded(t *testing.T) *scene {
	sc := lesson(t, false)
	martin := By("P_1")
	ada := sc.join("ada", "Ada", pupil)
	curie := sc.join("curie", "Mme Curie", teacher)
	want(t, sc.do(Node(), forwardedSid(curie, "PA_1")), "sid_set", "forwarded")
	want(t, sc.do(Node(), forwardedSid(curie, "PA_1")))
	holds(t, "forwarded", Forwarded(sc.person(curie)))
	sc.do(Node(), setConnected(curie, "PA_1"))
	sc.publish(curie, "TR_1", camera)
	sc.do(martin, setRole(curie, observer))
	want(t, sc.do(martin, setRole(curie, presenter)), "withdrawn", "profile_set", "joined")
	holds(t, "in all views", Forwarded(sc.view(ada).GetParticipants()[curie]))
	sc.do(martin, setLobby(true))
	blaise := sc.join("blaise", "Blaise", pupil)
	sc.do(Node(), forwardedSid(blaise, "PA_2"))
	want(t, sc.do(martin, admit(blaise)), "profile_set", "joined")
	sc.do(Node(), setSid(blaise, "PA_3"))
	holds(t, "there in person", !Forwarded(sc.person(blaise)))
	sc.do(By(curie), leave())
	sc.join("curie", "Mme Curie", teacher)
	holds(t, "back without media", !Forwarded(sc.person(curie)))
	return sc
}

// playKnocking: who was removed or refused comes back to a closed door, lobby or none.
func playKnocking(t *testing.T) *scene {
	sc := lesson(t, false)
	martin := By("P_1")
	ada, blaise := sc.join("ada", "Ada", pupil), sc.join("blaise", "Blaise", presenter)
	sc.do(By(ada), chat(toEveryone(), "une bêtise"))
	sc.do(martin, remove(ada, false))
	sc.join("ada", "Ada", pupil)
	sc.do(By(ada), leave())
	sc.join("ada", "Ada L.", pupil)
	sc.do(martin, remove(blaise, false))
	sc.join("blaise", "Blaise", presenter)
	sc.do(martin, admit(ada))
	sc.do(martin, refuseEntry(blaise))
	sc.join("blaise", "Blaise", presenter)
	sc.do(Node(), presence(blaise, classpb.Presence_PRESENCE_GONE))
	sc.do(martin, setLobby(true))
	carl := sc.join("carl", "Carl", pupil)
	sc.do(martin, refuseEntry(carl))
	sc.join("carl", "Carl", pupil)
	sc.join("dora", "Dora", pupil)
	sc.do(martin, setLobby(false))
	sc.do(By(carl), leave())
	sc.emit(teachersAnd(), &classpb.Event{Body: &classpb.Event_Forgotten{Forgotten: &classpb.Forgotten{Participants: []string{blaise, carl}}}})
	sc.join("blaise", "Blaise", pupil)
	return sc
}
