package sfu

import (
	"time"

	"preau/sfu/internal/probe"
)

const (
	// startBits is the estimate before there is one, where nothing can be tried: some voices, a
	// picture, and what more passes is seen to pass.
	startBits = 1_000_000
	// startTried is the same where clusters will soon tell: voices only, so that a thin link's queue
	// is not full before anything is known of it.
	startTried = 100_000
	// untoldBits is what is spent meanwhile: a voice in few bits with its copies. A second of the
	// ordinary one fills a thin link's queue, a picture's first frame alone more.
	untoldBits = 32_000
	// untoldFor is how long clusters may take to tell.
	untoldFor = 3 * time.Second
	// deafAfter is how long a client that negotiated transport-wide feedback may send none.
	deafAfter = 3 * time.Second
)

// untold says that voices alone are sent for a moment, until a cluster has told what the link carries.
// What has once begun is not held up by it: a picture that stops goes on at a keyframe.
func (o *outlet) untold(now time.Time) bool {
	if !o.estimate.Snapshot().Untold || !o.tried.IsZero() && now.Sub(o.tried) > untoldFor {
		return false
	}
	for _, s := range o.subs {
		if s.pub.spec.Kind == KindVideo && s.started() {
			return false
		}
	}
	return true
}

// awayAfter is how long feedback stays away when a link was broken, or another took its place.
const awayAfter = 1500 * time.Millisecond

// returns is called when feedback comes. After a break nothing is known of the link, least of all
// that it carries what the estimate has sunk to meanwhile: it is found out as at the start, where
// that can be.
func (o *outlet) returns(now time.Time) {
	away := !o.heardAt.IsZero() && now.Sub(o.heardAt) > awayAfter
	o.heardAt = now
	switch {
	case !away:
	case o.carrier() != nil && o.estimate.Snapshot().Bits < startTried:
		o.estimate, o.prober = newEstimate(true), probe.Prober{}
	default:
		o.estimate.Moved()
	}
}

// knockEvery is how often a packet of padding asks whether a broken link is back.
const knockEvery = 500 * time.Millisecond

// knock asks for feedback while none comes: what is paused would send nothing, and so hear nothing,
// until it is time for the next cluster.
func (o *outlet) knock(now time.Time) {
	away := o.heard && now.Sub(o.heardAt) > awayAfter
	if s := o.carrier(); away && s != nil && o.ready.Load() && now.Sub(o.knocked) >= knockEvery {
		o.knocked = now
		s.pad(o.writer, 100)
	}
}

// carrier is a subscription that can carry padding: beside its stream, on that of its
// retransmissions, where nobody misses a number.
func (o *outlet) carrier() *subscription {
	for _, s := range o.subs {
		if s.carries() {
			return s
		}
	}
	return nil
}

func (s *subscription) carries() bool {
	return s.pub.spec.Kind == KindVideo && s.rtxSSRC != 0 && s.hasTransportWide
}

// probe tries, when it is time to, whether more passes than is estimated.
func (o *outlet) probe(now time.Time) {
	s := o.carrier()
	if s == nil || !o.ready.Load() {
		return
	}
	if o.tried.IsZero() {
		o.tried = now
	}
	if o.deaf = !o.heard && now.Sub(o.tried) > deafAfter; o.deaf {
		return
	}
	snap := o.estimate.Snapshot()
	need := o.demand() * 12 / 10 // as the allocator wants it for a step up
	next := o.result.Next
	if limit := o.limit.Load(); limit > 0 {
		need, next = min(need, limit), min(next, limit)
	}
	c, ok := o.prober.Step(probe.State{
		Estimate: snap.Bits, Need: need, Next: next, RTT: snap.RTT,
		Noisy:  snap.Overused || snap.Draining || snap.Queue > fullQueue,
		Result: snap.Probe, ResultOf: snap.Cluster,
	}, now)
	if !ok {
		return
	}
	o.estimate.Probe(c.Number, c.Bits)
	o.cluster = c.Number
	for range c.Packets {
		s.pad(o.writer, c.Size)
	}
	o.cluster = 0
	o.peer.node.m.probes.Inc()
}

// pad sends a packet of padding only, of size bytes with all headers, on the stream of
// retransmissions (RFC 3550, 5.1; receivers skip it: RFC 4588, 4 has no number in it).
func (s *subscription) pad(w *writer, size int) {
	h := &w.padding
	*h = s.rtx
	_, h.Timestamp, _ = s.munger.Last()
	h.SequenceNumber = s.munger.NextRTX()
	h.Padding = true
	h.PaddingSize = uint8(min(max(size-wireOverhead-h.MarshalSize(), 1), 255))
	s.write(h, nil)
}
