package sfu

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"

	"preau/sfu/internal/allocate"
	"preau/sfu/internal/estimate"
	"preau/sfu/internal/pacer"
	"preau/sfu/internal/probe"
	"preau/sfu/internal/seal"
)

const (
	// maxNacks is how many packets one feedback may ask for again.
	maxNacks = 256
	// maxAgain is how many packets one peer is sent again in a writerTick, however often it asks:
	// some 25 Mb/s, enough for all that an outage took, too little to starve the others' packets.
	maxAgain     = 256
	wireOverhead = 28 + 16 // IPv4 and UDP headers, and SRTP's AEAD tag
	// stale is after how long without a packet sent an estimate tells nothing any more.
	stale = 3 * time.Second
)

// outlet is the sending half of a peer: its subscriptions, the transport-wide numbers and the
// bandwidth estimate, all owned by one writer.
type outlet struct {
	// fixed after construction
	peer      *Peer
	writer    *writer
	transport *transport

	ready                       atomic.Bool   // the transport is connected
	checking                    atomic.Bool   // it is not yet, or ICE begins anew: nothing passes
	limit                       atomic.Uint64 // bits per second to stay under; 0: none (see LimitBandwidth)
	packets, bytes, drops, bits atomic.Uint64

	settled sync.Once                   // who seals: pion, or we
	sealer  *seal.Sealer                // written before ready, then the writer's; nil: pion does
	opener  atomic.Pointer[seal.Opener] // the writer's; nil: all feedback comes by pion
	heardOf atomic.Int64                // Unix ns: when pion was let hear of the peer
	letters int                         // that wait in the writer's inbox, whose lock guards it

	// owned by the writer
	subs     []*subscription
	bySSRC   map[uint32]*subscription
	number   uint16 // transport-wide
	lastSent time.Time
	// since the last tick; shared counters are not touched per packet
	sentPackets, sentBytes uint64
	again                  int  // of those, packets sent again
	heard                  bool // transport-wide feedback has come: the estimate counts
	heardAt, knocked       time.Time
	estimate               *estimate.Estimator
	prober                 probe.Prober
	tried                  time.Time // when clusters could be sent first
	deaf                   bool      // no feedback will come though it was negotiated
	cluster                uint8     // being sent; 0: none
	opened                 uint64    // feedback that came without pion
	pacer                  pacer.Pacer
	queue, repairs         pacer.Queue[held]
	repaired               bool // of the two, the last that was looked at first
	pacing                 bool // something waits, and the writer knows
	result                 allocate.Result
	judged                 time.Time
	spare                  uint64 // as it was told, bits per second
	spareTold              time.Time
	quality                Connection
	uplink                 uplink
	thin                   bool // so is the link (see thinBelow)
	evened                 int  // size of the last picture's packet, not its last; 0: none
	evenedIn               uint64
	wants                  []allocate.Want
	choices                []allocate.Choice
	rates                  []allocate.Rates
}

func newOutlet(p *Peer, w *writer, t *transport) *outlet {
	return &outlet{
		peer: p, writer: w, transport: t,
		bySSRC: map[uint32]*subscription{}, estimate: newEstimate(false),
	}
}

// newEstimate begins where nothing is known; tried: clusters will tell.
func newEstimate(tried bool) *estimate.Estimator {
	e := estimate.New(estimate.Options{Start: startBits})
	if tried {
		e.Tried(startTried)
	}
	return e
}

// offerFeedback hands an RTCP packet to the writer; b is copied.
func (o *outlet) offerFeedback(ssrc uint32, b []byte) {
	select {
	case o.writer.feedback <- feedback{out: o, ssrc: ssrc, raw: append([]byte(nil), b...)}:
	default:
		o.peer.node.m.drop(dropFeedback)
	}
}

func (o *outlet) add(s *subscription) {
	o.subs = append(o.subs, s)
	o.bySSRC[s.ssrc] = s
	if s.rtxSSRC != 0 {
		o.bySSRC[s.rtxSSRC] = s
	}
	if s.carries() {
		o.estimate.Tried(startTried)
	}
	o.allocate(time.Now())
}

func (o *outlet) remove(s *subscription) {
	o.subs = without(o.subs, s)
	o.clear(s)
	delete(o.bySSRC, s.ssrc)
	delete(o.bySSRC, s.rtxSSRC)
}

// feedback works on one RTCP packet that names ssrc.
func (o *outlet) feedback(w *writer, ssrc uint32, raw []byte) {
	packets, err := rtcp.Unmarshal(raw)
	if err != nil {
		o.peer.node.m.drop(dropFeedback)
		return
	}
	for _, p := range packets {
		o.feedbackOf(w, ssrc, p, w.now)
	}
}

