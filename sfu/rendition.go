package sfu

import (
	"time"

	"preau/sfu/internal/allocate"
	"preau/sfu/packet"
)

// A voice in two renditions. A publisher may send its microphone a second time, in few bits and long
// frames, as a track of its own (TrackSpec.Low). To the class there is one voice: the second
// rendition's stream is a layer of the first's publication, chosen for each subscription by what
// its link carries, as simulcast layers are, and joined to the other without a seam.
//
//	ordinary  |20|20|20|20|20|20|20|20|20|
//	low       |    60    |    60    |    60    |
//	down      |20|20|20|20|20|20|    60    |      a packet that would end inside a low one is left out
//	up        |    60    |    60    |20|20|20|    none enters that begins before the last one's end

const (
	ordinaryVoice = 0 // the index of its stream in the publication
	lowVoice      = 1

	opusRate = 48_000
	// seamGrid is what two encoders' packet boundaries differ by, a multiple of it: 10 ms, in which
	// WebRTC's encoders are fed.
	seamGrid = opusRate / 100
	// seamPatience is how long a stream is held back for the other's packet that is to follow it.
	seamPatience = 200 * time.Millisecond
)

// paired says that a voice comes in a second rendition.
func (p *publication) paired() bool {
	return p.spec.Kind == KindAudio && p.layers[lowVoice].Load() != nil
}

// pairLocked ties the second rendition of this peer's microphone, if one comes, to the first.
func (p *Peer) pairLocked() {
	var voice *publication
	var low *layer
	for _, pub := range p.ours {
		switch first := pub.layers[ordinaryVoice].Load(); {
		case pub.spec.Low:
			low = pub.layers[lowVoice].Load()
		case pub.spec.Source == SourceMicrophone && first != nil && first.codec.Audio() && (voice == nil || pub.spec.SID < voice.spec.SID):
			voice = pub
		}
	}
	if low != nil && (voice == nil || !low.codec.Audio() || low.pub.Load().spec.Sealed != voice.spec.Sealed) {
		low.voice.Store(nil)
		low = nil
	}
	for _, pub := range p.ours {
		if pub.spec.Kind != KindAudio || pub.spec.Low {
			continue
		}
		if pub == voice {
			pub.layers[lowVoice].Store(low) // or none
		} else {
			pub.layers[lowVoice].Store(nil)
		}
	}
	if low != nil {
		low.voice.Store(voice)
	}
}

// presumedLow is what a low rendition costs before it has been measured, in bits per second.
const presumedLow = 20_000

// voiceRates fills in what the renditions cost: the low one is the lower layer. What comes has a
// price at once: without one a voice would fall silent at the moment when its second rendition begins.
func (p *publication) voiceRates(now time.Time, r *allocate.Rates) {
	for i, to := range [2]int{ordinaryVoice: 1, lowVoice: 0} {
		l := p.layers[i].Load()
		if l == nil || !l.alive(now) {
			continue
		}
		l.rate.readFlat(&r[to])
		if r[to][0] == 0 {
			l.presume(&r[to], [2]uint64{ordinaryVoice: p.presumed(0), lowVoice: presumedLow}[i])
		}
	}
}

// voiceStream is where a rendition is found, 0 being the low one.
func voiceStream(spatial uint8) int {
	if spatial == 0 {
		return lowVoice
	}
	return ordinaryVoice
}

// apart is what to add to the low rendition's timestamps for the ordinary one's clock.
func (p *publication) apart() (ticks uint32, known bool) {
	ordinary, low := p.layers[ordinaryVoice].Load(), p.layers[lowVoice].Load()
	if ordinary == nil || low == nil {
		return 0, false
	}
	a, known := ordinary.clock.origin()
	b, also := low.clock.origin()
	return uint32(b - a), known && also
}

// seam is a subscription's place where one rendition is to follow the other.
type seam struct {
	ends  uint32 // of the newest packet sent, on its own rendition's clock
	known bool

	low     uint32    // where the newest low packet ends
	lasts   uint32    // how long it lasts
	lowCame time.Time // zero: none yet
	held    time.Time // since when the ordinary rendition is held back; zero: it is not
}

