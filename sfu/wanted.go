package sfu

import (
	"strings"
	"time"
)

// downgradeAfter is how long a layer goes on being asked of its publisher when nobody wants it any
// more: a subscriber who flips pages should find it still there.
const downgradeAfter = 10 * time.Second

// wantedEvery bounds the work of asking every peer about every publication.
const wantedEvery = 500 * time.Millisecond

// wanted is which layers of a codec somebody wants, a bit each, and what the publisher was told.
type wanted struct {
	last  uint32
	since time.Time
	told  uint32
}

// step takes in what is wanted now: more at once, fewer after a while. True: tell the publisher.
func (w *wanted) step(now time.Time, want uint32) bool {
	if want != w.last {
		w.last, w.since = want, now
	}
	switch {
	case w.told|want != w.told: // more
		want |= w.told
	case now.Sub(w.since) < downgradeAfter:
		return false
	}
	changed := want != w.told
	w.told = want
	return changed
}

// qualities is that for the publisher, in terms of its layers.
func (w *wanted) qualities(codec string, layers []LayerSpec) CodecQualities {
	q := CodecQualities{Codec: codec}
	for i, l := range layers {
		q.Qualities = append(q.Qualities, QualityEnabled{Quality: l.Quality, Enabled: w.told&(1<<i) != 0})
	}
	return q
}

// tellWanted tells the publisher which layers somebody wants (dynacast), and in which codec: here,
// or in a class that the publisher is forwarded to, whose own router has asked.
func (p *publication) tellWanted(now time.Time, peers []*Peer) {
	if p.spec.Kind != KindVideo || len(p.spec.Layers) < 2 && p.spec.Backup == "" {
		return
	}
	var want, wantBackup uint32
	for _, peer := range peers {
		top, able, ok := peer.wantsOf(p)
		switch {
		case ok && able:
			want |= 1<<(top+1) - 1
		case ok:
			wantBackup |= 1<<(top+1) - 1
		}
	}
	if p.origin != nil {
		p.wants.Store(uint64(want) | uint64(wantBackup)<<32)
		return
	}
	for _, c := range p.copies() {
		there := c.wants.Load()
		want, wantBackup = want|uint32(there), wantBackup|uint32(there>>32)
	}
	p.mu.Lock()
	if !p.announced || p.removed {
		p.mu.Unlock()
		return
	}
	changed := p.asked.step(now, want)
	e := SubscribedQualityEvent{SID: p.spec.SID}
	e.Codecs = append(e.Codecs, p.asked.qualities(codecName(p.codec.MimeType), p.spec.Layers))
	if p.spec.Backup != "" {
		changed = p.askedBackup.step(now, wantBackup) || changed
		e.Codecs = append(e.Codecs, p.askedBackup.qualities(codecName(p.spec.Backup), p.spec.Layers))
	}
	p.mu.Unlock()
	if changed {
		p.owner.emit(e)
	}
}

// wantsOf is the highest layer of a publication that this peer can use, and whether it can decode
// the publication's first codec.
func (p *Peer) wantsOf(pub *publication) (top uint8, able, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.wants[pub.spec.SID]
	if w == nil || w.pub != pub || w.setting.Disabled {
		return 0, false, false
	}
	return pub.best(w.setting), !p.cannot[pub.codecKey()], true
}

func codecName(mime string) string {
	_, name, _ := strings.Cut(strings.ToLower(mime), "/")
	return name
}
