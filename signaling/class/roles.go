package class

import "preau/signaling/classpb"

// decideSetRole changes the role of someone in the class. Only a token makes a recorder.
func decideSetRole(d *docket, c *classpb.Command) error {
	role := c.GetSetRole().GetRole()
	p, err := d.insider(c.GetSetRole().GetParticipant())
	if err != nil {
		return err
	}
	switch role {
	case classpb.Role_ROLE_TEACHER, classpb.Role_ROLE_PRESENTER, classpb.Role_ROLE_PUPIL, classpb.Role_ROLE_OBSERVER:
	default:
		return invalid("the role %v is not given", role)
	}
	switch {
	case p.GetRole() == role:
		return nil
	case p.GetRole() == classpb.Role_ROLE_RECORDER:
		return forbidden("a recorder keeps its role")
	case p.GetId() == d.actor.ID && d.lastTeacher(p):
		return conflict("the last teacher stays one")
	}
	d.setRole(p, role)
	return nil
}

func (d *docket) setRole(p *classpb.Participant, role classpb.Role) {
	if Hidden(p) != hiddenRole(role) {
		d.enter(arrival{
			known: p, id: p.GetId(), role: role, tokenRole: p.GetTokenRole(), foreign: p.GetForeign(),
			permissions: clone(p.GetPermissions()), profile: clone(p.GetProfile()),
		})
		return
	}
	d.tell(about(p), &classpb.Event{Body: &classpb.Event_RoleSet{RoleSet: &classpb.RoleSet{Participant: p.GetId(), Role: role}}})
	r := rightsOf(d.state, p)
	r.role = role
	d.enforce(p, r)
}

func (d *docket) lastTeacher(p *classpb.Participant) bool {
	for id := range d.state.GetParticipants() {
		if id != p.GetId() && CanModerate(d.state, id) {
			return false
		}
	}
	return CanModerate(d.state, p.GetId())
}

func applyRoleSet(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetRoleSet().GetParticipant()]; p != nil {
		p.Role = e.GetRoleSet().GetRole()
	}
}
