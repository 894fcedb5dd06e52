package sfu

import (
	"math/rand/v2"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/munge"
)

// ID is the track's, as receivers see it.
func (s *subscription) ID() string { return s.pub.spec.SID }

// StreamID names participant and track: LiveKit clients find both in it.
func (s *subscription) StreamID() string { return s.stream }

// RID is empty: a subscriber gets one stream.
func (s *subscription) RID() string { return "" }

// Kind is the publication's.
func (s *subscription) Kind() webrtc.RTPCodecType { return kindOf(s.pub.spec.Kind) }

func kindOf(k Kind) webrtc.RTPCodecType {
	if k == KindAudio {
		return webrtc.RTPCodecTypeAudio
	}
	return webrtc.RTPCodecTypeVideo
}

// Bind is called when the media section has been negotiated. A receiver that cannot decode the
// codec gets nothing on it: an error here would fail the whole negotiation.
func (s *subscription) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	want, _, live := s.pub.isLive()
	have := c.CodecParameters()
	codec, rtxPT, ok := matchCodec(want, have)
	if s.pub.spec.Kind == KindAudio {
		codec, ok = matchSound(want, have)
		s.redPT = redPT(have)
	}
	if !ok || !live {
		s.out.peer.node.log.Debug("codec not negotiated", "track", s.pub.spec.SID, "codec", want.MimeType)
		if live {
			s.out.peer.undecodable(s.pub.codecKey())
		}
		if len(have) == 0 {
			return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
		}
		return have[0], nil
	}
	s.wire, s.ssrc, s.rtxSSRC = c.WriteStream(), uint32(c.SSRC()), uint32(c.SSRCRetransmission())
	s.pt, s.rtxPT = uint8(codec.PayloadType), rtxPT
	if rtxPT == 0 {
		s.rtxSSRC, s.kept = 0, new(kept)
	}
	s.munger = munge.New(munge.Options{
		ClockRate: codec.ClockRate, Audio: s.pub.spec.Kind == KindAudio,
		Sequence: uint16(rand.Uint32()) & 0x7fff, Timestamp: rand.Uint32(), PictureID: uint16(rand.Uint32()) & 0x7fff,
		TL0: uint8(rand.Uint32()), RTX: uint16(rand.Uint32()) & 0x7fff,
	})
	s.header = rtp.Header{Version: 2, PayloadType: s.pt, SSRC: s.ssrc}
	s.bare = s.header
	s.rtx = rtp.Header{Version: 2, PayloadType: s.rtxPT, SSRC: s.rtxSSRC}
	s.bindExtensions(c.HeaderExtensions())
	s.bound.Store(true)
	s.pub.attend(s.out.writer, 1)
	s.out.writer.call(func() { s.out.writer.add(s) })
	s.out.peer.node.m.subscriptions.Inc()
	return codec, nil
}

// bindExtensions puts the extensions into the headers once; their values are changed in place.
func (s *subscription) bindExtensions(negotiated []webrtc.RTPHeaderExtensionParameter) {
	depends := uint8(0)
	for _, e := range negotiated {
		id := uint8(e.ID)
		switch {
		case e.URI == extTransportWide:
			s.hasTransportWide = s.header.SetExtension(id, s.transportWide[:]) == nil && s.rtx.SetExtension(id, s.transportWide[:]) == nil &&
				s.bare.SetExtension(id, s.transportWide[:]) == nil
		case e.URI == extAudioLevel && s.pub.spec.Kind == KindAudio && s.pub.tellsLevel():
			if s.header.SetExtension(id, s.level[:]) == nil {
				s.levelID = id
			}
		case e.URI == extOrientation && s.pub.spec.Kind == KindVideo && s.pub.tellsOrientation():
			if s.header.SetExtension(id, s.orient[:]) == nil {
				s.orientID = id
			}
		case e.URI == extDependency && s.pub.tellsDependency():
			depends = id
		case e.URI == extMid:
			s.section.id = id
		}
	}
	if depends != 0 {
		s.depends.bind(s, depends)
	}
}

// Unbind is called when the section ends.
func (s *subscription) Unbind(webrtc.TrackLocalContext) error {
	if s.wire == nil || !s.bound.CompareAndSwap(true, false) {
		return nil
	}
	s.out.transport.retire(s.rtxSSRC)
	s.pub.attend(s.out.writer, -1)
	s.out.writer.call(func() { s.out.writer.remove(s) })
	s.out.peer.node.m.subscriptions.Dec()
	return nil
}

func (p *publication) tellsLevel() bool {
	l := p.layers[0].Load()
	return l != nil && l.levelID != 0
}

func (p *publication) tellsOrientation() bool {
	for i := range p.layers {
		if l := p.layers[i].Load(); l != nil && l.orientID != 0 {
			return true
		}
	}
	return false
}

func (p *publication) tellsDependency() bool {
	for i := range p.layers {
		if l := p.layers[i].Load(); l != nil && l.dependID != 0 {
			return true
		}
	}
	return false
}
