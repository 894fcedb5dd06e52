// Package allocate spends one receiver's estimated bandwidth on its
// subscriptions, in the order of the survival ladder.
//
// It is a pure function: it knows no clock, no peer, no track, and keeps
// nothing; what hysteresis needs travels in the Choice that the caller hands
// back at the next call.
package allocate

import "time"

// Rung is a step of the survival ladder; lower values are served first.
type Rung uint8

const (
	Voice   Rung = iota // of who teaches or has the word: always sent
	Speaker             // the voice of who speaks without it
	Screen              // the shared screen, legible before smooth
	ScreenSound
	TeacherCamera // or the spotlight's
	MoreVoices
	OtherCamera
	rungs
)

// Sound says whether what stands on the rung is heard, not seen.
func (r Rung) Sound() bool { return r.voice() || r == ScreenSound }

func (r Rung) voice() bool { return r == Voice || r == Speaker || r == MoreVoices }

// Spatials and Temporals bound the layers of one publication.
const (
	Spatials  = 4
	Temporals = 4
)

// Rates are bits per second of a publication by layer: Rates[s][t] is what it
// costs to send spatial layer s with the temporal layers 0 to t. 0: not there.
type Rates [Spatials][Temporals]uint64

// Layer is a spatial layer and the highest temporal layer sent with it.
type Layer struct{ Spatial, Temporal uint8 }

// Want is one subscription.
type Want struct {
	Rung  Rung
	Max   Layer  // what the receiver can use
	Rates *Rates // measured; all zero: nothing is coming
	Off   bool   // the receiver wants none of it for now
	Later bool   // it is wanted, and given nothing before more is known of the link
	Now   Choice // what was chosen the last time; zero the first time
}

// Choice is what a subscription gets.
type Choice struct {
	Sending bool // false: paused
	Layer
	Since time.Time // when it last changed
	Fell  bool      // to less
	// Hold is for how long after it fell it does not rise again: the longer, the
	// more often a rise did not last. Zero: not yet set.
	Hold time.Duration
}

// Options tune hysteresis; zero values mean the defaults.
type Options struct {
	Headroom float64       // a step up must fit this many times over; 1.2
	Hold     time.Duration // no step up sooner after a step down; 2 s, and up to 16 times that
	Pause    time.Duration // no step up sooner after one; 300 ms
}

// Result is an allocation.
type Result struct {
	Spent   uint64 // bits/s of what was chosen
	Next    uint64 // the estimate at which the next step up would fit; 0: all have what they want
	Limited bool   // some subscription gets less than it could use
	Lowest  Rung   // the lowest rung that still gets something
}
