package client

import (
	"github.com/pion/webrtc/v4"
)

const (
	mimeRED    = "audio/red"
	redPayload = 63
)

// redFormat is redundant Opus as browsers offer it (RFC 2198).
func redFormat() webrtc.RTPCodecCapability {
	return webrtc.RTPCodecCapability{MimeType: mimeRED, ClockRate: audioClock, Channels: 2, SDPFmtpLine: "111/111"}
}

// appendRED writes the packet before, offset older, and the one of now. What is
// too old or too long for the header, or was not there, is left out.
func appendRED(dst []byte, pt uint8, before []byte, offset uint32, body []byte) []byte {
	old := len(before) > 0 && len(before) < 1<<10 && offset > 0 && offset < 1<<14
	if old {
		dst = append(dst, 0x80|pt, byte(offset>>6), byte(offset<<2)|byte(len(before)>>8), byte(len(before)))
	}
	dst = append(dst, pt)
	if old {
		dst = append(dst, before...)
	}
	return append(dst, body...)
}

// splitRED returns the blocks of a redundant payload, the primary last.
func splitRED(b []byte) (blocks [][]byte, ok bool) {
	var sizes []int
	for len(b) > 0 && b[0]&0x80 != 0 {
		if len(b) < 4 {
			return nil, false
		}
		sizes = append(sizes, int(b[2]&3)<<8|int(b[3]))
		b = b[4:]
	}
	if len(b) == 0 {
		return nil, false
	}
	b = b[1:]
	for _, n := range sizes {
		if n > len(b) {
			return nil, false
		}
		blocks = append(blocks, b[:n])
		b = b[n:]
	}
	return append(blocks, b), true
}
