package client

import (
	"bytes"

	"github.com/pion/rtp"
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
func (s *stream) av1(l *localLayer, keyframe bool) []*rtp.Packet {
	s.frame++
	var out []*rtp.Packet
	for i := range l.Packets {
		aggregation := byte(1 << 4) // W: one element, without a length
		if i > 0 {
			aggregation |= av1Continues
		}
		if i < l.Packets-1 {
			aggregation |= av1GoesOn
		}
		payload := []byte{aggregation}
		if keyframe && i == 0 {
			header := sequenceHeader()
			payload[0] += 1<<4 | av1New // two elements
			payload = append(append(payload, byte(len(header))), header...)
		}
		if i == 0 {
			payload = append(payload, av1Frame)
		}
		out = append(out, s.packet(s.tagged(payload, l, i), i == l.Packets-1))
	}
	return out
}

func parseAV1(payload []byte) (part, bool) {
	aggregation, rest := payload[0], payload[1:]
	if aggregation&av1Continues != 0 {
		return part{body: rest}, true
	}
	p := part{start: true, keyframe: aggregation&av1New != 0}
	if p.keyframe {
		header := sequenceHeader()
		if aggregation>>4&3 != 2 || len(rest) <= len(header) || int(rest[0]) != len(header) || !bytes.HasPrefix(rest[1:], header) {
			return p, false
		}
		rest = rest[1+len(header):]
	}
	if len(rest) < 1 || rest[0] != av1Frame {
		return p, false
	}
	p.body = rest[1:]
	return p, true
}
