package sfu

import (
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/allocate"
	"preau/sfu/internal/speaker"
	"preau/sfu/packet"
)

// maxLayers is the simulcast layers of one publication.
const maxLayers = 3

// publication is one track that a participant publishes, with its layers. In another codec for
// those who cannot decode the first it is a publication of its own, its backup.
type publication struct {
	// fixed after construction
	owner       *Peer
	router      *Router // of the class it is published in
	participant string  // the publisher's sid there
	spec        TrackSpec
	main        *publication   // of a backup: whose
	origin      *publication   // of a copy in a class that the owner is forwarded to: whose
	meter       *speaker.Meter // microphones only; set when the router takes it

	backup atomic.Pointer[publication] // nil: not asked for yet, or none
	wants  atomic.Uint64               // of a copy: layers wanted of it, and from bit 32 on of its backup

	// read per packet
	open       atomic.Bool                       // neither muted nor blocked
	fan        atomic.Uint64                     // bit i: writer i has subscriptions
	used       [maxLayers]atomic.Uint64          // bit i: writer i has some that take the layer, or are about to
	layers     *[maxLayers]atomic.Pointer[layer] // of a copy: its origin's
	copied     atomic.Pointer[[]*publication]    // copies in other classes; nil: none
	privileged atomic.Bool                       // of a teacher, or who was given the word
	leads      atomic.Bool                       // of those without it, the one who spoke last or speaks loudest

	short shortfall // owned by its owner's writer

	mu             sync.Mutex
	muted, blocked bool
	removed        bool
	live           bool // media has come
	announced      bool
	told           bool // the publisher knows that somebody subscribed
	mid            string
	codec          webrtc.RTPCodecCapability
	media          packet.Codec
	reading        int // layers being read
	fans           [64]int
	asked          wanted // layers, of the publication itself
	askedBackup    wanted // and in its backup codec
}

func newPublication(owner *Peer, spec TrackSpec) *publication {
	at := owner.at.Load()
	p := &publication{
		owner: owner, router: at.router, participant: at.participant, spec: spec, muted: spec.Muted,
		layers: new([maxLayers]atomic.Pointer[layer]),
	}
	p.open.Store(!spec.Muted)
	p.asked.told = 1<<maxLayers - 1
	return p
}

// leader is the publication by which the class knows this one.
func (p *publication) leader() *publication {
	if p.main != nil {
		return p.main
	}
	return p
}

func (p *publication) microphone() bool {
	return p.spec.Kind == KindAudio && p.spec.Source != SourceScreenAudio && !p.spec.Low
}

// setGate changes mute and block, and tells the writers when it closes, so that what is missing
// meanwhile is not taken for loss.
func (p *publication) setGate(change func()) {
	p.mu.Lock()
	change()
	open := !p.muted && !p.blocked
	was := p.open.Swap(open)
	p.mu.Unlock()
	if was && !open {
		p.each(func(w *writer) { w.offer(item{kind: itemCut, pub: p}) })
	}
	if !was && open && p.spec.Kind == KindVideo {
		p.askKeyframes()
	}
	p.mirror()
}

// isLive says whether media has come, and in what codec.
func (p *publication) isLive() (webrtc.RTPCodecCapability, packet.Codec, bool) {
	if p.origin != nil {
		codec, media, live := p.origin.isLive()
		return codec, media, live && !p.isRemoved()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.codec, p.media, p.live && !p.removed
}

func (p *publication) isRemoved() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.removed
}

// each visits the writers that have subscriptions of this publication.
func (p *publication) each(f func(*writer)) {
	fan := p.fan.Load()
	for i, w := range p.owner.node.writers {
		if fan&(1<<i) != 0 {
			f(w)
		}
	}
}

// attend counts a writer's subscriptions up and down.
func (p *publication) attend(w *writer, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fans[w.index] += by
	bit := uint64(1) << w.index
	if p.fans[w.index] > 0 {
		p.fan.Or(bit)
	} else {
		p.fan.And(^bit)
	}
}

const everyLayer = 1<<maxLayers - 1

