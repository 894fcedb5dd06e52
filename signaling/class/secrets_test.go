package class

import (
	"bytes"
	"slices"

	"preau/signaling/classpb"
)

// ledger keeps who may read what, by rules of its own, so that View and Hears are not their own
// witnesses. Texts and names are unique and are looked for in encoded bytes.
type ledger map[string][]string // chat text → participants who may read it; nil: everyone admitted

// note remembers for whom a message was.
func (l ledger) note(sc *scene, events []*classpb.Event, a Actor, cmd *classpb.Command) {
	send := cmd.GetSendChat()
	if send == nil || len(events) == 0 {
		return
	}
	switch to := send.GetTo().GetTo().(type) {
	case *classpb.ChatTarget_Teachers:
		l[send.GetText()] = []string{a.ID, "teachers"}
	case *classpb.ChatTarget_Participant:
		l[send.GetText()] = []string{a.ID, to.Participant}
	default:
		l[send.GetText()] = nil
	}
}

func (l ledger) mayRead(s *classpb.State, id, text string) bool {
	p := s.GetParticipants()[id]
	switch readers := l[text]; {
	case !inside(p) && s.GetPhase() == classpb.Phase_PHASE_OPEN, !p.GetAdmitted():
		return false
	case readers == nil, slices.Contains(readers, id):
		return true
	default:
		return slices.Contains(readers, "teachers") && p.GetRole() == teacher
	}
}

// checkSecrets looks for what a viewer may not have, in the view and in the last events heard.
func (c *chaos) checkSecrets(v Viewer, events []*classpb.Event) {
	s := c.sc.state
	me := s.GetParticipants()[v.Participant]
	if v.All {
		return
	}
	known := marshal(View(s, v))
	for _, e := range events {
		if Hears(s, v, e) {
			known = append(known, marshal(e)...)
		}
	}
	for id, p := range s.GetParticipants() {
		if id != v.Participant && !c.mayKnow(me, p) && bytes.Contains(known, []byte(p.GetProfile().GetName())) {
			c.rt.Fatalf("%s (%v) knows of %v", v.Participant, me, p)
		}
	}
	for text := range c.ledger {
		if !c.ledger.mayRead(s, v.Participant, text) && bytes.Contains(known, []byte(text)) {
			c.rt.Fatalf("%s reads %q, meant for %v", v.Participant, text, c.ledger[text])
		}
	}
}

// mayKnow: nobody who is not in the class knows of anybody, teachers know of all, and everyone
// else of those who were let in and are not hidden.
func (c *chaos) mayKnow(me, other *classpb.Participant) bool {
	in := inside(me) || me.GetLeft() == classpb.LeaveReason_LEAVE_REASON_ENDED && me.GetAdmitted()
	switch {
	case !in:
		return false
	case me.GetRole() == teacher:
		return true
	default:
		return other.GetAdmitted() && other.GetRole() != observer && other.GetRole() != classpb.Role_ROLE_RECORDER
	}
}
