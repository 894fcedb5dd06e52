package sfu

import (
	"sync/atomic"
	"time"

	"preau/sfu/internal/allocate"
	"preau/sfu/packet"
)

const rateInterval = 500 * time.Millisecond

// voiceDecay is by which part, at most, a voice's price falls in an interval: whoever pauses will
// speak on, and must not find the room taken by a picture.
const voiceDecay = 20

// rate measures what it costs, in bits per second, to send each of a stream's layers with all that
// it needs; zero: the layer does not come.
type rate struct {
	bits [allocate.Spatials][allocate.Temporals]atomic.Uint64

	// owned by the reader
	since time.Time
	own   rateBytes // of the layer itself
	whole rateBytes // of all frames sent with it, where the stream's descriptors tell
	told  bool      // they do
	voice bool      // its price falls slowly; fixed after construction
}

type rateBytes [allocate.Spatials][allocate.Temporals]uint64

// add counts a packet of size bytes on the wire, of which so many are copies of earlier sound: like a
// temporal layer, they can be left out.
func (r *rate) add(size, copies int, p *packet.Packet, now time.Time) {
	r.own[min(p.Spatial, allocate.Spatials-1)][min(p.Temporal, allocate.Temporals-1)] += uint64(size - copies)
	r.own[0][copiesLayer] += uint64(copies)
	if d := &p.Dependency; d.Structure != nil {
		r.told = true
		r.addTargets(size, d)
	}
	if r.since.IsZero() {
		r.since = now
	}
	if past := now.Sub(r.since); past >= rateInterval {
		r.settle(past)
		r.since = now
	}
}

// addTargets counts a packet for each decode target its frame is part of.
func (r *rate) addTargets(size int, d *packet.Dependency) {
	for i := range d.Structure.Targets {
		l := d.Structure.Layers[i]
		if l.Spatial < allocate.Spatials && l.Temporal < allocate.Temporals && d.Indication(i) != packet.NotPresent {
			r.whole[l.Spatial][l.Temporal] += uint64(size)
		}
	}
}

func (r *rate) settle(past time.Duration) {
	if !r.told {
		r.whole = r.own.summed()
	}
	for s := range r.bits {
		for t := range r.bits[s] {
			to := &r.bits[s][t]
			old := to.Load()
			if r.own[s][t] == 0 && (s > 0 || t > 0) && !(r.voice && old > 0) {
				to.Store(0)
				continue
			}
			bits := r.whole[s][t] * 8 * uint64(time.Second) / uint64(past)
			if old > 0 {
				if bits = (3*old + bits) / 4; r.voice {
					bits = max(bits, old-old/voiceDecay)
				}
			}
			to.Store(bits)
		}
	}
	r.own, r.whole, r.told = rateBytes{}, rateBytes{}, false
}

// summed adds to each layer all below it.
func (b rateBytes) summed() rateBytes {
	for s := range b {
		for t := range b[s] {
			if t > 0 {
				b[s][t] += b[s][t-1]
			}
		}
	}
	for s := 1; s < len(b); s++ {
		for t := range b[s] {
			b[s][t] += b[s-1][t]
		}
	}
	return b
}

// read fills in a row for each spatial layer.
func (r *rate) read(to *allocate.Rates) {
	for s := range to {
		for t := range to[s] {
			to[s][t] = r.bits[s][t].Load()
		}
	}
}

// readFlat fills in one row, for a stream that is itself a layer: its whole cost by temporal layer.
func (r *rate) readFlat(to *[allocate.Temporals]uint64) {
	for t := range to {
		for s := range r.bits {
			to[t] = max(to[t], r.bits[s][t].Load())
		}
	}
}
