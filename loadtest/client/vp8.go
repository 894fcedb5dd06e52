package client

import (
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// vp8 is one frame (RFC 7741): 15-bit picture id, two temporal layers, and a
// frame header that tells a keyframe from another.
func (s *stream) vp8(l *localLayer, keyframe bool) []*rtp.Packet {
	s.frame++
	s.picture = (s.picture + 1) & 0x7fff
	temporal := uint8(s.frame & 1)
	if keyframe {
		temporal = 0
	}
	if temporal == 0 {
		s.tl0++
	}
	var out []*rtp.Packet
	for i := range l.Packets {
		start := byte(0)
		if i == 0 {
			start = 0x10
		}
		payload := []byte{0x80 | start, 0xe0, 0x80 | byte(s.picture>>8), byte(s.picture), s.tl0, temporal << 6}
		if i == 0 {
			payload = append(payload, vp8Header(keyframe, l)...)
		}
		out = append(out, s.packet(s.tagged(payload, l, i), i == l.Packets-1))
	}
	return out
}

// vp8Header is the uncompressed data chunk of RFC 6386, section 9.1.
func vp8Header(keyframe bool, l *localLayer) []byte {
	if !keyframe {
		return []byte{0x01, 0, 0}
	}
	return []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, byte(l.Width), byte(l.Width >> 8), byte(l.Height), byte(l.Height >> 8)}
}

func parseVP8(payload []byte) (part, bool) {
	var vp8 codecs.VP8Packet
	body, err := vp8.Unmarshal(payload)
	if err != nil {
		return part{}, false
	}
	p := part{body: body, picture: vp8.PictureID, pictures: true, rewritten: true, start: vp8.S == 1}
	if p.start {
		header := 3
		if len(body) > 0 && body[0]&1 == 0 {
			header, p.keyframe = 10, true
		}
		p.body = body[min(header, len(body)):]
	}
	return p, true
}
