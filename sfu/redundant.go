package sfu

import (
	"strings"
	"time"

	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/allocate"
	"preau/sfu/packet"
)

// otherSound is the second codec a microphone may switch to without a word: Opus beside RED, and
// the other way round.
type otherSound struct {
	pt    uint8 // 0: none
	codec packet.Codec
}

func otherOf(codec packet.Codec, negotiated []webrtc.RTPCodecParameters) otherSound {
	want := packet.RED
	if codec == packet.RED {
		want = packet.Opus
	}
	if !codec.Audio() {
		return otherSound{}
	}
	for _, c := range negotiated {
		if packet.CodecOf(c.MimeType) == want {
			return otherSound{uint8(c.PayloadType), want}
		}
	}
	return otherSound{}
}

func (l *layer) codecOf(p *packet.Packet) (packet.Codec, bool) {
	switch p.PayloadType {
	case l.pt:
		return l.codec, true
	case l.other.pt:
		return l.other.codec, l.other.pt != 0
	}
	return packet.Opaque, false
}

// fillGaps delivers the packets that p repeats and that have not come: block i of n stands for the
// packet n − 1 − i before p. False: the payload is malformed. What is sealed is not looked at.
func (l *layer) fillGaps(n *Node, pub *publication, p *packet.Packet) bool {
	if pub.spec.Sealed {
		return true
	}
	var blocks [packet.MaxREDBlocks]packet.REDBlock
	count, ok := packet.ParseRED(p.Payload(), &blocks)
	if !ok || len(blocks[count-1].Data) == 0 {
		return false
	}
	for i, b := range blocks[:count-1] {
		back := uint64(count - 1 - i)
		if len(b.Data) == 0 || !l.missing(p.Seq-back) {
			continue
		}
		raw := packet.AppendHeader(make([]byte, 0, packet.MaxSize), packet.Header{
			PayloadType: p.PayloadType, Sequence: p.Sequence - uint16(back), Timestamp: p.Timestamp - uint32(b.Offset), SSRC: p.SSRC,
		}, nil)
		l.restore(n, pub, append(raw, b.Data...), p.Seq-back, p.Arrival)
	}
	return true
}

// missing says whether a number lies between those that came, and its packet did not.
func (l *layer) missing(seq uint64) bool {
	if seq < l.first {
		return false
	}
	p := l.history.Get(seq)
	if p != nil {
		p.Release()
	}
	return p == nil
}

func (l *layer) restore(n *Node, pub *publication, raw []byte, seq uint64, now time.Time) {
	p, err := n.pool.New(raw, now)
	if err != nil {
		return
	}
	defer p.Release()
	p.Seq, p.Layer = seq, l.index
	p.Inspect(packet.Opus)
	l.deliver(n, pub, p)
}

// redPT finds the payload type of RED among what a receiver negotiated; 0: it has none.
func redPT(have []webrtc.RTPCodecParameters) uint8 {
	for _, c := range have {
		if strings.EqualFold(c.MimeType, mimeRED) {
			return uint8(c.PayloadType)
		}
	}
	return 0
}

// copiesLayer is the temporal layer of a voice with its copies; without them it is the one below.
const copiesLayer = 1

// copiesIn is how many of a packet's bytes are copies of earlier sound, with what names them.
func copiesIn(pub *publication, p *packet.Packet) int {
	if !p.RED || pub.spec.Sealed {
		return 0
	}
	payload := p.Payload()
	return len(payload) - len(packet.Primary(payload))
}

const (
	// thinBelow and thinUntil bound what is a thin link, in bits per second, where something is left
	// out: if it loses nothing, the copies' bits are better spent on a picture.
	thinBelow, thinUntil = 300_000, 500_000
	// lossy is the share of packets lost from which on copies are wanted there, and cleanReports how
	// many reports of less it takes until they are not any more: some half a minute.
	lossy        = 0.005
	cleanReports = 6
)

// presume fills in what a stream costs that has not been measured.
func (l *layer) presume(r *[allocate.Temporals]uint64, bits uint64) {
	r[0] = bits
	if l.codec == packet.RED {
		r[copiesLayer] = 2 * bits
	}
}

// copies is the temporal layer to want of a voice.
func (s *subscription) copies() uint8 {
	if s.redPT == 0 || s.out.thin && s.lossy == 0 && !s.pub.spec.Sealed {
		return 0
	}
	return copiesLayer
}

// noteLoss takes in what share of the packets a report says were lost.
func (s *subscription) noteLoss(share float64) {
	if s.lossy = max(s.lossy-1, 0); share >= lossy {
		s.lossy = cleanReports
	}
}

// noteThin follows what there is to spend, in bits per second.
func (o *outlet) noteThin(bits uint64) {
	switch {
	case bits > thinUntil, bits > 2*o.demand():
		o.thin = false
	case bits < thinBelow && o.result.Limited:
		o.thin = true
	}
}

// sound is p's payload as this receiver takes it, and under which payload type: redundant audio
// as it is where RED was negotiated and the copies are to be sent, else its newest block. Not ok: it
// cannot be sent, since what is sealed end to end cannot be taken apart.
func (s *subscription) sound(p *packet.Packet) (payload []byte, pt uint8, ok bool) {
	switch {
	case !p.RED:
		return p.Payload(), s.pt, s.pt != 0
	case s.redPT != 0 && (s.pub.spec.Sealed || s.choice.Temporal >= copiesLayer || s.pt == 0):
		return p.Payload(), s.redPT, true
	case s.pub.spec.Sealed:
		return nil, 0, false
	}
	payload = packet.Primary(p.Payload())
	return payload, s.pt, len(payload) > 0 && s.pt != 0
}
