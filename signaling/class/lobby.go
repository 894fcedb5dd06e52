package class

import (
	"maps"
	"slices"

	"preau/signaling/classpb"
)

func decideAdmit(d *docket, c *classpb.Command) error {
	ids := c.GetAdmit().GetParticipants()
	if c.GetAdmit().GetAll() {
		ids = d.waiting()
	}
	persons, err := d.persons(ids)
	if err != nil {
		return err
	}
	for _, p := range persons {
		if waits(p) {
			d.admit(p)
		}
	}
	return nil
}

// decideRefuse: who is refused may ask again.
func decideRefuse(d *docket, c *classpb.Command) error {
	persons, err := d.persons(c.GetRefuse().GetParticipants())
	if err != nil {
		return err
	}
	for _, p := range persons {
		if waits(p) {
			d.left(p, classpb.LeaveReason_LEAVE_REASON_REFUSED)
		}
	}
	return nil
}

// decideSetLobby: a lobby that closes lets in who stood there, but for who would knock without one.
func decideSetLobby(d *docket, c *classpb.Command) error {
	lobby := c.GetSetLobby().GetLobby()
	if lobby == d.state.GetLobby() {
		return nil
	}
	d.tell(door(), &classpb.Event{Body: &classpb.Event_LobbySet{LobbySet: &classpb.LobbySet{Lobby: lobby}}})
	if !lobby {
		for _, id := range d.waiting() {
			if p := d.state.GetParticipants()[id]; !knocks(p) {
				d.admit(p)
			}
		}
	}
	return nil
}

func (d *docket) admit(p *classpb.Participant) {
	d.enter(arrival{
		known: p, id: p.GetId(), role: p.GetRole(), tokenRole: p.GetTokenRole(), foreign: p.GetForeign(),
		permissions: clone(p.GetPermissions()), profile: clone(p.GetProfile()),
	})
}

// waiting are the ids of the lobby, sorted: what Decide yields must not depend on a map's order.
func (d *docket) waiting() []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(d.state.GetParticipants())) {
		if Waiting(d.state, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// persons finds all whom a command names, each once, or refuses it as a whole.
func (d *docket) persons(ids []string) ([]*classpb.Participant, error) {
	var found []*classpb.Participant
	seen := map[string]bool{}
	for _, id := range ids {
		p, err := d.person(id)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			found = append(found, p)
		}
		seen[id] = true
	}
	return found, nil
}

func applyLobbySet(s *classpb.State, e *classpb.Event) { s.Lobby = e.GetLobbySet().GetLobby() }
