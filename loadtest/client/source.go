package client

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// localLayer is one encoding of a published track and its synthetic source.
type localLayer struct {
	Layer
	index     int
	track     *webrtc.TrackLocalStaticRTP
	keyframe  chan struct{} // a keyframe is wanted; capacity 1
	muted     atomic.Bool
	sent      atomic.Uint64
	keyframes atomic.Uint64
}

// readRTCP turns keyframe requests into a wish for the source; it ends with the sender.
func (l *localLayer) readRTCP(sender *webrtc.RTPSender) {
	read := sender.ReadRTCP
	if l.RID != "" {
		read = func() ([]rtcp.Packet, interceptor.Attributes, error) { return sender.ReadSimulcastRTCP(l.RID) }
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
				case l.keyframe <- struct{}{}:
				default:
				}
			}
		}
	}
}

// run sends frames at a steady pace until ctx ends; nothing leaves before the
// connection is up.
func (l *localLayer) run(ctx context.Context, transceiver *webrtc.RTPTransceiver, f format) {
	audio := f.MimeType == webrtc.MimeTypeOpus
	interval, clock := time.Second/15, uint32(6000)
	if audio {
		interval, clock = 20*time.Millisecond, 960
	}
	next := stream{
		sequence: uint16(rand.Uint32()), timestamp: rand.Uint32(),
		picture: uint16(rand.Uint32()) & 0x7fff, tl0: uint8(rand.Uint32()),
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	keyframe := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.keyframe:
			keyframe = true
			continue
		case <-tick.C:
		}
		next.timestamp += clock
		if l.muted.Load() {
			continue
		}
		packets := f.frame(&next, l, keyframe)
		for _, p := range packets {
			identify(p, transceiver, l.RID, audio)
			if l.track.WriteRTP(p) != nil {
				return
			}
		}
		if transceiver.Sender().Transport().State() == webrtc.DTLSTransportStateConnected && transceiver.Mid() != "" {
			l.sent.Add(uint64(len(packets)))
			if keyframe && !audio {
				l.keyframes.Add(1)
			}
			keyframe = false
		}
	}
}

// identify sets the header extensions that tie a packet to its section (RFC
// 9143) and encoding (RFC 8852), and the audio level (RFC 6464).
func identify(p *rtp.Packet, transceiver *webrtc.RTPTransceiver, rid string, audio bool) {
	for _, e := range transceiver.Sender().GetParameters().HeaderExtensions {
		var value []byte
		switch {
		case e.URI == sdp.SDESMidURI:
			value = []byte(transceiver.Mid())
		case e.URI == sdp.SDESRTPStreamIDURI && rid != "":
			value = []byte(rid)
		case e.URI == sdp.AudioLevelURI && audio:
			value = []byte{0x80 | 20} // voice, 20 dB below full scale
		default:
			continue
		}
		_ = p.SetExtension(uint8(e.ID), value)
	}
}

// stream is the RTP and codec state of one encoding.
type stream struct {
	sequence  uint16
	timestamp uint32
	picture   uint16
	tl0       uint8
	frame     uint32
}

func (s *stream) packet(payload []byte, marker bool) *rtp.Packet {
	s.sequence++
	return &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: s.sequence, Timestamp: s.timestamp, Marker: marker}, Payload: payload}
}

// opus is one packet of 20 ms: a TOC byte (RFC 6716, section 3.1: CELT, full
// band, 20 ms, mono) and bytes that count.
func (s *stream) opus() *rtp.Packet {
	s.frame++
	payload := make([]byte, 80)
	payload[0] = 31 << 3
	fill(payload[1:], s.frame)
	return s.packet(payload, false)
}

// fill writes bytes that a receiver can compute again.
func fill(b []byte, seed uint32) {
	for i := range b {
		b[i] = byte(seed) + byte(i)
	}
}
