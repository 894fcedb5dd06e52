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
	before, now time.Duration // the least round trip of each half of ten seconds
	turned      time.Duration
	gap         time.Duration // between reports, smoothed
}

// add takes in a report that came at now, so long after the last, and the round trip of the newest packet
// in it.
func (a *answers) add(now, after, trip time.Duration) {
	switch {
	case a.now == 0:
		a.before, a.now, a.turned, a.gap = trip, trip, now, slowest
	case now-a.turned >= queueTurn:
		a.before, a.now, a.turned = a.now, trip, now
	}
	a.now = min(a.now, trip)
	a.gap += (min(after, slowest) - a.gap) / 8
}

// usual is the longest that a report takes.
func (a *answers) usual() time.Duration { return min(a.before, a.now) + a.gap }

// Overdue says that a report should have come: a queue grows, or the link is cut, and what is sent now
// stands there. It shows at once what the growth of delay shows when packets have arrived late. Voice is sent
// all the same, and if there is none, now and then something else.
func (e *Estimator) Overdue(at time.Time) bool {
	if e.told == e.newest || e.answers.now == 0 || e.rate.bits < wide || e.rate.contest.on {
		return false
	}
	now := at.Sub(e.epoch)
	if now-e.slot(e.newest).at >= knocking {
		return false
	}
	oldest := e.slot(e.told + 1)
	return oldest.number != e.told+1 || now-oldest.at > e.answers.usual()+slack
}