// speaks says whether p goes out, p being sound.
func (s *subscription) speaks(p *packet.Packet) bool {
	layer, wanted := int(p.Layer), s.pub.stream(s.choice.Spatial)
	if layer == s.current && layer == wanted && !s.pub.paired() {
		return true
	}
	lasts := soundLasts(p)
	ends := p.Timestamp + lasts
	if layer == lowVoice && (s.seam.lowCame.IsZero() || int32(ends-s.seam.low) > 0) {
		s.seam.low, s.seam.lasts, s.seam.lowCame = ends, lasts, p.Arrival
	}
	switch {
	case layer == s.current && layer == wanted:
		s.seam.held = time.Time{}
	case layer == s.current:
		if s.holds(ends, p.Arrival) {
			s.munger.Drop(p) // no gap, should the other not come
			return false
		}
	case layer != wanted || s.current != noLayer && !s.follows(p):
		return false
	default:
		s.current = layer
		s.picker.Enter(p)
		s.seam.held = time.Time{}
		s.seam.ends, s.seam.known = ends, true
	}
	if !s.seam.known || int32(ends-s.seam.ends) > 0 {
		s.seam.ends, s.seam.known = ends, true
	}
	return true
}

// follows says whether p, of the wanted rendition, begins where the other's last packet ended, or
// later; then the munger knows how much.
func (s *subscription) follows(p *packet.Packet) bool {
	apart, known := s.pub.apart()
	if !known || !s.seam.known {
		now := s.pub.layers[s.current].Load()
		return now == nil || !now.alive(p.Arrival)
	}
	if p.Layer == ordinaryVoice {
		apart = -apart
	}
	gap := round(int32(p.Timestamp+apart-s.seam.ends), seamGrid)
	if gap == -seamGrid && !s.seam.held.IsZero() {
		gap = 0 // held back for it, by clocks that have been set right a little meanwhile
	}
	switch {
	case gap < 0:
		return false
	case p.Layer == ordinaryVoice && gap > seamGrid && uint32(gap) <= s.seam.lasts:
		return false // a low packet is still under way with the sound between
	}
	s.munger.Align(uint8(s.current), 0)
	s.munger.Align(p.Layer, s.seam.ends+uint32(gap)-p.Timestamp)
	return true
}

// holds says whether an ordinary packet, which ends there, is left out because it would end inside
// the low packet that is to come next.
func (s *subscription) holds(ends uint32, now time.Time) bool {
	apart, known := s.pub.apart()
	if s.current != ordinaryVoice || !known || !s.seam.known || s.seam.lasts == 0 ||
		now.Sub(s.seam.lowCame) > seamPatience { // silent: its next packet may begin anywhere
		s.seam.held = time.Time{}
		return false
	}
	next := s.seam.low + apart
	if behind := int32(s.seam.ends - next); behind > seamGrid/2 {
		next += (uint32(behind-seamGrid/2)/s.seam.lasts + 1) * s.seam.lasts
	}
	switch {
	case int32(ends-next) < seamGrid/2:
		return false
	case s.seam.held.IsZero():
		s.seam.held = now
	case now.Sub(s.seam.held) > seamPatience: // it does not come
		return false
	}
	return true
}

// round is n to the nearest multiple of grid.
func round(n, grid int32) int32 {
	if n < 0 {
		return -round(-n, grid)
	}
	return (n + grid/2) / grid * grid
}

// soundLasts is how long a packet's sound lasts, in ticks; what cannot be read is an ordinary 20 ms.
func soundLasts(p *packet.Packet) uint32 {
	payload := p.Payload()
	if p.RED {
		payload = packet.Primary(payload)
	}
	if d, ok := packet.OpusDuration(payload); ok {
		return uint32(d * opusRate / time.Second)
	}
	return opusRate / 50
}
