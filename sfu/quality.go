package sfu

import (
	"math/rand/v2"
	"time"

	"github.com/pion/rtcp"
)

// judgeEvery is how often a connection's quality is looked at.
const judgeEvery = 2 * time.Second

// Loss at which a connection is no longer excellent, and no longer good: Opus conceals the first,
// video repaired by retransmission stands the second.
const (
	excellentLoss = 0.02
	goodLoss      = 0.06
)

// Round trips at which talking over one another begins, and at which it is the rule (ITU-T G.114
// has 150 and 400 ms one way).
const (
	excellentTrip = 300 * time.Millisecond
	goodTrip      = 800 * time.Millisecond
)

// Shares of the layers wanted that do not go out, for want of bandwidth.
const (
	excellentDeficit = 0.1
	goodDeficit      = 0.5
)

// grade is the worst of three grades. What is muted, paused or not wanted has no part in any.
func grade(loss float64, trip time.Duration, deficit float64) Connection {
	switch {
	case loss < excellentLoss && trip < excellentTrip && deficit < excellentDeficit:
		return ConnectionExcellent
	case loss < goodLoss && trip < goodTrip && deficit < goodDeficit:
		return ConnectionGood
	}
	return ConnectionPoor
}

// roundTrip is the longest that receivers' reports tell, or without any, what was asked for.
func (o *outlet) roundTrip() (longest time.Duration) {
	for _, s := range o.subs {
		longest = max(longest, s.rtt)
	}
	if longest == 0 {
		return o.uplink.trip.trip
	}
	return longest
}

// askTrip asks a publisher who is sent nothing for the round trip: it costs bytes of thin links, and
// reports tell it for nothing to all others.
func (o *outlet) askTrip(now time.Time) {
	if o.uplink.seen == 0 {
		return
	}
	for _, s := range o.subs {
		if s.rtt > 0 {
			return
		}
	}
	if o.uplink.trip.ssrc == 0 {
		o.uplink.trip.ssrc = rand.Uint32() | 1
	}
	_ = o.peer.pub.pc.WriteRTCP([]rtcp.Packet{o.uplink.trip.ask(now)}) // closing: nobody to ask
}

// deficit is the share of the layers wanted, and there to be had, that are held back.
func (o *outlet) deficit() float64 {
	wanted, held := 0.0, 0.0
	for i, s := range o.subs {
		if i >= len(o.wants) || s.off() {
			continue
		}
		w := &o.wants[i]
		for layer := range w.Rates {
			if layer > int(w.Max.Spatial) || w.Rates[layer][0] == 0 {
				continue
			}
			wanted++
			if !s.choice.Sending || layer > int(s.choice.Spatial) {
				held++
			}
		}
	}
	if wanted == 0 {
		return 0
	}
	return held / wanted
}

// judge tells how well the ways to and from this peer do, the worse of the two, when that changes. Lost
// is said, at once, of connections that nothing comes through any more, and only of them: it makes
// clients connect anew, and one that carries nothing looks just like one that loses all.
func (o *outlet) judge(now time.Time) {
	if !o.ready.Load() {
		return
	}
	cut := o.peer.cut.Load() != 0
	if now.Sub(o.judged) < judgeEvery && cut == (o.quality == ConnectionLost) {
		return
	}
	first := o.judged.IsZero()
	o.judged = now
	if cut {
		o.tellQuality(ConnectionLost, 0, first)
		return
	}
	o.uplink.measure(&o.peer.arrivals)
	o.askTrip(now)
	loss := max(o.loss(), o.uplink.loss)
	quality := grade(loss, o.roundTrip(), max(o.deficit(), o.peer.missed(now)))
	o.tellQuality(quality, float32(max(0, 5*(1-4*loss))), first)
}

func (o *outlet) tellQuality(quality Connection, score float32, first bool) {
	if quality == o.quality && !first {
		return
	}
	o.quality = quality
	o.peer.emit(QualityEvent{Quality: quality, Score: score})
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
