package class

import "preau/signaling/classpb"

// MayChat says whether a participant may write to a target.
func MayChat(s *classpb.State, from string, to *classpb.ChatTarget) bool { return false }
