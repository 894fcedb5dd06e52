package sfu

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
)

// Bounds on what one participant may hold.
const (
	maxPublications = 16
	maxSubscribed   = 2048
)

// Peer is one participant's media connection: one peer connection, or a publisher's and a
// subscriber's.
//
// Locks, in this order: moving, neg (a negotiation at a time; held over calls into pion, which do I/O only
// in goroutines of its own), then mu.
type Peer struct {
	// fixed after construction
	node     *Node
	o        PeerOptions
	listener Events
	mail     mailbox
	pub      *transport // the publisher's, or the single one
	out      *outlet    // its transport is the subscriber's, or the single one
	joined   time.Time
	done     chan struct{}
	kick     chan struct{}  // capacity 1: look whether to negotiate
	pace     pace           // of the client's reliable messages
	reading  sync.WaitGroup // of data channels; counted under mu, until closed
	once     sync.Once

	neg *negotiation // has its own lock

	packetsIn, bytesIn atomic.Uint64
	arrivals           arrivals
	unannounced        unannounced   // has its own lock
	cut                atomic.Uint32 // bit i: nothing comes through the connection of Target i any more

	at     atomic.Pointer[whereabouts] // stored under moving
	moving sync.Mutex                  // one move, or the end, at a time; above neg and mu

	mu        sync.Mutex
	closed    bool
	connected bool
	ours      map[string]*publication // what this participant publishes, by sid
	forwards  map[string]*forward     // by class
	byMid     map[string]*publication
	orphans   []arrival // media that came before its AddTrack
	wants     map[string]*want
	cannot    map[string]bool // codecs, as by codecKey, that the client cannot decode
	channels  map[DataKind]*webrtc.DataChannel
}

// want is a subscription that was asked for, whether it has a section now or not.
type want struct {
	pub     *publication
	setting TrackSetting
	sub     *subscription // nil: no section
}

func newPeer(r *Router, o PeerOptions, ev Events) (*Peer, error) {
	p := &Peer{
		node: r.node, o: o, listener: ev, mail: newMailbox(), joined: time.Now(),
		done: make(chan struct{}), kick: make(chan struct{}, 1), pace: newPace(), neg: newNegotiation(),
		ours: map[string]*publication{}, forwards: map[string]*forward{}, byMid: map[string]*publication{}, wants: map[string]*want{}, cannot: map[string]bool{},
		channels: map[DataKind]*webrtc.DataChannel{},
	}
	p.at.Store(&whereabouts{r, o.Participant})
	var err error
	w := r.nextWriter()
	if p.pub, err = newTransport(p, TargetPublisher, w); err != nil {
		return nil, fmt.Errorf("making the publisher's connection: %w", err)
	}
	sub := p.pub
	if !o.SinglePC {
		if sub, err = newTransport(p, TargetSubscriber, w); err != nil {
			_ = p.pub.pc.Close()
			return nil, fmt.Errorf("making the subscriber's connection: %w", err)
		}
	}
	p.out = newOutlet(p, w, sub)
	return p, nil
}

// discard lets go of a peer that never began.
func (p *Peer) discard() {
	_ = p.pub.pc.Close()
	if p.out.transport != p.pub {
		_ = p.out.transport.pc.Close()
	}
}

func (p *Peer) start() {
	w := p.out.writer
	p.node.wg.Go(func() { w.call(func() { w.outs = append(w.outs, p.out) }) })
	p.node.wg.Go(p.deliver)
	p.node.wg.Go(p.negotiate)
}

// AddTrack announces a publication; its media may come before or after.
func (p *Peer) AddTrack(t TrackSpec) error {
	pub := newPublication(p, t)
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return ErrClosed
	case len(p.ours) >= maxPublications:
		p.mu.Unlock()
		return ErrLimit
	case p.ours[t.SID] != nil:
		p.mu.Unlock()
		return ErrTrackExists
	}
	p.ours[t.SID] = pub
	p.mu.Unlock()
	if err := pub.router.addPublication(pub); err != nil {
		p.mu.Lock()
		delete(p.ours, t.SID)
		p.mu.Unlock()
		return err
	}
	p.copyAll(pub)
	p.adopt()
	return nil
}

// RemoveTrack ends a publication for everyone.
func (p *Peer) RemoveTrack(sid string) {
	if pub := p.dropTrack(sid); pub != nil {
		pub.unpublish()
	}
}

func (p *Peer) dropTrack(sid string) *publication {
	p.mu.Lock()
	defer p.mu.Unlock()
	pub := p.ours[sid]
	if pub == nil {
		return nil
	}
	delete(p.ours, sid)
	p.discardLocked(pub)
	p.pairLocked()
	if b := pub.backup.Load(); b != nil {
		p.discardLocked(b)
	}
	return pub
}

// SetMuted stops or lets through what this participant publishes as sid.
func (p *Peer) SetMuted(sid string, muted bool) {
	p.gate(sid, func(pub *publication) { pub.muted = muted })
}

// SetBlocked is the same for a permission withdrawn, independent of mute.
func (p *Peer) SetBlocked(sid string, blocked bool) {
	p.gate(sid, func(pub *publication) { pub.blocked = blocked })
}

func (p *Peer) gate(sid string, change func(*publication)) {
	for pub := p.ourTrack(sid); pub != nil; {
		pub.setGate(func() { change(pub) })
		if b := pub.backup.Load(); b != nil {
			b.setGate(func() { change(b) })
		}
		pub.router.gateChanged(pub)
		now := p.ourTrack(sid)
		if now == pub {
			return
		}
		pub = now // moved to another class meanwhile
	}
}

func (p *Peer) ourTrack(sid string) *publication {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ours[sid]
}

