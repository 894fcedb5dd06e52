package class

import (
	"slices"

	"preau/signaling/classpb"
)

// Hidden says whether only teachers and oneself may know that the participant is there.
func Hidden(p *classpb.Participant) bool { return hiddenRole(p.GetRole()) }

// Present says whether a participant is in the class: present, or away for a moment.
func Present(s *classpb.State, id string) bool { return inside(s.GetParticipants()[id]) }

// Forwarded says whether a participant is there by what another class forwards.
func Forwarded(p *classpb.Participant) bool {
	return p.GetSid() != "" && p.GetSid() == p.GetForwardedSid()
}

// Waiting says whether a participant is in the lobby.
func Waiting(s *classpb.State, id string) bool { return waits(s.GetParticipants()[id]) }

// PresentCount is how many are in the class, hidden ones included and the lobby not.
func PresentCount(s *classpb.State) int {
	n := 0
	for _, p := range s.GetParticipants() {
		if inside(p) {
			n++
		}
	}
	return n
}

// Full says whether whoever has this identity and role would find no place. It asks the full state,
// and a Join decides anew.
func Full(s *classpb.State, identity string, role classpb.Role) bool {
	p := ByIdentity(s, identity)
	return role != classpb.Role_ROLE_TEACHER && !inside(p) && !waits(p) && full(s, role)
}

// ByIdentity finds the participant of an identity in the full state; nil when there is none.
func ByIdentity(s *classpb.State, identity string) *classpb.Participant {
	for _, p := range s.GetParticipants() {
		if p.GetProfile().GetIdentity() == identity {
			return p
		}
	}
	return nil
}

// CanModerate says whether a participant is a teacher in the class.
func CanModerate(s *classpb.State, id string) bool {
	p := s.GetParticipants()[id]
	return inside(p) && p.GetRole() == classpb.Role_ROLE_TEACHER
}

// HasWord says whether a participant was given the word.
func HasWord(s *classpb.State, id string) bool { return slices.Contains(s.GetWord(), id) }

func hiddenRole(r classpb.Role) bool {
	return r == classpb.Role_ROLE_OBSERVER || r == classpb.Role_ROLE_RECORDER
}

func inside(p *classpb.Participant) bool {
	return p.GetPresence() == classpb.Presence_PRESENCE_PRESENT || p.GetPresence() == classpb.Presence_PRESENCE_AWAY
}

func waits(p *classpb.Participant) bool {
	return p.GetPresence() == classpb.Presence_PRESENCE_WAITING
}

// visibly inside: everyone admitted knows of the participant.
func visible(p *classpb.Participant) bool { return inside(p) && !Hidden(p) }
