package class

import (
	"slices"

	"preau/signaling/classpb"
)

func decideRaiseHand(d *docket, _ *classpb.Command) error {
	p := d.self()
	if !visible(p) {
		return forbidden("who is hidden raises no hand")
	}
	if !slices.Contains(d.state.GetHands(), p.GetId()) {
		d.tell(nil, &classpb.Event{Body: &classpb.Event_HandRaised{HandRaised: &classpb.HandRaised{Participant: p.GetId()}}})
	}
	return nil
}

// decideLowerHand: one's own, or, by a teacher, another's.
func decideLowerHand(d *docket, c *classpb.Command) error {
	id := c.GetLowerHand().GetParticipant()
	if id == "" {
		id = d.actor.ID
	}
	if id != d.actor.ID && !d.moderates() {
		return forbidden("the hand is another's")
	}
	if slices.Contains(d.state.GetHands(), id) {
		d.tell(nil, &classpb.Event{Body: &classpb.Event_HandLowered{HandLowered: &classpb.HandLowered{Participant: id}}})
	}
	return nil
}

func decideLowerAllHands(d *docket, _ *classpb.Command) error {
	if len(d.state.GetHands()) > 0 {
		d.tell(nil, &classpb.Event{Body: &classpb.Event_HandsLowered{HandsLowered: &classpb.HandsLowered{}}})
	}
	return nil
}

func decideGiveWord(d *docket, c *classpb.Command) error {
	p, err := d.insider(c.GetGiveWord().GetParticipant())
	if err != nil {
		return err
	}
	if Hidden(p) {
		return conflict("who is hidden does not speak")
	}
	if !HasWord(d.state, p.GetId()) {
		d.tell(nil, &classpb.Event{Body: &classpb.Event_WordGiven{WordGiven: &classpb.WordGiven{Participant: p.GetId()}}})
	}
	return nil
}

// decideTakeWord: by a teacher, or given back. What could not be opened without the word
// is muted.
func decideTakeWord(d *docket, c *classpb.Command) error {
	p, err := d.person(c.GetTakeWord().GetParticipant())
	if err != nil {
		return err
	}
	if p.GetId() != d.actor.ID && !d.moderates() {
		return forbidden("the word is another's")
	}
	if !HasWord(d.state, p.GetId()) {
		return nil
	}
	d.tell(nil, &classpb.Event{Body: &classpb.Event_WordTaken{WordTaken: &classpb.WordTaken{Participant: p.GetId()}}})
	r := rightsOf(d.state, p)
	r.word = false
	for _, t := range d.tracks() {
		heard := t.GetParticipant() == p.GetId() && t.GetKind() == classpb.TrackKind_TRACK_KIND_AUDIO
		if heard && !t.GetMuted() && !r.unmute(sourceOf(t)) {
			d.muted(t, true, true)
		}
	}
	return nil
}

func applyHandRaised(s *classpb.State, e *classpb.Event) {
	s.Hands = append(without(s.Hands, e.GetHandRaised().GetParticipant()), e.GetHandRaised().GetParticipant())
}

func applyHandLowered(s *classpb.State, e *classpb.Event) {
	s.Hands = without(s.Hands, e.GetHandLowered().GetParticipant())
}

func applyHandsLowered(s *classpb.State, _ *classpb.Event) { s.Hands = nil }

// applyWordGiven lowers the hand too.
func applyWordGiven(s *classpb.State, e *classpb.Event) {
	id := e.GetWordGiven().GetParticipant()
	s.Hands = without(s.Hands, id)
	s.Word = append(without(s.Word, id), id)
}

func applyWordTaken(s *classpb.State, e *classpb.Event) {
	s.Word = without(s.Word, e.GetWordTaken().GetParticipant())
}
