package client

import (
	"bytes"

	"github.com/pion/rtp"
)

// NAL unit types (ITU-T H.264, 7.4.1; RFC 6184, 5.2).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSTAPA = 24
	nalFUA   = 28
	nalRef   = 0x60 // nal_ref_idc of everything here
)

// parameterSets is a STAP-A of a constrained baseline SPS and PPS.
func parameterSets() []byte {
	sps := []byte{0x67, 0x42, 0xe0, 0x1f, 0x8c, 0x8d, 0x40, 0x50, 0x1e, 0xd0, 0x0f, 0x08, 0x84, 0x6a}
	pps := []byte{0x68, 0xce, 0x3c, 0x80}
	out := append([]byte{nalRef | nalSTAPA, 0, byte(len(sps))}, sps...)
	return append(append(out, 0, byte(len(pps))), pps...)
}

// h264 is one frame (RFC 6184, packetization mode 1): one slice, in FU-As unless
// it fits a packet; before an IDR slice the parameter sets.
func (s *stream) h264(l *localLayer, keyframe bool) []*rtp.Packet {
	s.frame++
	var out []*rtp.Packet
	kind := byte(nalSlice)
	if keyframe {
		kind = nalIDR
		out = append(out, s.packet(parameterSets(), false))
	}
	for i := range l.Packets {
		header := []byte{nalRef | kind}
		if l.Packets > 1 {
			header = []byte{nalRef | nalFUA, kind}
			if i == 0 {
				header[1] |= 0x80
			}
			if i == l.Packets-1 {
				header[1] |= 0x40
			}
		}
		out = append(out, s.packet(s.tagged(header, l, i), i == l.Packets-1))
	}
	return out
}

// parseH264 takes a frame to begin with the parameter sets or a slice that is
// not IDR: an IDR slice without them cannot be decoded.
func parseH264(payload []byte) (part, bool) {
	switch payload[0] & 0x1f {
	case nalSTAPA:
		return part{start: true, keyframe: true}, bytes.Equal(payload, parameterSets())
	case nalSlice:
		return part{body: payload[1:], start: true}, true
	case nalIDR:
		return part{body: payload[1:]}, true
	case nalFUA:
		if len(payload) < 2 {
			return part{}, false
		}
		return part{body: payload[2:], start: payload[1]&0x80 != 0 && payload[1]&0x1f == nalSlice}, true
	}
	return part{}, false
}
