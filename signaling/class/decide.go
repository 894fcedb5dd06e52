package class

import "preau/signaling/classpb"

// Decide says what a command amounts to: events, or a refusal, which is always an *Error. It does
// not change the state.
func Decide(s *classpb.State, a Actor, c *classpb.Command, in Input) (Decision, error) {
	return Decision{}, refuse(classpb.Code_CODE_INTERNAL, "not yet")
}
