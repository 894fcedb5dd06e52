package munge

import (
	"math"
	"time"

	"preau/sfu/packet"
)

const (
	// doubt is how far a publisher's clock may be from the arrival times
	// before it is not believed: a keyframe of a slow uplink arrives so late.
	doubt = time.Second
	// leap is how far a timestamp may run ahead of the arrivals inside a
	// stretch before it is taken for a restarted encoder.
	leap = 10 * time.Second

	layers = 8 // of one publication, at most
)

// timeline maps the timestamps of all layers onto one.
//
// Layers of a simulcast publication begin at timestamps of their own; their
// sender reports tie each to the publisher's clock. A switch therefore sets
//
//	timestamp out = last one out + time passed on the publisher's clock
//
// and where that is not known, time passed between arrivals. What a frame's
// timestamp had to be pushed ahead, so as not to lie before the last one, is
// kept apart (ideal), so that it is made up for at the next switch and a
// hundred switches do not pull picture and sound apart.
type timeline struct {
	rate    uint32
	reports [layers]senderReport
	aligned [layers]alignment

	started bool
	layer   uint8
	in      uint32    // newest timestamp received of the layer
	arrival time.Time // of the first packet with it
	out     uint32    // newest timestamp sent; before the first packet, the one to begin with
	added   uint32    // what is added to the layer's timestamps
	ideal   uint32    // what would be, had nothing been pushed ahead
}

type senderReport struct {
	ntp   uint64
	rtp   uint32
	known bool
}

func (t *timeline) report(layer uint8, ntp uint64, rtp uint32) {
	if layer < layers {
		t.reports[layer] = senderReport{ntp: ntp, rtp: rtp, known: true}
	}
}

// alignment is what to add to a layer's timestamps for a clock common to all that have one.
type alignment struct {
	add   uint32
	known bool
}

func (t *timeline) align(layer uint8, add uint32) {
	if layer < layers {
		t.aligned[layer] = alignment{add: add, known: true}
	}
}

// begin fixes what is added from p on, the first packet of a stretch.
func (t *timeline) begin(p *packet.Packet) {
	if !t.started {
		t.started = true
		t.added = t.out - p.Timestamp
		t.ideal = t.added
		t.note(p)
		return
	}
	t.anchor(p, t.elapsed(p))
}

// anchor lays p that many ticks after the newest packet sent.
func (t *timeline) anchor(p *packet.Packet, ticks int64) {
	wanted := t.in + t.ideal + uint32(ticks)
	t.ideal = wanted - p.Timestamp
	if step := t.rate / 1000; int32(wanted-t.out) < int32(step) {
		wanted = t.out + step
	}
	t.added = wanted - p.Timestamp
	t.note(p)
}

// elapsed is the time from the newest packet sent to p, in ticks.
func (t *timeline) elapsed(p *packet.Packet) int64 {
	arrivals := t.ticks(p.Arrival.Sub(t.arrival))
	ticks, known := t.published(p)
	most := doubt
	if p.Layer == t.layer { // one clock: believed as it is inside a stretch
		most = leap
	}
	if known && abs(ticks-arrivals) <= t.ticks(most) {
		return ticks
	}
	return arrivals
}

// published is that time on the publisher's clock.
func (t *timeline) published(p *packet.Packet) (ticks int64, known bool) {
	if p.Layer == t.layer {
		return int64(int32(p.Timestamp - t.in)), true
	}
	if p.Layer >= layers || t.layer >= layers {
		return 0, false
	}
	if from, to := t.aligned[t.layer], t.aligned[p.Layer]; from.known && to.known {
		return int64(int32(p.Timestamp + to.add - t.in - from.add)), true
	}
	from, to := t.reports[t.layer], t.reports[p.Layer]
	if !from.known || !to.known {
		return 0, false
	}
	between := float64(int64(to.ntp-from.ntp)) / (1 << 32) * float64(t.rate)
	if math.Abs(between) > 1<<40 {
		return 0, false
	}
	return int64(between) + int64(int32(p.Timestamp-to.rtp)) - int64(int32(t.in-from.rtp)), true
}

// forward takes the newest packet of a stretch into account. A timestamp that
// leaps is laid anew, as at a switch; one that is a little older (pictures
// sent out of order) passes.
func (t *timeline) forward(p *packet.Packet) {
	ahead := int64(int32(p.Timestamp - t.in))
	switch {
	case ahead < -int64(t.rate) || ahead-t.ticks(p.Arrival.Sub(t.arrival)) > t.ticks(leap):
		t.anchor(p, t.ticks(p.Arrival.Sub(t.arrival)))
	case ahead > 0:
		t.note(p)
	}
}

func (t *timeline) note(p *packet.Packet) {
	t.layer, t.in, t.arrival = p.Layer, p.Timestamp, p.Arrival
	t.out = p.Timestamp + t.added
}

func (t *timeline) ticks(d time.Duration) int64 {
	return int64(d.Seconds() * float64(t.rate))
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
