package sfu

import "strings"

// AddCodec announces the media of a publication's backup codec, which a SubscribedQualityEvent has
// asked for: somebody here cannot decode the first. It is known by the same sid.
func (p *Peer) AddCodec(sid string, c CodecSpec) error {
	p.mu.Lock()
	main := p.ours[sid]
	switch {
	case p.closed:
		p.mu.Unlock()
		return ErrClosed
	case main == nil || main.spec.Backup == "":
		p.mu.Unlock()
		return ErrNoTrack
	case main.backup.Load() != nil:
		p.mu.Unlock()
		return ErrTrackExists
	}
	spec := main.spec
	spec.CID, spec.Layers, spec.MIMEs, spec.Backup = c.CID, c.Layers, []string{main.spec.Backup}, ""
	b := newPublication(p, spec)
	b.main = main
	main.mu.Lock()
	b.muted, b.blocked = main.muted, main.blocked
	b.open.Store(!b.muted && !b.blocked)
	main.mu.Unlock()
	main.backup.Store(b)
	for _, c := range main.copies() {
		p.copyBackupLocked(b, c)
	}
	p.mu.Unlock()
	b.mirror()
	p.adopt()
	return nil
}

// formsLocked are the publications whose media this peer may send: its own, each with its backup.
func (p *Peer) formsLocked() []*publication {
	var all []*publication
	for _, pub := range p.ours {
		all = append(all, pub)
		if b := pub.backup.Load(); b != nil {
			all = append(all, b)
		}
	}
	return all
}

// dropBackup ends a backup whose section has closed; its subscribers wait for another.
func (p *Peer) dropBackup(b *publication) {
	p.mu.Lock()
	p.discardLocked(b)
	b.main.backup.CompareAndSwap(b, nil)
	copies := b.copies()
	for _, c := range copies {
		c.main.backup.CompareAndSwap(c, nil)
	}
	p.mu.Unlock()
	b.router.replanAll()
	for _, c := range copies {
		c.router.replanAll()
	}
}

// discardLocked closes a publication and forgets its sections.
func (p *Peer) discardLocked(pub *publication) {
	for mid, other := range p.byMid {
		if other == pub {
			delete(p.byMid, mid)
		}
	}
	pub.mu.Lock()
	pub.removed = true
	pub.mu.Unlock()
	pub.open.Store(false)
	for _, c := range pub.copies() {
		c.mu.Lock()
		c.removed = true
		c.mu.Unlock()
		c.open.Store(false)
	}
}

// undecodable notes that the client negotiated nothing that takes a codec.
func (p *Peer) undecodable(codec string) {
	p.mu.Lock()
	p.cannot[codec] = true
	p.mu.Unlock()
	p.replan()
}

// formLocked is the form of a publication that this peer can decode; nil if there is none, or none yet.
func (p *Peer) formLocked(pub *publication) *publication {
	if !p.cannot[pub.codecKey()] {
		return pub
	}
	if b := pub.backup.Load(); b != nil && !p.cannot[b.codecKey()] {
		return b
	}
	return nil
}

// codecKey names a codec with its format; empty before media has come.
func (p *publication) codecKey() string {
	c, _, live := p.isLive()
	if !live {
		return ""
	}
	return strings.ToLower(c.MimeType) + " " + c.SDPFmtpLine
}
