package sfu

import (
	"sync"
	"time"
)

// askAgain is when a client that was asked to offer, and has not, is asked again.
const askAgain = 5 * time.Second

// negotiation is the state of a peer's receiving sections. The rules, for both modes:
//
//	         attach                      answered
//	free ─────────────▶ carrying ──────▶ carrying
//	 ▲                      │ detach
//	 │   answered inactive  ▼
//	 └────────────────── draining
//
// A section that carried one track must be answered inactive once before it carries another:
// otherwise a browser sees the same track go on under the old name.
//
// Who speaks next:
//
//	single connection:  idle ──need──▶ asked (SectionsEvent) ──client's offer──▶ idle
//	two connections:    idle ──need──▶ offered (OfferEvent) ──client's answer──▶ idle
//
// A need that comes while the other side's turn is open waits for it (dirty).
type negotiation struct {
	sync.Mutex

	started   bool // two connections: StartSubscriber was called
	turn      whoseTurn
	dirty     bool
	asked     time.Time // when the turn was given away
	offerID   uint32
	lastOffer Description
	restart   bool // the next offer restarts ICE
	draining  map[string]bool
	takes     map[string]bool // single connection: sections the client receives on
}

type whoseTurn int

const (
	turnIdle whoseTurn = iota
	turnAsked
	turnOffered
)

func newNegotiation() *negotiation {
	return &negotiation{draining: map[string]bool{}, takes: map[string]bool{}}
}

// need notes that something is to be negotiated; true: now, by us.
func (n *negotiation) need() bool {
	if n.turn != turnIdle {
		n.dirty = true
		return false
	}
	return true
}

// settled ends the other side's turn; true: something has come up meanwhile.
func (n *negotiation) settled() (again bool) {
	again = n.dirty
	n.turn, n.dirty = turnIdle, false
	clear(n.draining)
	return again
}

// overdue takes the turn back from a client that never offered.
func (n *negotiation) overdue(now time.Time) bool {
	if n.turn != turnAsked || now.Sub(n.asked) < askAgain {
		return false
	}
	n.turn, n.dirty = turnIdle, false
	return true
}

// free says whether a section can take a track now.
func (n *negotiation) free(mid string) bool { return n.takes[mid] && !n.draining[mid] }
