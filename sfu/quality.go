package sfu

import "time"

// judgeEvery is how often a connection's quality is looked at.
const judgeEvery = 2 * time.Second

// Loss at which a connection is no longer excellent, and no longer good: Opus conceals the first,
// video repaired by retransmission stands the second.
const (
	excellentLoss = 0.02
	goodLoss      = 0.06
)

// judge tells how well the way to this peer does, when that changes. It never says lost: that makes
// clients reconnect, and a connection that carries nothing looks just the same.
func (o *outlet) judge(now time.Time) {
	if now.Sub(o.judged) < judgeEvery || !o.ready.Load() {
		return
	}
	first := o.judged.IsZero()
	o.judged = now
	loss := o.loss()
	quality := ConnectionPoor
	switch {
	case loss < excellentLoss:
		quality = ConnectionExcellent
	case loss < goodLoss:
		quality = ConnectionGood
	}
	if quality == o.quality && !first {
		return
	}
	o.quality = quality
	o.peer.emit(QualityEvent{Quality: quality, Score: float32(max(0, 5*(1-4*loss)))})
}

// loss is the share lost on the way to this peer: by transport-wide feedback, else by the worst of
// the reception reports.
func (o *outlet) loss() float64 {
	if o.heard {
		return o.estimate.Snapshot().Loss
	}
	worst := 0.0
	for _, s := range o.subs {
		worst = max(worst, s.loss)
	}
	return worst
}
