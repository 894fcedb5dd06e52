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

// tellWanted tells the publisher which simulcast layers somebody wants (dynacast): more at once,
// fewer after a while.
func (p *publication) tellWanted(now time.Time, peers []*Peer) {
	if p.spec.Kind != KindVideo || len(p.spec.Layers) < 2 {
		return
	}
	var want uint32
	for _, peer := range peers {
		if top, ok := peer.wantsOf(p); ok {
			want |= 1<<(top+1) - 1
		}
	}
	p.mu.Lock()
	if !p.announced || p.removed {
		p.mu.Unlock()
		return
	}
	if want != p.lastWanted {
		p.lastWanted, p.wantedSince = want, now
	}
	told := p.wanted.Load()
	if told|want != told { // more
		want |= told
	} else if now.Sub(p.wantedSince) < downgradeAfter {
		want = told
	}
	e := SubscribedQualityEvent{SID: p.spec.SID, Codecs: []CodecQualities{{Codec: codecName(p.codec.MimeType)}}}
	p.mu.Unlock()
	if want == told {
		return
	}
	p.wanted.Store(want)
	for i, l := range p.spec.Layers {
		e.Codecs[0].Qualities = append(e.Codecs[0].Qualities, QualityEnabled{Quality: l.Quality, Enabled: want&(1<<i) != 0})
	}
	p.owner.emit(e)
}

// wantsOf is the highest layer of a publication that this peer can use.
func (p *Peer) wantsOf(pub *publication) (top uint8, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.wants[pub.spec.SID]
	if w == nil || w.pub != pub || w.setting.Disabled {
		return 0, false
	}
	return pub.best(w.setting), true
}

func codecName(mime string) string {
	_, name, _ := strings.Cut(strings.ToLower(mime), "/")
	return name
}
