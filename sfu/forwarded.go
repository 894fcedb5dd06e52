package sfu

import (
	"maps"
	"slices"
)

// maxForwards is to how many other classes one peer may be forwarded at once.
const maxForwards = 8

// forward carries what a peer publishes into another class, where it receives nothing. Each of its
// publications has a copy there: subscribed to, paused, counted and asked for keyframes like any
// other, and fed by the same layers out of the same history.
//
//	layer ──▶ publication ──▶ writers of its class's subscriptions
//	              └──▶ copy ──▶ writers of the other class's subscriptions
//
// A copy's gate has two halves: muted, when the publication itself is shut, and blocked, until the
// other class lets it through.
type forward struct {
	router      *Router
	participant string // the peer's sid there
}

// Forward begins to carry what the peer publishes, now and later, into another class, as
// participant's. Nothing flows there before Open. It ends with Unforward, Move or Close.
//
// Like AddTrack it is called by one goroutine at a time.
func (p *Peer) Forward(class, participant string) error {
	p.moving.Lock()
	defer p.moving.Unlock()
	p.mu.Lock()
	closed, here, count := p.closed, p.forwards[class] != nil || p.router().class == class, len(p.forwards)
	p.mu.Unlock()
	switch {
	case closed:
		return ErrClosed
	case here:
		return ErrPeerExists
	case count >= maxForwards:
		return ErrLimit
	}
	r, err := p.node.enter(class, func(r *Router) error { return r.admitGuest(p, participant) })
	if err != nil {
		return err
	}
	f := &forward{r, participant}
	p.mu.Lock()
	p.forwards[class] = f
	p.mu.Unlock()
	for _, pub := range p.tracks() {
		p.copyTo(f, pub)
	}
	return nil
}

// Unforward ends that. It may come beside whatever else is under way.
func (p *Peer) Unforward(class string) {
	p.mu.Lock()
	f := p.forwards[class]
	if f == nil {
		p.mu.Unlock()
		return
	}
	delete(p.forwards, class)
	var gone []*publication
	for _, pub := range p.formsLocked() {
		for _, c := range pub.copies() {
			if c.router == f.router {
				pub.dropCopyLocked(c)
				gone = append(gone, c)
			}
		}
	}
	p.mu.Unlock()
	for _, c := range gone {
		c.router.removePublication(c)
	}
	f.router.leaveGuest(p, f.participant)
}

func (p *Peer) unforwardAll() {
	p.mu.Lock()
	classes := slices.Collect(maps.Keys(p.forwards))
	p.mu.Unlock()
	for _, class := range classes {
		p.Unforward(class)
	}
}

// Open lets a publication through into a class that the peer is forwarded to, or stops it there:
// whatever that class decides, the publication's own gate holds as well.
func (p *Peer) Open(class, sid string, open bool) {
	for seen := -1; ; {
		all := p.copiesIn(class, sid)
		for _, c := range all {
			c.setGate(func() { c.blocked = !open })
			c.router.gateChanged(c)
		}
		if len(all) == seen { // no backup has come meanwhile
			return
		}
		seen = len(all)
	}
}

// copiesIn are a publication's copies in a class: its own and its backup's.
func (p *Peer) copiesIn(class, sid string) (found []*publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, pub := p.forwards[class], p.ours[sid]
	if f == nil || pub == nil {
		return nil
	}
	for _, c := range pub.copies() {
		if c.router != f.router {
			continue
		}
		found = append(found, c)
		if b := c.backup.Load(); b != nil {
			found = append(found, b)
		}
	}
	return found
}

// copyAll makes a new publication's copies.
func (p *Peer) copyAll(pub *publication) {
	p.mu.Lock()
	all := slices.Collect(maps.Values(p.forwards))
	p.mu.Unlock()
	for _, f := range all {
		p.copyTo(f, pub)
	}
}

// copyTo makes a publication known in another class. Its layers see the copy only then: by what the
// router has set they know it.
func (p *Peer) copyTo(f *forward, pub *publication) {
	c := pub.newCopy(f)
	if err := f.router.addPublication(c); err != nil {
		p.node.log.Warn("forwarding a track", "track", pub.spec.SID, "error", err)
		return
	}
	p.mu.Lock()
	if p.closed || p.forwards[f.router.class] != f || p.ours[pub.spec.SID] != pub {
		p.mu.Unlock()
		f.router.removePublication(c)
		return
	}
	pub.addCopyLocked(c)
	if b := pub.backup.Load(); b != nil {
		p.copyBackupLocked(b, c)
	}
	p.mu.Unlock()
	pub.mirror()
	f.router.replanAll()
}

// copyBackupLocked gives a copy a backup, as its publication has got one.
func (p *Peer) copyBackupLocked(b, main *publication) {
	c := b.newCopy(&forward{main.router, main.participant})
	c.main = main
	main.mu.Lock()
	c.blocked = main.blocked
	main.mu.Unlock()
	b.addCopyLocked(c)
	main.backup.Store(c)
}

// newCopy is a publication as another class has it. It shares the layers.
func (p *publication) newCopy(f *forward) *publication {
	return &publication{
		owner: p.owner, router: f.router, participant: f.participant, spec: p.spec, origin: p,
		layers: p.layers, muted: true, blocked: true,
	}
}

func (p *publication) copies() []*publication {
	if all := p.copied.Load(); all != nil {
		return *all
	}
	return nil
}

func (p *publication) addCopyLocked(c *publication) {
	all := append(slices.Clone(p.copies()), c)
	p.copied.Store(&all)
}

// dropCopyLocked ends a copy.
func (p *publication) dropCopyLocked(c *publication) {
	if all := without(p.copies(), c); len(all) > 0 {
		p.copied.Store(&all)
	} else {
		p.copied.Store(nil)
	}
	c.mu.Lock()
	c.removed = true
	c.mu.Unlock()
	c.open.Store(false)
}

// mirror holds the copies' gates to the publication's own.
func (p *publication) mirror() {
	for _, c := range p.copies() {
		c.setGate(func() { c.muted = !p.open.Load() })
		c.router.gateChanged(c)
	}
}

// unpublish takes a publication that has ended, and its copies, from the classes that have it.
func (p *publication) unpublish() {
	p.router.removePublication(p)
	for _, c := range p.copies() {
		c.router.removePublication(c)
	}
}

// admitGuest counts a peer among those who are forwarded to the class, and receive nothing of it.
func (r *Router) admitGuest(p *Peer, participant string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return ErrClosed
	case r.peers[participant] != nil || r.guests[participant] != nil:
		return ErrPeerExists
	}
	r.guests[participant] = p
	r.startLocked()
	return nil
}

func (r *Router) leaveGuest(p *Peer, participant string) {
	r.mu.Lock()
	if r.guests[participant] != p {
		r.mu.Unlock()
		return
	}
	delete(r.guests, participant)
	last := r.emptiedLocked()
	r.mu.Unlock()
	if last {
		r.node.dropRouter(r)
	}
}
