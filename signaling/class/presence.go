package class

import (
	"slices"

	"preau/signaling/classpb"
)

// A participant's state machine:
//
//	             Waited               Joined
//	  outside ───────────▶ waiting ───────────▶ present ◀──────┐
//	     │                    │                 │  ▲  │        │
//	     │ Joined             │ Left        Away│  │Back       │ Joined
//	     └──────────▶ present │                 ▼  │  │ Left   │
//	                          │                 away  │        │
//	                          │                   │Left        │
//	                          ▼                   ▼   ▼        │
//	                         gone ─── Waited ─▶  gone ─────────┘
//
// Waiting: in the lobby. Present: a socket is up. Away: none for 5 s. Gone: left, removed, refused,
// or no socket for 60 s; who had been admitted comes back without waiting, unless they were removed:
// who was removed or refused knocks, lobby or none, and waits until admitted anew (knock.go). Who was
// banned does not come back before Unbanned. With Left go the tracks, the hand, the word and the spotlight.
// Withdrawn leads from anywhere to outside, for who hears it.

func decideLeave(d *docket, _ *classpb.Command) error {
	p := d.self()
	if p == nil {
		return invalid("only a participant leaves")
	}
	d.left(p, classpb.LeaveReason_LEAVE_REASON_LEFT)
	return nil
}

func decideSetPresence(d *docket, c *classpb.Command) error {
	p, err := d.person(c.GetSetPresence().GetParticipant())
	if err != nil {
		return err
	}
	switch to := c.GetSetPresence().GetPresence(); to {
	case classpb.Presence_PRESENCE_GONE:
		if inside(p) || waits(p) {
			d.left(p, classpb.LeaveReason_LEAVE_REASON_LOST)
		}
	case classpb.Presence_PRESENCE_AWAY:
		if p.GetPresence() == classpb.Presence_PRESENCE_PRESENT {
			d.tell(about(p), &classpb.Event{Body: &classpb.Event_Away{Away: &classpb.Away{Participant: p.GetId()}}})
		}
	case classpb.Presence_PRESENCE_PRESENT:
		return d.back(p)
	default:
		return invalid("the presence %v is not set", to)
	}
	return nil
}

func (d *docket) back(p *classpb.Participant) error {
	switch p.GetPresence() {
	case classpb.Presence_PRESENCE_AWAY:
		d.tell(about(p), &classpb.Event{Body: &classpb.Event_Back{Back: &classpb.Back{Participant: p.GetId()}}})
	case classpb.Presence_PRESENCE_GONE:
		return conflict("the participant has gone and must join again")
	}
	return nil
}

func (d *docket) left(p *classpb.Participant, why classpb.LeaveReason) {
	d.tell(about(p), &classpb.Event{Body: &classpb.Event_Left{Left: &classpb.Left{Participant: p.GetId(), Reason: why}}})
}

func applyWaited(s *classpb.State, e *classpb.Event) {
	w := e.GetWaited()
	p := record(s, w.GetParticipant())
	p.Presence, p.Left = classpb.Presence_PRESENCE_WAITING, classpb.LeaveReason_LEAVE_REASON_UNSPECIFIED
	p.Role, p.TokenRole, p.Foreign = w.GetRole(), w.GetTokenRole(), w.GetForeign()
	p.Permissions, p.Sid, p.Knocks = clone(w.GetPermissions()), "", w.GetKnocks()
}

// applyJoined sets all that the event carries, so that a view which had not heard of the
// participant holds the same as one that had.
func applyJoined(s *classpb.State, e *classpb.Event) {
	j := e.GetJoined()
	p := record(s, j.GetParticipant())
	p.Presence, p.Left = classpb.Presence_PRESENCE_PRESENT, classpb.LeaveReason_LEAVE_REASON_UNSPECIFIED
	p.Role, p.TokenRole, p.Foreign = j.GetRole(), j.GetTokenRole(), j.GetForeign()
	p.Permissions = clone(j.GetPermissions())
	p.Sid, p.ConnectedSid, p.ForwardedSid = j.GetSid(), j.GetConnectedSid(), j.GetForwardedSid()
	p.Admitted, p.Banned, p.Knocks = true, false, false
	if p.Order == 0 {
		p.Order, p.JoinedMs = e.GetSeq(), e.GetTimeMs()
	}
}

func applyAway(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetAway().GetParticipant()]; p != nil {
		p.Presence = classpb.Presence_PRESENCE_AWAY
	}
}

func applyBack(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetBack().GetParticipant()]; p != nil {
		p.Presence = classpb.Presence_PRESENCE_PRESENT
	}
}

func applyLeft(s *classpb.State, e *classpb.Event) {
	id := e.GetLeft().GetParticipant()
	if p := s.GetParticipants()[id]; p != nil {
		p.Presence, p.Left = classpb.Presence_PRESENCE_GONE, e.GetLeft().GetReason()
		p.Banned = p.Banned || p.Left == classpb.LeaveReason_LEAVE_REASON_BANNED
	}
	vacate(s, id)
}

func applyWithdrawn(s *classpb.State, e *classpb.Event) {
	id := e.GetWithdrawn().GetParticipant()
	vacate(s, id)
	delete(s.Participants, id)
}

// vacate takes from a participant what only those in the class hold.
func vacate(s *classpb.State, id string) {
	for sid, t := range s.GetTracks() {
		if t.GetParticipant() == id {
			delete(s.Tracks, sid)
		}
	}
	s.Hands, s.Word = without(s.Hands, id), without(s.Word, id)
	if s.Spotlight == id {
		s.Spotlight = ""
	}
}

// record is the participant's, made if it is missing.
func record(s *classpb.State, id string) *classpb.Participant {
	p := s.Participants[id]
	if p == nil {
		p = &classpb.Participant{Id: id}
		s.Participants[id] = p
	}
	return p
}

func without(ids []string, id string) []string {
	return slices.DeleteFunc(ids, func(other string) bool { return other == id })
}
