package class

import "preau/signaling/classpb"

// decideRemove sends someone out of the class or its lobby; a ban keeps them out, and may come
// after they left.
func decideRemove(d *docket, c *classpb.Command) error {
	p, err := d.person(c.GetRemove().GetParticipant())
	if err != nil {
		return err
	}
	here := inside(p) || waits(p)
	switch ban := c.GetRemove().GetBan(); {
	case p.GetId() == d.actor.ID:
		return conflict("one leaves, and does not remove oneself")
	case ban && !p.GetBanned():
		d.left(p, classpb.LeaveReason_LEAVE_REASON_BANNED)
	case !ban && here:
		d.left(p, classpb.LeaveReason_LEAVE_REASON_REMOVED)
	}
	return nil
}

func decideUnban(d *docket, c *classpb.Command) error {
	p, err := d.person(c.GetUnban().GetParticipant())
	if err != nil {
		return err
	}
	if p.GetBanned() {
		d.tell(about(p), &classpb.Event{Body: &classpb.Event_Unbanned{Unbanned: &classpb.Unbanned{Participant: p.GetId()}}})
	}
	return nil
}

func applyUnbanned(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetUnbanned().GetParticipant()]; p != nil {
		p.Banned = false
	}
}