// use says which layers a writer needs, bit by bit, beside those that it has needed so far. The writer's.
func (p *publication) use(w *writer, layers uint) {
	bit := uint64(1) << w.index
	for i := range p.used {
		if layers>>i&1 != 0 && p.used[i].Load()&bit == 0 {
			p.used[i].Or(bit)
		}
	}
}

// useOnly says it for all. The writer's.
func (p *publication) useOnly(w *writer, layers uint) {
	p.use(w, layers)
	for i := range p.used {
		if layers>>i&1 == 0 {
			p.used[i].And(^(uint64(1) << w.index))
		}
	}
}

func (p *publication) askKeyframes() {
	now := time.Now()
	for i := range p.layers {
		if l := p.layers[i].Load(); l != nil {
			l.askKeyframe(now)
		}
	}
}

// layerIndex is a simulcast layer's place by its rid: as announced, else q, h, f.
func (p *publication) layerIndex(rid string) int {
	if p.spec.Low {
		return lowVoice
	}
	for i, l := range p.spec.Layers {
		if l.RID != "" && l.RID == rid {
			return min(i, maxLayers-1)
		}
	}
	return max(strings.Index("qhf", rid), 0) // "" is 0: the only layer
}

// best is the highest layer a subscriber can use with these settings.
func (p *publication) best(s TrackSetting) uint8 {
	top := uint8(maxLayers - 1)
	if s.Width == 0 || len(p.spec.Layers) == 0 {
		return min(uint8(s.Quality), top)
	}
	for i, l := range p.spec.Layers {
		if l.Width >= s.Width || (s.Height > 0 && l.Height >= s.Height) {
			return min(uint8(i), top)
		}
	}
	return min(uint8(len(p.spec.Layers)-1), top)
}

// rates fills in what the layers cost now.
func (p *publication) rates(now time.Time, r *allocate.Rates) {
	*r = allocate.Rates{}
	if p.paired() {
		p.voiceRates(now, r)
		return
	}
	if p.single() {
		if l := p.layers[0].Load(); l != nil && l.alive(now) {
			l.rate.read(r)
			if r[0][0] == 0 {
				l.presume(&r[0], p.presumed(0))
			}
		}
		return
	}
	coming := 0
	for i := range p.layers {
		if l := p.layers[i].Load(); l != nil && l.alive(now) {
			l.rate.readFlat(&r[i])
			if r[i][0] == 0 {
				r[i][0] = p.presumed(coming)
			}
			coming++
		}
	}
}

// presumed is what a layer's stream costs that has come for too short a time to be measured: without a
// figure it would be paused as soon as it has begun.
//
// layer counts those that come, from the lowest.
func (p *publication) presumed(layer int) uint64 {
	if p.spec.Kind == KindAudio {
		return 40_000
	}
	return [maxLayers]uint64{150_000, 500_000, 1_500_000}[layer]
}

// single says that all the publication's layers come in one stream (SVC), or that it has but one;
// else each spatial layer is a stream of its own (simulcast).
func (p *publication) single() bool {
	for i := 1; i < maxLayers; i++ {
		if p.layers[i].Load() != nil {
			return false
		}
	}
	return true
}

// stream is where a spatial layer is found: the index of its stream.
func (p *publication) stream(spatial uint8) int {
	if p.paired() {
		return voiceStream(spatial)
	}
	if p.single() {
		return 0
	}
	return int(min(spatial, maxLayers-1))
}

// rung is the publication's place on the survival ladder.
func (p *publication) rung() allocate.Rung {
	first := p.leader().privileged.Load()
	switch {
	case p.spec.Source == SourceScreen:
		return allocate.Screen
	case p.spec.Source == SourceScreenAudio:
		return allocate.ScreenSound
	case p.spec.Kind == KindAudio && first:
		return allocate.Voice
	case p.spec.Kind == KindAudio && p.leader().leads.Load():
		return allocate.Speaker
	case p.spec.Kind == KindAudio:
		return allocate.MoreVoices
	case first:
		return allocate.TeacherCamera
	}
	return allocate.OtherCamera
}
