package client

import (
	"context"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// outlet sends one encoding of a published track: a webrtc.TrackLocal that takes
// packets from a source at the source's pace.
type outlet struct {
	// fixed after construction
	encoding
	cid      string
	audio    bool
	red      bool // wanted, where negotiated
	count    *counters
	keyframe chan struct{} // a keyframe is wanted; capacity 1

	mu    sync.Mutex
	bound *binding // nil while not negotiated

	// owned by run
	sequence  uint16
	timestamp uint32
	spurt     bool   // sound: the next packet is the first after a silence (RFC 3551, 4.1)
	before    []byte // RED: the packet sent before, and when
	beforeAt  uint32
}

// binding is what was negotiated.
type binding struct {
	wire                       webrtc.TrackLocalWriter
	ssrc                       uint32
	payload, red               uint8 // red: 0 if not taken
	mid, rid, level, structure uint8 // ids of header extensions, 0 if not taken
}

func newOutlet(e encoding, cid string, p *Publication, count *counters) *outlet {
	return &outlet{
		encoding: e, cid: cid, audio: p.audio(), red: p.RED, count: count, keyframe: make(chan struct{}, 1),
		sequence: uint16(rand.Uint32()), timestamp: rand.Uint32(),
	}
}

// ID is the cid that the server was told.
func (o *outlet) ID() string { return o.cid }

// RID is empty where there is one encoding.
func (o *outlet) RID() string { return o.rid }

// StreamID groups tracks; here each stands alone.
func (o *outlet) StreamID() string { return "stream-" + o.cid }

// Kind is told by the format.
func (o *outlet) Kind() webrtc.RTPCodecType {
	if o.audio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

// Bind takes what was negotiated (webrtc.TrackLocal).
func (o *outlet) Bind(t webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	b := &binding{wire: t.WriteStream(), ssrc: uint32(t.SSRC())}
	var codec webrtc.RTPCodecParameters
	for _, have := range t.CodecParameters() {
		switch {
		case codec.PayloadType == 0 && o.codec.fits(have.RTPCodecCapability):
			codec = have
		case o.red && strings.EqualFold(have.MimeType, mimeRED):
			b.red = uint8(have.PayloadType)
		}
	}
	if codec.PayloadType == 0 {
		return codec, webrtc.ErrUnsupportedCodec
	}
	b.payload = uint8(codec.PayloadType)
	for _, e := range t.HeaderExtensions() {
		for uri, id := range map[string]*uint8{
			sdp.SDESMidURI: &b.mid, sdp.SDESRTPStreamIDURI: &b.rid, sdp.AudioLevelURI: &b.level, descriptorURI: &b.structure,
		} {
			if e.URI == uri {
				*id = uint8(e.ID)
			}
		}
	}
	o.count.redundant.Store(b.red != 0)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bound = b
	return codec, nil
}

// Unbind ends the sending (webrtc.TrackLocal).
func (o *outlet) Unbind(webrtc.TrackLocalContext) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bound = nil
	return nil
}

// readRTCP turns keyframe requests into a wish for the source; it ends with the sender.
func (o *outlet) readRTCP(sender *webrtc.RTPSender) {
	read := sender.ReadRTCP
	if o.rid != "" {
		read = func() ([]rtcp.Packet, interceptor.Attributes, error) { return sender.ReadSimulcastRTCP(o.rid) }
	}
	for {
		packets, _, err := read()
		if err != nil {
			return
		}
		for _, p := range packets {
			switch p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				select {
				case o.keyframe <- struct{}{}:
				default: // one is wanted already
				}
			}
		}
	}
}

type muting interface{ Load() bool }

// catchUp is how much of what was captured while a busy machine did not get to it is still sent, all at
// once: a device keeps that much, and its clock does not stand still meanwhile.
const catchUp = time.Second

// run sends frames at a steady pace until ctx ends; the source does not move
// before the connection is up, nor while muted.
func (o *outlet) run(ctx context.Context, transceiver *webrtc.RTPTransceiver, muted muting) {
	next := time.Now().Add(o.interval)
	due := time.NewTimer(o.interval)
	defer due.Stop()
	keyframe := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.keyframe:
			keyframe = true
			continue
		case <-due.C:
		}
		if late := time.Since(next); late > catchUp {
			next = next.Add(late - catchUp)
		}
		for ; time.Since(next) >= 0; next = next.Add(o.interval) {
			keyframe = o.frame(transceiver, muted, keyframe)
		}
		due.Reset(time.Until(next))
	}
}

// frame sends the next one, a keyframe if that is wanted, and says whether one still is.
func (o *outlet) frame(transceiver *webrtc.RTPTransceiver, muted muting, keyframe bool) bool {
	o.timestamp += o.clock
	o.mu.Lock()
	b := o.bound
	o.mu.Unlock()
	if o.count.off.Load() {
		return true
	}
	if muted.Load() || b == nil || transceiver.Mid() == "" || transceiver.Sender().Transport().State() != webrtc.DTLSTransportStateConnected {
		o.spurt = o.audio
		return keyframe
	}
	payloads, isKeyframe := o.source.next(keyframe && !o.audio)
	if len(payloads) == 0 {
		o.spurt = o.audio
	}
	if !o.write(b, transceiver.Mid(), payloads) {
		return keyframe // lost: the next one has to be a keyframe again
	}
	if isKeyframe && !o.audio {
		o.count.keyframes.Add(1)
	}
	return keyframe && !isKeyframe
}

func (o *outlet) write(b *binding, mid string, payloads []payload) bool {
	for _, p := range payloads {
		o.sequence++
		h := &rtp.Header{Version: 2, SequenceNumber: o.sequence, Timestamp: o.timestamp, SSRC: b.ssrc, PayloadType: b.payload, Marker: p.marker || o.spurt}
		o.spurt = false
		body := p.body
		if b.red != 0 {
			h.PayloadType = b.red
			body = o.redundant(b.payload, body)
		}
		o.extend(h, b, mid, p)
		if _, err := b.wire.WriteRTP(h, body); err != nil {
			return false
		}
		o.count.packets.Add(1)
	}
	return true
}

// redundant puts the packet before in front of this one (RFC 2198).
func (o *outlet) redundant(pt uint8, body []byte) []byte {
	packet := appendRED(nil, pt, o.before, o.timestamp-o.beforeAt, body)
	o.before, o.beforeAt = body, o.timestamp
	return packet
}

// extend sets the header extensions that tie a packet to its section (RFC 9143)
// and encoding (RFC 8852), the audio level (RFC 6464) and the dependency
// descriptor (RTP payload format for AV1, appendix A).
func (o *outlet) extend(h *rtp.Header, b *binding, mid string, p payload) {
	if len(p.descriptor) > 16 { // more than the one-byte form holds (RFC 8285, 4.3)
		h.Extension, h.ExtensionProfile = true, rtp.ExtensionProfileTwoByte
	}
	set := func(id uint8, value []byte) {
		if id != 0 && len(value) > 0 {
			_ = h.SetExtension(id, value) // ids and lengths are in range
		}
	}
	set(b.mid, []byte(mid))
	set(b.rid, []byte(o.rid))
	set(b.structure, p.descriptor)
	if o.audio {
		set(b.level, []byte{0x80 | 20}) // voice, 20 dB below full scale
	}
}