// feedbackOf works on what p, which came at a time, says of ssrc.
func (o *outlet) feedbackOf(w *writer, ssrc uint32, p rtcp.Packet, came time.Time) {
	now := w.now
	switch p := p.(type) {
	case *rtcp.TransportLayerCC:
		if !o.heard {
			o.heard = true
			o.peer.node.log.Debug("transport-wide feedback", "participant", o.peer.o.Participant)
		}
		o.returns(now)
		o.estimate.Feedback(p, came)
		if o.estimate.Snapshot().Spend < o.result.Spent { // at once, not at the next tick
			o.allocate(now)
		}
		o.probe(now)
	case *rtcp.TransportLayerNack:
		if s := o.bySSRC[p.MediaSSRC]; s != nil {
			s.resend(w, p.Nacks, now)
		}
	case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
		if s := o.bySSRC[ssrc]; s != nil {
			s.askKeyframe(now)
		}
	case *rtcp.ReceiverReport:
		o.receiverReports(ssrc, p.Reports, now)
	case *rtcp.SenderReport:
		o.receiverReports(ssrc, p.Reports, now)
	case *rtcp.ExtendedReport:
		o.uplink.trip.answered(p, now)
	}
}

func (o *outlet) receiverReports(ssrc uint32, reports []rtcp.ReceptionReport, now time.Time) {
	for _, r := range reports {
		if r.SSRC != ssrc {
			continue // comes again under its own
		}
		if s := o.bySSRC[ssrc]; s != nil && ssrc == s.ssrc {
			s.received(r, now)
		}
	}
}

// tick is called every writerTick.
func (o *outlet) tick(now time.Time) {
	o.count()
	o.transport.follow()
	o.estimate.Tick(now)
	o.allocate(now)
	o.tellSpare(now)
	o.probe(now)
	o.knock(now)
	o.judge(now)
	for _, s := range o.subs {
		s.tick(now)
	}
}

// count adds what was sent since the last tick to the counters.
func (o *outlet) count() {
	o.packets.Add(o.sentPackets)
	o.bytes.Add(o.sentBytes)
	o.peer.node.m.packetsOut.Add(float64(o.sentPackets))
	o.peer.node.m.bytesOut.Add(float64(o.sentBytes))
	o.sentPackets, o.sentBytes, o.again = 0, 0, 0
}

// allocate spends the estimate on the subscriptions; without feedback there is none, and all get
// what they want.
func (o *outlet) allocate(now time.Time) {
	untold := o.untold(now)
	bits := o.budget(untold)
	o.wants, o.choices = o.wants[:0], o.choices[:0]
	if cap(o.rates) < len(o.subs) {
		o.rates = make([]allocate.Rates, len(o.subs), 2*len(o.subs))
	}
	o.rates = o.rates[:len(o.subs)]
	for i, s := range o.subs {
		s.pub.rates(now, &o.rates[i])
		w := s.want(&o.rates[i])
		w.Later = untold && s.pub.spec.Kind == KindVideo
		o.wants = append(o.wants, w)
		o.choices = append(o.choices, s.unlimited(now))
	}
	o.result = allocate.Result{}
	if bits > 0 {
		o.bits.Store(bits)
		o.result = allocate.Allocate(now, bits, o.wants, o.choices, allocate.Options{})
		o.estimate.SetDemand(o.demand())
		o.noteThin(bits)
		if o.result.Limited && now.Sub(o.lastSent) > stale { // all paused: without this, for ever
			o.estimate, o.lastSent = newEstimate(o.carrier() != nil), now
		}
	}
	o.setPace(now)
	if o.peer.o.NoPause {
		o.unpause(now)
	}
	o.settle(now)
}

// budget is what there is to spend, in bits per second; 0: no estimate, so no bound.
func (o *outlet) budget(untold bool) uint64 {
	limit := o.limit.Load()
	bits := o.estimate.Snapshot().Spend
	if untold {
		bits = min(bits, untoldBits)
	}
	switch {
	case bits == 0, !o.heard && (o.deaf || o.carrier() == nil):
		return limit
	case limit > 0:
		return min(bits, limit)
	}
	return bits
}

// unpause gives what would be paused its lowest layer: the client has asked for that rather.
func (o *outlet) unpause(now time.Time) {
	for i := range o.choices {
		if o.choices[i].Sending || o.wants[i].Off || o.wants[i].Later {
			continue
		}
		o.choices[i] = allocate.Choice{Sending: true, Since: now}
		if was := o.subs[i].choice; was.Sending && was.Layer == (allocate.Layer{}) {
			o.choices[i].Since = was.Since
		}
	}
}

// settle puts the choices into force.
func (o *outlet) settle(now time.Time) {
	var states []StreamState
	for i, s := range o.subs {
		if s.choose(o.choices[i], now) {
			states = append(states, StreamState{
				Participant: s.pub.participant, SID: s.pub.spec.SID, Paused: !s.choice.Sending,
			})
		}
	}
	if len(states) > 0 {
		o.peer.emit(StreamStateEvent{Streams: states})
	}
}

// demand is what all subscriptions would take at their best.
func (o *outlet) demand() uint64 {
	sum := uint64(0)
	for i := range o.wants {
		w := &o.wants[i]
		if w.Off {
			continue
		}
		best := uint64(0)
		for s := 0; s <= int(w.Max.Spatial) && s < allocate.Spatials; s++ {
			for _, bits := range w.Rates[s] {
				best = max(best, bits)
			}
		}
		sum += best
	}
	return sum
}
