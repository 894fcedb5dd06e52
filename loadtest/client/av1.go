package client

import (
	"bytes"
)

// Bits of the aggregation header (RTP payload format for AV1, 4.4).
const (
	av1Continues = 0x80 // Z
	av1GoesOn    = 0x40 // Y
	av1New       = 0x08 // N: begins a coded video sequence
	av1Frame     = 6 << 3
)

// sequenceHeader is an OBU of a keyframe: main profile, still to be read by nobody.
func sequenceHeader() []byte { return []byte{1 << 3, 0x00, 0x00, 0x00, 0x24, 0xc4, 0xff, 0xdf, 0x00} }

// av1 is one frame in one OBU over all packets, after a sequence header if it is
// a keyframe.
func (s *stream) av1(keyframe bool) []payload {
	s.frame++
	var out []payload
	for i := range s.layer.Packets {
		b := av1Headers(keyframe, i, s.layer.Packets)
		out = append(out, payload{body: tagged(b, s.index, s.frame, i, s.layer.Packets), marker: i == s.layer.Packets-1})
	}
	return out
}

// av1Headers is what stands before the tag in packet i of n.
func av1Headers(sequence bool, i, n int) []byte {
	aggregation := byte(1 << 4) // W: one element, without a length
	if i > 0 {
		aggregation |= av1Continues
	}
	if i < n-1 {
		aggregation |= av1GoesOn
	}
	b := []byte{aggregation}
	if sequence && i == 0 {
		header := sequenceHeader()
		b[0] += 1<<4 | av1New // two elements
		b = append(append(b, byte(len(header))), header...)
	}
	if i == 0 {
		b = append(b, av1Frame)
	}
	return b
}

func parseAV1(b []byte) (part, bool) {
	return part{body: b, keyframe: b[0]&av1Continues == 0 && b[0]&av1New != 0}, true
}

// tagAV1 holds the headers to what the synthetic source writes.
func tagAV1(b []byte, p part) ([]byte, bool) {
	rest := b[1:]
	if b[0]&av1Continues != 0 {
		return rest, true
	}
	if p.keyframe {
		header := sequenceHeader()
		if b[0]>>4&3 != 2 || len(rest) <= len(header) || int(rest[0]) != len(header) || !bytes.HasPrefix(rest[1:], header) {
			return nil, false
		}
		rest = rest[1+len(header):]
	}
	if len(rest) < 1 || rest[0] != av1Frame {
		return nil, false
	}
	return rest[1:], true
}
