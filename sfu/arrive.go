package sfu

import (
	"slices"

	"github.com/pion/webrtc/v4"

	"preau/sfu/packet"
)

// maxOrphans is how many streams may wait for their AddTrack.
const maxOrphans = 32

// arrival is a received stream, not yet known as a layer of a publication.
type arrival struct {
	transport *transport
	track     *webrtc.TrackRemote
	receiver  *webrtc.RTPReceiver
	stream    *streamBuffer // nil: it has ended already
	mid       string
}

// ended says that no more will come. What comes late, under the same SSRC, is another stream.
func (a arrival) ended() bool { return a.stream == nil || a.stream.ended.Load() }

// mediaArrived is pion's OnTrack.
func (p *Peer) mediaArrived(t *transport, track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	a := arrival{transport: t, track: track, receiver: receiver, stream: t.stream(uint32(track.SSRC()))}
	for _, tr := range t.pc.GetTransceivers() {
		if tr.Receiver() == receiver {
			a.mid = tr.Mid()
		}
	}
	p.mu.Lock()
	p.pruneLocked()
	if !p.closed && len(p.orphans) < maxOrphans {
		p.orphans = append(p.orphans, a)
	}
	p.mu.Unlock()
	p.adopt()
}

// adopt makes layers of the streams whose publication is known.
func (p *Peer) adopt() {
	p.mu.Lock()
	p.pruneLocked()
	begun := append(p.adoptLocked(p.matchLocked), p.adoptLocked(p.guessLocked)...)
	p.mu.Unlock()
	for _, l := range begun {
		p.node.wg.Go(func() {
			defer p.node.guard(p, "layer reader")
			l.run()
			p.layerEnded(l)
		})
		p.announce(l)
	}
}

// pruneLocked forgets the streams that have ended before anything was announced of them.
func (p *Peer) pruneLocked() {
	p.orphans = slices.DeleteFunc(p.orphans, arrival.ended)
}

// adoptLocked begins the layers whose publication is found, and leaves the others waiting.
func (p *Peer) adoptLocked(find func(arrival) *publication) (begun []*layer) {
	var waiting []arrival
	for _, a := range p.orphans {
		pub := find(a)
		if pub == nil {
			waiting = append(waiting, a)
			continue
		}
		p.byMid[a.mid] = pub
		if l := p.beginLocked(pub, a); l != nil {
			begun = append(begun, l)
			p.pairLocked()
		}
	}
	p.orphans = waiting
	return begun
}

// matchLocked finds the publication of a stream: by its section, or by the client's track id.
func (p *Peer) matchLocked(a arrival) *publication {
	if pub := p.byMid[a.mid]; pub != nil {
		return pub
	}
	return p.ofTrackLocked(a.track.ID())
}

// guessLocked finds the only publication that a stream can be of, where it is the only stream that
// can be that publication's: another that is still to be announced must not be taken for it.
func (p *Peer) guessLocked(a arrival) *publication {
	if pub := p.byMid[a.mid]; pub != nil { // found with the layer before
		return pub
	}
	for _, other := range p.orphans {
		if other.mid != a.mid && other.track.Kind() == a.track.Kind() {
			return nil
		}
	}
	return p.onlyUnboundLocked(a.track.Kind().String())
}

// ofTrackLocked is the publication that was announced by the client's id of its track.
func (p *Peer) ofTrackLocked(id string) *publication {
	for _, pub := range p.formsLocked() {
		if pub.spec.CID == id {
			return pub
		}
	}
	return nil
}

// onlyUnboundLocked is the publication of a kind that has no section yet, if there is exactly one:
// Firefox writes other track ids into its description than its page knows.
func (p *Peer) onlyUnboundLocked(kind string) (only *publication) {
	for _, pub := range p.formsLocked() {
		if kindOf(pub.spec.Kind).String() != kind || p.boundLocked(pub) {
			continue
		}
		if only != nil {
			return nil
		}
		only = pub
	}
	return only
}

func (p *Peer) boundLocked(pub *publication) bool {
	for _, other := range p.byMid {
		if other == pub {
			return true
		}
	}
	return false
}

func (p *Peer) beginLocked(pub *publication, a arrival) *layer {
	l := newLayer(pub, a.transport, a.track, a.receiver.GetParameters())
	pub.mu.Lock()
	defer pub.mu.Unlock()
	if pub.removed || p.closed {
		return nil
	}
	pub.layers[l.index].Store(l)
	pub.reading++
	if !pub.live {
		pub.live, pub.mid = true, a.mid
		pub.codec, pub.media = a.track.Codec().RTPCodecCapability, packet.CodecOf(a.track.Codec().MimeType)
	}
	a.transport.addLayer(l)
	return l
}

// announce tells of a publication's first layer.
func (p *Peer) announce(l *layer) {
	pub := l.pub.Load()
	pub.mu.Lock()
	first := !pub.announced
	pub.announced = true
	e := TrackEvent{
		CID: pub.spec.CID, SID: pub.spec.SID, Kind: pub.spec.Kind, MIME: pub.codec.MimeType, Mid: pub.mid,
	}
	pub.mu.Unlock()
	if !first {
		return
	}
	if rid := l.track.RID(); rid != "" {
		e.RIDs = []string{rid}
	}
	p.emit(e)
	pub.router.replanAll()
	for _, c := range pub.copies() {
		c.router.replanAll()
	}
}

// layerEnded notices when the client has closed a publication's section.
func (p *Peer) layerEnded(l *layer) {
	l.transport.removeLayer(l)
	if !p.unread(l) {
		return
	}
	select {
	case <-p.done:
		return
	default:
	}
	pub := l.pub.Load()
	if pub.main != nil {
		p.dropBackup(pub)
		return
	}
	if pub := p.dropTrack(pub.spec.SID); pub != nil {
		pub.unpublish()
		p.emit(TrackGoneEvent{SID: pub.spec.SID})
	}
}

// unread takes a layer out of its publication, which does not move to another class meanwhile.
// True: it was the last.
func (p *Peer) unread(l *layer) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	pub := l.pub.Load()
	pub.layers[l.index].CompareAndSwap(l, nil)
	p.pairLocked()
	pub.mu.Lock()
	defer pub.mu.Unlock()
	pub.reading--
	return pub.reading == 0 && !pub.removed
}
