package link

import "math/rand/v2"

// loser decides which packets are lost. It draws the same number of random
// values for every packet, so that a seed gives the same story whatever the
// conditions are changed to.
type loser struct {
	random *rand.Rand
	bad    bool
}

func newLoser(seed, stream uint64) loser {
	return loser{random: rand.New(rand.NewPCG(seed, stream))}
}

// loses decides on one packet; the state moves before it is looked at.
//
// With p from good to bad and r from bad to good, runs have 1/r packets and the
// share of bad is p/(p+r) (Gilbert 1960): r = 1/Mean, p = r·Share/(1-Share).
func (l *loser) loses(w Way) bool {
	move, alone := l.random.Float64(), l.random.Float64()
	if w.Burst.Share > 0 {
		r := 1 / w.Burst.Mean
		p := r * w.Burst.Share / (1 - w.Burst.Share)
		if l.bad {
			l.bad = move >= r
		} else {
			l.bad = move < p
		}
	} else {
		l.bad = false
	}
	return l.bad || alone < w.Loss
}
