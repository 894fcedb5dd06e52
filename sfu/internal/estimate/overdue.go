package estimate

import "time"

const (
	// slack is how much longer than usual reports may take, beside a lost one: a packet that the
	// link repeats, a phone that is busy.
	slack = 80 * time.Millisecond
	// knocking is how often something leaves all the same: what is lost tells nothing.
	knocking = 100 * time.Millisecond
	// slowest is what a receiver takes between two reports at most (Chromium; more: nothing was sent).
	slowest = 250 * time.Millisecond
	// wide is the estimate from which much can be sent meanwhile. Below it each large packet is late.
	wide = 400_000
)

// answers tells how long reports usually take.
type answers struct {
	trip least         // there and back
	gap  time.Duration // between reports, smoothed
}

// add takes in a report that came at now, so long after the last, and the round trip of the newest packet
// in it.
func (a *answers) add(now, after, trip time.Duration) {
	if !a.trip.known {
		a.gap = slowest
	}
	a.trip.add(trip, now, baseTurn)
	a.gap += (min(after, slowest) - a.gap) / 8
}

// usual is the longest that a report takes.
func (a *answers) usual() time.Duration { return a.trip.value() + a.gap }

// Overdue says that a report should have come: a queue grows, or the link is cut, and what is sent now
// stands there. It shows at once what the growth of delay shows when packets have arrived late. Voice is sent
// all the same, and if there is none, now and then something else.
func (e *Estimator) Overdue(at time.Time) bool {
	if e.told == e.newest || !e.answers.trip.known || e.rate.bits < wide || e.rate.contest.on {
		return false
	}
	now := at.Sub(e.epoch)
	if now-e.slot(e.newest).at >= knocking {
		return false
	}
	oldest := e.slot(e.told + 1)
	return oldest.number != e.told+1 || now-oldest.at > e.answers.usual()+slack
}