// Subscribe asks for a publication of the same Router, or no longer. A microphone gets its section
// when it is among those open.
func (p *Peer) Subscribe(sid string, on bool) error {
	pub := p.router().publication(sid)
	p.mu.Lock()
	switch {
	case p.closed:
		p.mu.Unlock()
		return ErrClosed
	case !on:
		if w := p.wants[sid]; w != nil {
			w.pub = nil
		}
	case pub == nil || pub.owner == p:
		p.mu.Unlock()
		return ErrNoTrack
	case len(p.wants) >= maxSubscribed:
		p.mu.Unlock()
		return ErrLimit
	case p.wants[sid] == nil:
		p.wants[sid] = &want{pub: pub, setting: TrackSetting{Quality: QualityHigh}}
	default:
		p.wants[sid].pub = pub
	}
	p.mu.Unlock()
	p.replan()
	return nil
}

// Configure says what this subscriber wants of a track; it may come before the track is sent.
func (p *Peer) Configure(sid string, s TrackSetting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.wants[sid]
	if w == nil {
		return
	}
	w.setting = s
	if w.sub != nil {
		w.sub.setting.Store(&s)
	}
}

// LimitBandwidth holds what is sent to this peer under a rate, in bits per second, whatever the
// estimate; 0: no longer.
func (p *Peer) LimitBandwidth(bps uint64) { p.out.limit.Store(bps) }

// forget drops a publication that has gone.
func (p *Peer) forget(pub *publication) {
	p.mu.Lock()
	w := p.wants[pub.spec.SID]
	mine := w != nil && w.pub == pub
	if mine {
		w.pub = nil
	}
	p.mu.Unlock()
	if mine {
		p.replan()
	}
}

// tick is called every routerTick.
func (p *Peer) tick(now time.Time) {
	if !p.neg.TryLock() {
		return // a negotiation is under way
	}
	again := p.neg.overdue(now)
	p.neg.Unlock()
	if again {
		p.replan()
	}
}

// Stats tells what has been carried.
func (p *Peer) Stats() PeerStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := PeerStats{
		PacketsIn: p.packetsIn.Load(), BytesIn: p.bytesIn.Load(),
		PacketsOut: p.out.packets.Load(), BytesOut: p.out.bytes.Load(), Dropped: p.out.drops.Load(),
		EstimateBPS: p.out.bits.Load(), Publications: len(p.ours),
	}
	for _, w := range p.wants {
		if w.sub != nil {
			s.Subscriptions++
		}
	}
	return s
}

// Close ends the connection and what it publishes. It does not wait for the sockets; the last
// event is StateClosed.
func (p *Peer) Close() {
	p.once.Do(p.shut)
}

func (p *Peer) shut() {
	p.moving.Lock()
	defer p.moving.Unlock()
	p.mu.Lock()
	p.closed = true
	var pubs []string
	for sid := range p.ours {
		pubs = append(pubs, sid)
	}
	p.mu.Unlock()
	// Each step for itself: this is also how a peer is taken away in which something is broken.
	for _, sid := range pubs {
		p.node.contain("closing", func() { p.RemoveTrack(sid) })
	}
	p.node.contain("closing", p.unforwardAll)
	p.out.ready.Store(false)
	p.node.wg.Go(func() { // counted before done lets the others go
		defer p.node.guard(nil, "closing")
		close(p.done)
		p.out.transport.lost()
		p.node.contain("closing", func() { _ = p.pub.pc.GracefulClose() })
		if p.out.transport != p.pub {
			p.node.contain("closing", func() { _ = p.out.transport.pc.GracefulClose() })
		}
		p.reading.Wait()
		p.node.contain("closing", p.releaseAll)
		w := p.out.writer
		w.call(func() { w.outs = without(w.outs, p.out) })
	})
	at := p.at.Load()
	p.node.contain("closing", func() { at.router.leave(p, at.participant) })
}

// releaseAll unbinds what pion has not: a closed connection stops its senders, but one that was
// closed during a negotiation may leave some.
func (p *Peer) releaseAll() {
	p.mu.Lock()
	var subs []*subscription
	for _, w := range p.wants {
		if w.sub != nil {
			subs = append(subs, w.sub)
			w.sub = nil
		}
	}
	p.mu.Unlock()
	for _, s := range subs {
		_ = s.Unbind(nil)
	}
}

// noteChecking takes in the state that a connection is in now: what is told of changes may come in another order.
func (p *Peer) noteChecking(t *transport, now webrtc.PeerConnectionState) {
	if t == p.out.transport {
		p.out.checking.Store(now == webrtc.PeerConnectionStateConnecting)
	}
}

func (p *Peer) connectionState(t *transport, s webrtc.PeerConnectionState) {
	var state ConnState
	bit := uint32(1) << t.target
	switch s {
	case webrtc.PeerConnectionStateConnected:
		state = StateConnected
		p.cut.And(^bit)
		p.mu.Lock()
		first := !p.connected
		p.connected = true
		p.mu.Unlock()
		if first {
			p.node.m.joinSeconds.Observe(time.Since(p.joined).Seconds())
		}
		if t == p.out.transport {
			p.out.settleSeal()
			t.stale.Store(true)
			p.out.ready.Store(true)
		}
	case webrtc.PeerConnectionStateDisconnected:
		state = StateDisconnected
		p.cut.Or(bit)
	case webrtc.PeerConnectionStateFailed:
		state = StateFailed
		p.cut.Or(bit)
		if t == p.out.transport { // nobody consents to what would still be sent (RFC 7675)
			p.out.ready.Store(false)
			t.lost()
		}
	default:
		return
	}
	p.emit(StateEvent{Target: t.target, State: state})
}
