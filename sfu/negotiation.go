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
	restart   bool            // the next offer restarts ICE
	draining  map[string]bool // sections losing their track; true: our last description says so
	takes     map[string]bool // single connection: sections the client receives on
	silent    map[string]bool // two connections: sections that have been answered inactive
}

type whoseTurn int

const (
	turnIdle whoseTurn = iota
	turnAsked
	turnOffered
)

func newNegotiation() *negotiation {
	return &negotiation{draining: map[string]bool{}, takes: map[string]bool{}, silent: map[string]bool{}}
}

// need notes that something is to be negotiated; true: now, by us.
func (n *negotiation) need() bool {
	if n.turn != turnIdle {
		n.dirty = true
		return false
	}
	return true
}

// drains says whether a section has lost its track and was not yet answered inactive.
func (n *negotiation) drains(mid string) bool {
	_, ok := n.draining[mid]
	return ok
}

// described notes that our description now says which sections drain. One that begins to while the
// other side's turn is open stands in no description yet, and waits for the next.
func (n *negotiation) described() {
	for mid := range n.draining {
		n.draining[mid] = true
	}
}

// answered notes which sections the client receives nothing on (two connections).
func (n *negotiation) answered(sections []remoteSection) {
	clear(n.silent)
	for _, s := range sections {
		if s.kind != "application" && !s.takes {
			n.silent[s.mid] = true
		}
	}
}

// settled ends the other side's turn.
func (n *negotiation) settled() {
	n.turn, n.dirty = turnIdle, false
	for mid, told := range n.draining {
		if told {
			delete(n.draining, mid)
		}
	}
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
func (n *negotiation) free(mid string) bool { return n.takes[mid] && !n.drains(mid) }
