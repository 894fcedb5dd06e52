package class

import "preau/signaling/classpb"

func decideSetSpotlight(d *docket, c *classpb.Command) error {
	id := c.GetSetSpotlight().GetParticipant()
	if id != "" {
		p, err := d.insider(id)
		if err != nil {
			return err
		}
		if Hidden(p) {
			return conflict("who is hidden is not shown")
		}
	}
	if id != d.state.GetSpotlight() {
		d.tell(nil, &classpb.Event{Body: &classpb.Event_SpotlightSet{SpotlightSet: &classpb.SpotlightSet{Participant: id}}})
	}
	return nil
}

func applySpotlightSet(s *classpb.State, e *classpb.Event) {
	s.Spotlight = e.GetSpotlightSet().GetParticipant()
}
