package sfu

import (
	"errors"
	"maps"
	"slices"
)

// whereabouts is where a peer is: a class's router, and who it is there.
type whereabouts struct {
	router      *Router
	participant string // "PA_…"
}

// moveTries bounds the search for a router that is not just being dropped.
const moveTries = 8

func (p *Peer) router() *Router { return p.at.Load().router }

// Move takes a peer, its connections and what it publishes to another class, where it is
// participant. The class it leaves gets no packet more of it, nor it of that class; in the new one
// its tracks can be subscribed to under the sids they have. Nothing it was subscribed to stays, and
// it is forwarded nowhere any more.
//
// Like AddTrack and Subscribe it is called by one goroutine at a time; a gate may come beside it.
func (p *Peer) Move(class, participant string) error {
	p.moving.Lock()
	defer p.moving.Unlock()
	p.mu.Lock()
	closed := p.closed
	p.mu.Unlock()
	if closed {
		return ErrClosed
	}
	p.unforwardAll()
	next, err := p.node.enter(class, func(r *Router) error { return r.admit(p, participant) })
	if err != nil {
		return err
	}
	old := p.at.Swap(&whereabouts{next, participant})
	p.unsubscribeAll()
	for _, pub := range p.tracks() {
		p.republish(pub)
	}
	old.router.leave(p, old.participant)
	next.replanAll()
	return nil
}

// enter admits a peer to a class's router, or to its successor when that is just being dropped.
func (n *Node) enter(class string, admit func(*Router) error) (r *Router, err error) {
	for range moveTries {
		r = n.Router(class)
		if err = admit(r); !errors.Is(err, ErrClosed) {
			break
		}
		n.dropRouter(r) // whoever closed it is about to
	}
	return r, err
}

func (p *Peer) tracks() []*publication {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Values(p.ours))
}

// republish goes on with a publication as one of the class the peer is in now. To the old one's
// subscribers it has ended, whatever is still in a queue.
func (p *Peer) republish(pub *publication) {
	next := newPublication(p, pub.spec)
	if next.router.addPublication(next) != nil {
		p.RemoveTrack(pub.spec.SID) // another's there has its sid
		return
	}
	if !p.succeed(pub, next) { // taken away meanwhile
		next.router.removePublication(next)
		return
	}
	next.router.gateChanged(next)
	pub.router.removePublication(pub)
}

// succeed hands a publication's layers and gates over to another.
func (p *Peer) succeed(pub, next *publication) bool {
	p.mu.Lock() // no layer begins or ends meanwhile
	defer p.mu.Unlock()
	if p.ours[pub.spec.SID] != pub {
		return false
	}
	p.ours[pub.spec.SID] = next
	p.replaceLocked(pub, next)
	p.pairLocked()
	if b := pub.backup.Load(); b != nil {
		backup := newPublication(p, b.spec)
		backup.main = next
		p.replaceLocked(b, backup)
		next.backup.Store(backup)
	}
	return true
}

func (p *Peer) replaceLocked(pub, next *publication) {
	for mid, other := range p.byMid {
		if other == pub {
			p.byMid[mid] = next
		}
	}
	next.takeOver(pub)
}

// takeOver goes on where another publication ends, as its publisher and its layers know it.
func (p *publication) takeOver(old *publication) {
	old.mu.Lock()
	defer old.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	old.removed = true
	old.open.Store(false)
	p.muted, p.blocked = old.muted, old.blocked
	p.open.Store(!p.muted && !p.blocked)
	p.live, p.announced, p.mid = old.live, old.announced, old.mid
	p.codec, p.media, p.reading = old.codec, old.media, old.reading
	p.asked, p.askedBackup = old.asked, old.askedBackup
	for i := range old.layers {
		if l := old.layers[i].Load(); l != nil && l.pub.Load() == old {
			p.layers[i].Store(l)
			l.pub.Store(p)
		}
	}
}

// unsubscribeAll ends what the peer receives now, before its sections are negotiated away.
func (p *Peer) unsubscribeAll() {
	p.mu.Lock()
	var subs []*subscription
	for _, w := range p.wants {
		w.pub = nil
		if w.sub != nil {
			subs = append(subs, w.sub)
		}
	}
	p.mu.Unlock()
	for _, s := range subs {
		_ = s.Unbind(nil)
	}
}
