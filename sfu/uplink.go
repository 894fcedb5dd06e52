package sfu

import (
	"math/bits"
	"sync/atomic"
	"time"

	"preau/sfu/internal/allocate"
)

const (
	// fewPackets are too few to tell their loss: those of a voice in two seconds, with DTX, where one
	// lost is a tenth.
	fewPackets = 50
	// maxDropout is the largest gap that is loss: a sender that jumps further began anew
	// (RFC 3550, A.1).
	maxDropout = 3000
	// layerGrace is how long a layer may be away before it counts as missing: an encoder that is
	// switched on again, by dynacast or unmuting, needs some seconds for it.
	layerGrace = 5 * time.Second
)

// arrivals counts what came of a participant's streams and what was sent (RFC 3550, A.3), over all
// of them: they have one way, and alone most are too thin to tell. What came only because it was asked
// for again has been lost.
type arrivals struct{ sent, came atomic.Uint64 }

// note takes in a packet of one stream, whose highest number before it is given, zero for none.
func (a *arrivals) note(number, highest uint64, again bool) {
	switch {
	case again:
		return
	case highest == 0, number > highest+maxDropout:
		a.sent.Add(1)
	case number > highest:
		a.sent.Add(number - highest)
	}
	a.came.Add(1)
}

// uplink judges the way from a participant. Its outlet's writer owns it.
type uplink struct {
	sent, came uint64 // when loss was measured last
	loss       float64
	seen       uint64 // sent, at the last look
	trip       tripMeter
}

// measure brings the loss up to date: with the packets since it was measured last, once they are
// enough. Who sends nothing loses nothing.
func (u *uplink) measure(a *arrivals) {
	sent, came := a.sent.Load(), a.came.Load()
	if sent == u.seen {
		u.loss, u.sent, u.came = 0, sent, came
		return
	}
	u.seen = sent
	due := sent - u.sent
	if due < fewPackets {
		return
	}
	u.loss = max(0, 1-float64(came-u.came)/float64(due)) // below zero: copies
	u.sent, u.came = sent, came
}

// shortfall is which layers of a publication are missing, a bit each, and since when.
type shortfall struct {
	known   uint32 // have come once
	missing uint32
	since   time.Time
}

// step looks at what comes of what is asked for, and tells how many layers there should be, and how
// many of them are missing. Only a layer that has come once is missed: clients announce layers that
// their camera is too small for.
func (s *shortfall) step(now time.Time, coming, asked uint32) (wanted, missing int) {
	s.known |= coming
	if m := s.known & asked &^ coming; m != s.missing {
		s.missing, s.since = m, now
	}
	wanted = bits.OnesCount32(s.known & asked)
	if now.Sub(s.since) < layerGrace {
		return wanted, 0
	}
	return wanted, bits.OnesCount32(s.missing)
}

// coming is which layers of a video arrive now, a bit each.
func (p *publication) coming(now time.Time) (layers uint32) {
	var r allocate.Rates
	p.rates(now, &r)
	for i := range min(len(r), maxLayers) {
		if r[i] != [allocate.Temporals]uint64{} {
			layers |= 1 << i
		}
	}
	return layers
}

// missed is the share of the layers that somebody wants of this participant, and that it has sent
// before, that do not come. A screen is left out: what stands still is hardly sent.
func (p *Peer) missed(now time.Time) float64 {
	p.mu.Lock()
	var pubs []*publication
	for _, pub := range p.ours {
		if pub.spec.Kind == KindVideo && pub.spec.Source != SourceScreen {
			pubs = append(pubs, pub)
		}
	}
	p.mu.Unlock()
	all, gone := 0, 0
	for _, pub := range pubs {
		asked := uint32(0)
		if pub.open.Load() {
			asked = pub.askedLayers()
		}
		wanted, missing := pub.short.step(now, pub.coming(now), asked)
		all, gone = all+wanted, gone+missing
	}
	if all == 0 {
		return 0
	}
	return float64(gone) / float64(all)
}

// askedLayers are those the publisher has been told to send, a bit each.
func (p *publication) askedLayers() uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked.told
}
