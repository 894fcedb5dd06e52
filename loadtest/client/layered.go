package client

import (
	"fmt"
	"math/rand/v2"

	"github.com/pion/webrtc/v4"
)

// temporalLayers of every layered source: each second picture is needed by no other.
const temporalLayers = 2

// layered is a synthetic source of several spatial layers in one stream, each
// predicted from the one below, as browsers write L1T2, L2T2 and L3T2. ffmpeg
// makes no such streams.
type layered struct {
	// fixed after construction
	layers []Layer
	write  func(s *layered, spatial int, first bool) []payload

	picture  uint32
	temporal int
	tl0      uint8
	frames   uint16 // of the dependency descriptor, one a layer and picture
}

func newLayered(mime string, layers []Layer) (source, format, error) {
	s := &layered{layers: layers, picture: rand.Uint32N(1 << 14), tl0: uint8(rand.Uint32()), frames: uint16(rand.Uint32())}
	switch mime {
	case webrtc.MimeTypeVP9:
		s.write = (*layered).vp9
	case webrtc.MimeTypeAV1:
		s.write = (*layered).av1
	default:
		return nil, format{}, fmt.Errorf("%s in layers: %w", mime, errNoSource)
	}
	return s, formats()[mime], nil
}

func (s *layered) next(keyframe bool) ([]payload, bool) {
	s.picture++
	s.temporal = (s.temporal + 1) % temporalLayers
	if keyframe {
		s.temporal = 0
	}
	if s.temporal == 0 {
		s.tl0++
	}
	var out []payload
	for spatial := range s.layers {
		out = append(out, s.write(s, spatial, keyframe)...)
		s.frames++
	}
	out[len(out)-1].marker = true
	return out, keyframe
}

// vp9 is one layer's frame in non-flexible mode (RFC 9628, 4.2).
func (s *layered) vp9(spatial int, keyframe bool) []payload {
	var out []payload
	n := s.layers[spatial].Packets
	for i := range n {
		flags := vp9Flags(keyframe, i, n) | vp9Layers
		layer := byte(s.temporal)<<5 | byte(spatial)<<1
		if spatial > 0 {
			layer |= 1 // D: predicted from the layer below
		}
		if s.temporal > 0 {
			layer |= 0x10 // U: a receiver may begin with this temporal layer here
		}
		structured := keyframe && spatial == 0 && i == 0
		if structured {
			flags |= vp9Structured
		}
		b := []byte{flags, 0x80 | byte(s.picture>>8&0x7f), byte(s.picture), layer, s.tl0}
		if structured {
			b = append(b, vp9Structure(s.layers)...)
		}
		out = append(out, payload{body: tagged(b, spatial, s.picture, i, n)})
	}
	return out
}

// av1 is one layer's frame with its dependency descriptors.
func (s *layered) av1(spatial int, keyframe bool) []payload {
	var out []payload
	n := s.layers[spatial].Packets
	for i := range n {
		d := descriptor{
			start: i == 0, end: i == n-1, frame: s.frames,
			template: templateOf(spatial, s.temporal, keyframe),
		}
		sequence := keyframe && spatial == 0
		if sequence && i == 0 {
			d.structure = s.layers
		}
		out = append(out, payload{
			body:       tagged(av1Headers(sequence, i, n), spatial, s.picture, i, n),
			descriptor: d.bytes(),
		})
	}
	return out
}
