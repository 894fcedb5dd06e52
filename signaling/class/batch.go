package class

import "preau/signaling/classpb"

// Batch is what a Member gets: a snapshot, which replaces everything before, or events in order,
// and what is true for a moment.
type Batch struct {
	Snapshot  *classpb.State // Events is empty then
	Events    []*classpb.Event
	Through   uint64 // up to here the member has heard all that it may hear
	Ephemeral []*classpb.Ephemeral
	Goodbye   classpb.GoodbyeReason // non-zero: the last batch for this member
	// Frame is the ServerFrame already encoded, shared by all members of the same view: read-only.
	// nil when it was not encoded beforehand.
	Frame []byte
}
