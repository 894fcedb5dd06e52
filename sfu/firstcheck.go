package sfu

import (
	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
)

// firstCheck has an ICE-lite agent use the first pair over which an authenticated check came, until
// the client nominates one. Chromium names no pair to a lite agent before its next regular check,
// which on a slow link comes 2.5 s after the first was answered; its ClientHello, sent meanwhile,
// would wait all that time. Only who has been told the password can choose an address so.
type firstCheck struct {
	generation string // of both sides' credentials; owned by the agent's loop
}

// came is called for each check (RFC 8445, 7.3); true: its pair is to be used.
func (f *firstCheck) came(m *stun.Message, _, _ ice.Candidate, _ *ice.CandidatePair) bool {
	var names stun.Username // both fragments, RFC 8445, 7.1.2
	if names.GetFrom(m) != nil || names.String() == f.generation {
		return false
	}
	f.generation = names.String()
	return true
}
