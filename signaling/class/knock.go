package class

import (
	"maps"
	"slices"

	"preau/signaling/classpb"
)

// knocks says that a participant was removed or refused and has not been admitted since: they wait
// to be let in by a teacher, even without a lobby, and however often they leave the door.
func knocks(p *classpb.Participant) bool {
	if p.GetKnocks() {
		return true
	}
	gone := p.GetPresence() == classpb.Presence_PRESENCE_GONE
	return gone && (p.GetLeft() == classpb.LeaveReason_LEAVE_REASON_REMOVED || p.GetLeft() == classpb.LeaveReason_LEAVE_REASON_REFUSED)
}

// entersUnasked: a token that says teacher could let itself in, and a recorder cannot be talked to.
func entersUnasked(token classpb.Role) bool {
	return token == classpb.Role_ROLE_TEACHER || token == classpb.Role_ROLE_RECORDER
}

// forgetStrangers makes room in the records when they are full: all go who went away from the door
// without ever having been let in, so that nobody fills a class by turning up under new names. Bans
// stay. It yields how many. They go together: which of them came first, the state does not say.
func (d *docket) forgetStrangers() int {
	if len(d.state.GetParticipants()) < MaxRecords {
		return 0
	}
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(d.state.GetParticipants())) {
		p := d.state.GetParticipants()[id]
		if p.GetPresence() == classpb.Presence_PRESENCE_GONE && !p.GetAdmitted() && !p.GetBanned() {
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		d.tell(teachersAnd(), &classpb.Event{Body: &classpb.Event_Forgotten{Forgotten: &classpb.Forgotten{Participants: ids}}})
	}
	return len(ids)
}

func applyForgotten(s *classpb.State, e *classpb.Event) {
	for _, id := range e.GetForgotten().GetParticipants() {
		delete(s.Participants, id)
	}
}
