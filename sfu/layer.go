package sfu

import (
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/history"
	"preau/sfu/packet"
)

// A received packet's way, in its layer's one goroutine:
//
//  1. read: decrypted and, if it came by RTX, restored by pion;
//  2. copied to a pooled Packet, header parsed, number unwrapped, payload headers inspected;
//  3. a duplicate ends here: it is no part of the layer's price, and no sign that the layer comes;
//  4. a muted or blocked track ends here;
//  5. the audio level goes to the speaker meter, and the packet is kept in the history;
//  6. a reference to the queue of each egress writer that has subscriptions, here or, for who is
//     forwarded, in the other class.

const (
	keyframeGap  = 500 * time.Millisecond // between keyframe requests for one layer
	layerSilence = 1500 * time.Millisecond
	audioPackets = 256 // history: 5 s of 20 ms packets
	videoPackets = 2048
	videoBytes   = 2 << 20
	readBuffer   = 1600
)

// layer is one received stream of a publication.
type layer struct {
	pub atomic.Pointer[publication] // another once its publisher has moved to another class

	// fixed after construction
	transport *transport
	track     *webrtc.TrackRemote
	index     uint8
	ssrc      uint32
	pt        uint8
	codec     packet.Codec
	other     otherSound
	levelID   uint8 // header extension of the audio level; 0: none
	orientID  uint8 // of the video orientation; 0: none
	dependID  uint8 // of the dependency descriptor; 0: none
	history   *history.History

	lastKeyframe atomic.Int64 // Unix ns of the last request
	lastArrival  atomic.Int64 // Unix ns
	rate         rate
	clock        soundClock                  // sound only
	voice        atomic.Pointer[publication] // of a second rendition: whose; nil: nobody's yet

	// owned by the reader
	numbers packet.Unwrapper
	depends packet.DependencyReader
	first   uint64 // number of the first packet
	frame   uint32 // timestamp of the newest frame
	framed  bool   // there was one
}

func newLayer(pub *publication, t *transport, track *webrtc.TrackRemote, params webrtc.RTPParameters) *layer {
	l := &layer{
		transport: t, track: track, index: uint8(pub.layerIndex(track.RID())),
		ssrc: uint32(track.SSRC()), pt: uint8(track.Codec().PayloadType), codec: packet.CodecOf(track.Codec().MimeType),
	}
	l.rate.voice = l.codec.Audio()
	l.pub.Store(pub)
	for _, e := range params.HeaderExtensions {
		switch e.URI {
		case extAudioLevel:
			l.levelID = uint8(e.ID)
		case extOrientation:
			l.orientID = uint8(e.ID)
		case extDependency:
			l.dependID = uint8(e.ID)
		}
	}
	l.other = otherOf(l.codec, params.Codecs)
	o := history.Options{Packets: audioPackets}
	if pub.spec.Kind == KindVideo {
		o = history.Options{Packets: videoPackets, Bytes: videoBytes}
	}
	l.history = history.New(o)
	return l
}

// run reads until the publisher's section or connection closes.
func (l *layer) run() {
	n := l.transport.peer.node
	defer n.guard(l.transport.peer, "layer reader")
	defer l.history.Clear()
	buf := make([]byte, readBuffer)
	for {
		size, how, err := l.track.Read(buf)
		if err != nil && size == 0 {
			return
		}
		if err != nil { // a payload type that was not negotiated
			n.m.drop(dropMalformed)
			continue
		}
		l.take(n, buf[:size], how.Get(webrtc.AttributeRtxSequenceNumber) != nil)
	}
}

// take works on one packet; again: it came because it was asked for again.
func (l *layer) take(n *Node, raw []byte, again bool) {
	n.m.packetsIn.Inc()
	n.m.bytesIn.Add(float64(len(raw)))
	l.transport.peer.packetsIn.Add(1)
	l.transport.peer.bytesIn.Add(uint64(len(raw)))
	now := time.Now()
	p, err := n.pool.New(raw, now)
	if err != nil {
		n.m.drop(dropMalformed)
		return
	}
	defer p.Release()
	codec, ok := l.codecOf(p)
	if !ok {
		n.m.drop(dropMalformed)
		return
	}
	highest := l.numbers.Highest()
	p.Seq, p.Layer = l.numbers.Unwrap(p.Sequence), l.index
	l.transport.peer.arrivals.note(p.Seq, highest, again)
	if l.first == 0 {
		l.first = p.Seq
	}
	if p.Seq <= highest && l.history.Has(p.Seq) { // Chromium pads with what it has sent, also of a layer that is off
		return
	}
	p.Inspect(codec)
	if !l.describe(p) {
		n.m.drop(dropDescriptor)
		return
	}
	l.frameStart(p)
	l.lastArrival.Store(now.UnixNano())
	pub := l.pub.Load()
	l.rate.add(len(raw)+wireOverhead, copiesIn(pub, p), p, now)
	if codec.Audio() {
		l.clock.note(p.Timestamp, soundLasts(p), now, l.transport.peer.joined)
	}
	open := pub.open.Load()
	if pub.spec.Low {
		if pub = l.voice.Load(); pub == nil {
			return
		}
	}
	if !open || !pub.open.Load() {
		n.m.drop(dropMuted)
		return
	}
	l.noteLevel(pub, p)
	if p.RED && !l.fillGaps(n, pub, p) {
		n.m.drop(dropMalformed)
		return
	}
	l.deliver(n, pub, p)
}

