package client

import (
	"bytes"

	"github.com/pion/rtp"
)

// NAL unit types (ITU-T H.264, 7.4.1; RFC 6184, 5.2).
const (
	nalSlice = 1
	nalIDR   = 5
	nalSPS   = 7
	nalSTAPA = 24
	nalFUA   = 28
	nalRef   = 0x60 // nal_ref_idc of everything synthetic
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
func (s *stream) h264(keyframe bool) []payload {
	s.frame++
	var out []payload
	kind, n := byte(nalSlice), s.layer.Packets
	if keyframe {
		kind = nalIDR
		out = append(out, payload{body: parameterSets()})
	}
	for i := range n {
		header := []byte{nalRef | kind}
		if n > 1 {
			header = []byte{nalRef | nalFUA, kind}
			if i == 0 {
				header[1] |= 0x80
			}
			if i == n-1 {
				header[1] |= 0x40
			}
		}
		out = append(out, payload{body: tagged(header, s.index, s.frame, i, n), marker: i == n-1})
	}
	return out
}

// singleNAL is packetization mode 0: each NAL unit is a packet (RFC 6184, 6.2). One that is too large
// cannot be sent.
type singleNAL struct{}

var _ rtp.Payloader = singleNAL{}

// Payload cuts an access unit in Annex B at its start codes.
func (singleNAL) Payload(mtu uint16, unit []byte) (out [][]byte) {
	for nal := range bytes.SplitSeq(unit, []byte{0, 0, 0, 1}) {
		if len(nal) > 0 && len(nal) <= int(mtu) {
			out = append(out, nal)
		}
	}
	return out
}

// parseH264 takes a keyframe to begin with the parameter sets: an IDR slice
// without them cannot be decoded.
func parseH264(b []byte) (part, bool) {
	first := b[0] & 0x1f
	if first == nalSTAPA && len(b) > 3 {
		first = b[3] & 0x1f
	}
	return part{body: b, keyframe: first == nalSPS}, true
}

func tagH264(b []byte, _ part) ([]byte, bool) {
	switch b[0] & 0x1f {
	case nalSTAPA:
		return nil, bytes.Equal(b, parameterSets())
	case nalSlice, nalIDR:
		return b[1:], true
	case nalFUA:
		if len(b) > 2 {
			return b[2:], true
		}
	}
	return nil, false
}
