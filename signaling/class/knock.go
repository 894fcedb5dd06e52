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

// SentAway is how somebody was sent away who has not asked to come back: removed or refused.
// Unspecified: they were not.
func SentAway(s *classpb.State, identity string) classpb.LeaveReason {
	p := ByIdentity(s, identity)
	switch {
	case !knocks(p) || waits(p):
		return classpb.LeaveReason_LEAVE_REASON_UNSPECIFIED
	case p.GetLeft() == classpb.LeaveReason_LEAVE_REASON_REFUSED:
		return classpb.LeaveReason_LEAVE_REASON_REFUSED
	default:
		return classpb.LeaveReason_LEAVE_REASON_REMOVED
	}
}

// entersUnasked: a token that says teacher could let itself in, and a recorder cannot be talked to.
func entersUnasked(token classpb.Role) bool {
	return token == classpb.Role_ROLE_TEACHER || token == classpb.Role_ROLE_RECORDER
}

// forgetTheGone makes room in the records when they are full, so that nobody fills a class by turning
// up under new names: all go who went away from the door without ever having been let in, and where
// there are none, the pupils who were in and left. Bans stay, and whoever was removed. It yields how
// many. They go together: which of them came first, the state does not say.
func (d *docket) forgetTheGone() int {
	if len(d.state.GetParticipants()) < MaxRecords {
		return 0
	}
	ids := d.gone(func(p *classpb.Participant) bool { return !p.GetAdmitted() })
	if len(ids) == 0 {
		ids = d.gone(func(p *classpb.Participant) bool {
			return p.GetTokenRole() == classpb.Role_ROLE_PUPIL && p.GetRole() == classpb.Role_ROLE_PUPIL && !knocks(p)
		})
	}
	d.forgetPeople(ids)
	return len(ids)
}

// forgetPeople tells each whom they knew of: those who were introduced stand in everybody's view.
func (d *docket) forgetPeople(ids []string) {
	var known, unknown []string
	for _, id := range ids {
		if d.state.GetParticipants()[id].GetIntroduced() {
			known = append(known, id)
		} else {
			unknown = append(unknown, id)
		}
	}
	for _, group := range []struct {
		ids []string
		to  *classpb.Audience
	}{{known, nil}, {unknown, teachersAnd()}} {
		if len(group.ids) > 0 {
			d.tell(group.to, &classpb.Event{Body: &classpb.Event_Forgotten{Forgotten: &classpb.Forgotten{Participants: group.ids}}})
		}
	}
}

// gone are those who are not here, not banned, and such.
func (d *docket) gone(such func(*classpb.Participant) bool) (ids []string) {
	for _, id := range slices.Sorted(maps.Keys(d.state.GetParticipants())) {
		p := d.state.GetParticipants()[id]
		if p.GetPresence() == classpb.Presence_PRESENCE_GONE && !p.GetBanned() && such(p) {
			ids = append(ids, id)
		}
	}
	return ids
}

func applyForgotten(s *classpb.State, e *classpb.Event) {
	for _, id := range e.GetForgotten().GetParticipants() {
		delete(s.Participants, id)
	}
}