// deliver keeps p and hands it to the writers; a duplicate ends here.
func (l *layer) deliver(n *Node, pub *publication, p *packet.Packet) {
	if !l.history.Add(p) {
		return
	}
	pub.hand(n, p)
	for _, c := range pub.copies() {
		if c.open.Load() {
			c.hand(n, p)
		}
	}
}

// hand gives p to the writers that have subscriptions of its layer: what nobody receives wakes nobody.
func (p *publication) hand(n *Node, packet *packet.Packet) {
	fan := p.used[packet.Layer].Load()
	for i := 0; fan != 0; i, fan = i+1, fan>>1 {
		if fan&1 != 0 {
			n.writers[i].offer(item{kind: itemPacket, pub: p, packet: packet})
		}
	}
}

// describe reads the packet's dependency descriptor, if there is one. False: it cannot be read, so
// that nobody can tell what the packet is part of.
func (l *layer) describe(p *packet.Packet) bool {
	if l.dependID == 0 {
		return true
	}
	value := p.Extension(l.dependID)
	if value == nil {
		return true
	}
	d, ok := l.depends.Read(value, p.Seq)
	if ok {
		p.Describe(d)
	}
	return ok
}

// frameStart narrows Start to a frame's first packet where the payload tells only that a NAL unit
// begins: a subscriber who entered at an IDR slice would miss the parameter sets before it.
func (l *layer) frameStart(p *packet.Packet) {
	if l.codec != packet.H264 && l.codec != packet.H265 {
		return
	}
	if l.framed && int32(p.Timestamp-l.frame) <= 0 {
		p.Start = false
		return
	}
	l.frame, l.framed = p.Timestamp, true
}

func (l *layer) noteLevel(pub *publication, p *packet.Packet) {
	if l.levelID == 0 {
		return
	}
	level, voice, ok := packet.AudioLevel(p.Extension(l.levelID))
	if !ok {
		return
	}
	p.AudioLevel, p.Voice = level, voice
	if pub.meter != nil && l.pub.Load() == pub {
		pub.meter.Note(level, voice)
	}
	for _, c := range pub.copies() {
		if c.meter != nil && c.open.Load() {
			c.meter.Note(level, voice)
		}
	}
}

// senderReport takes the publisher's sender report to all subscriptions.
func (l *layer) senderReport(b []byte) {
	var r rtcp.SenderReport
	if r.Unmarshal(b) != nil {
		l.transport.peer.node.m.drop(dropFeedback)
		return
	}
	pub := l.pub.Load()
	if pub.spec.Low {
		if pub = l.voice.Load(); pub == nil {
			return
		}
	}
	pub.report(l.index, r)
	for _, c := range pub.copies() {
		c.report(l.index, r)
	}
}

func (p *publication) report(layer uint8, r rtcp.SenderReport) {
	p.each(func(w *writer) {
		w.offer(item{kind: itemReport, pub: p, layer: layer, ntp: r.NTPTime, rtp: r.RTPTime})
	})
}

// askKeyframe asks the publisher for a keyframe, at most every keyframeGap. Any goroutine.
func (l *layer) askKeyframe(now time.Time) {
	last := l.lastKeyframe.Load()
	if now.UnixNano()-last < int64(keyframeGap) || !l.lastKeyframe.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	l.transport.peer.node.m.keyframesAsked.Inc()
	_ = l.transport.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: l.ssrc}}) // closing: nobody to ask
}

func (l *layer) alive(now time.Time) bool {
	return now.UnixNano()-l.lastArrival.Load() < int64(layerSilence)
}
