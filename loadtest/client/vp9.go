package client

import (
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// vp9 is one frame (RFC 9628) of a single spatial layer, with 15-bit picture ids;
// a keyframe brings the scalability structure, which tells its size.
func (s *stream) vp9(l *localLayer, keyframe bool) []*rtp.Packet {
	s.frame++
	s.picture = (s.picture + 1) & 0x7fff
	var out []*rtp.Packet
	for i := range l.Packets {
		flags := byte(0x80) // I
		if !keyframe {
			flags |= 0x40 // P
		}
		if i == 0 {
			flags |= 0x08 // B
		}
		if i == l.Packets-1 {
			flags |= 0x04 // E
		}
		payload := []byte{flags, 0x80 | byte(s.picture>>8), byte(s.picture)}
		if keyframe && i == 0 {
			payload[0] |= 0x02 // V: one layer, its size
			payload = append(payload, 0x10, byte(l.Width>>8), byte(l.Width), byte(l.Height>>8), byte(l.Height))
		}
		out = append(out, s.packet(s.tagged(payload, l, i), i == l.Packets-1))
	}
	return out
}

func parseVP9(payload []byte) (part, bool) {
	var vp9 codecs.VP9Packet
	body, err := vp9.Unmarshal(payload)
	if err != nil {
		return part{}, false
	}
	return part{body: body, picture: vp9.PictureID, pictures: true, start: vp9.B, keyframe: vp9.B && !vp9.P}, true
}
