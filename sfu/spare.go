package sfu

import "time"

// spareEvery bounds how often a SpareEvent is told, spareChange how small a change is worth one.
const (
	spareEvery  = time.Second
	spareChange = 0.2
)

// SpareEvent tells what the estimate leaves beside the voices being sent, in bits per second; 0:
// there is no estimate. What goes to the same participant by other ways has to fit in.
type SpareEvent struct{ BPS uint64 }

func (SpareEvent) event() {}

// tellSpare is called with each allocation's result in force.
func (o *outlet) tellSpare(now time.Time) {
	if now.Sub(o.spareTold) < spareEvery {
		return
	}
	// Not what is spent while the link is untold: a socket held to the nothing that this leaves beside a voice
	// would have its answers stand for many seconds, after the link is known as well.
	spare := o.budget(false)
	if o.checking.Load() { // there is no voice to make room for, and what brings it back comes by a socket
		spare = 0
	}
	if spare > 0 {
		voices := uint64(0)
		for i := range o.wants {
			w := &o.wants[i]
			if c := o.choices[i]; c.Sending && w.Rung.Sound() {
				voices += w.Rates[c.Spatial][c.Temporal]
			}
		}
		spare -= min(voices, spare-1) // nothing left is not the same as not known
	}
	if change := float64(spare) - float64(o.spare); change < spareChange*float64(o.spare) && -change < spareChange*float64(o.spare) {
		return
	}
	if spare == o.spare {
		return
	}
	o.spare, o.spareTold = spare, now
	o.peer.emit(SpareEvent{BPS: spare})
}
