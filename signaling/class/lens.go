package class

import "preau/signaling/classpb"

// Viewer is whose view of a class is taken.
type Viewer struct {
	Participant string
	All         bool // a member inside the server, which filters for itself
}

// Lens is the kind of view a viewer has. A change of lens sends a new snapshot.
type Lens int

const (
	LensNone      Lens = iota // unknown, or gone
	LensWaiting               // in the lobby: the door, and oneself
	LensPresent               // what everyone admitted may know
	LensModerator             // the lobby, the hidden and the teachers' chat too
	LensAll                   // everything
)

// LensOf is the lens a viewer has in a state. When the class has ended, those who were in it keep
// theirs.
func LensOf(s *classpb.State, v Viewer) Lens {
	if v.All {
		return LensAll
	}
	p := s.GetParticipants()[v.Participant]
	switch {
	case p == nil:
		return LensNone
	case inside(p) || endedUpon(p) && p.GetAdmitted():
		if p.GetRole() == classpb.Role_ROLE_TEACHER {
			return LensModerator
		}
		return LensPresent
	case waits(p) || endedUpon(p):
		return LensWaiting
	default:
		return LensNone
	}
}

// endedUpon says that the class ended while the participant was in it or at its door.
func endedUpon(p *classpb.Participant) bool {
	return p.GetPresence() == classpb.Presence_PRESENCE_GONE && p.GetLeft() == classpb.LeaveReason_LEAVE_REASON_ENDED
}

// Hears says whether an event is in a viewer's view, in the state after it. It depends on the lens
// and the audience alone, so that a tail of the log may be filtered with the latest state as long
// as no event of the tail ChangesLens.
func Hears(s *classpb.State, v Viewer, e *classpb.Event) bool {
	return reaches(LensOf(s, v), v.Participant, e.GetAudience())
}

// HearsEphemeral says the same of what is true for a moment.
func HearsEphemeral(s *classpb.State, v Viewer, e *classpb.Ephemeral) bool {
	return reaches(LensOf(s, v), v.Participant, e.GetAudience())
}

func reaches(l Lens, id string, a *classpb.Audience) bool {
	switch {
	case l == LensAll:
		return true
	case l == LensNone:
		return false
	case a == nil:
		return l >= LensPresent
	case a.GetLobby(), a.GetTeachers() && l == LensModerator:
		return true
	}
	for _, p := range a.GetParticipants() {
		if p == id {
			return true
		}
	}
	return false
}

// ChangesLens says whether an event may change the lens of a viewer: it is then safe only to send a
// snapshot after it.
func ChangesLens(v Viewer, e *classpb.Event) bool {
	if v.All {
		return false
	}
	var id string
	switch b := e.GetBody().(type) {
	case *classpb.Event_Waited:
		id = b.Waited.GetParticipant()
	case *classpb.Event_Joined:
		id = b.Joined.GetParticipant()
	case *classpb.Event_Left:
		id = b.Left.GetParticipant()
	case *classpb.Event_RoleSet:
		id = b.RoleSet.GetParticipant()
	case *classpb.Event_Withdrawn:
		id = b.Withdrawn.GetParticipant()
	}
	return id != "" && id == v.Participant
}
