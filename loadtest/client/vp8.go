package client

import (
	"github.com/pion/rtp/codecs"
)

// vp8 is one frame (RFC 7741): 15-bit picture id, two temporal layers, and a
// frame header that tells a keyframe from another.
func (s *stream) vp8(keyframe bool) []payload {
	s.frame++
	s.picture = (s.picture + 1) & 0x7fff
	temporal := uint8(s.frame & 1)
	if keyframe {
		temporal = 0
	}
	if temporal == 0 {
		s.tl0++
	}
	var out []payload
	for i := range s.layer.Packets {
		b := vp8Descriptor(i == 0, s.picture, s.tl0, temporal)
		if i == 0 {
			b = append(b, vp8Header(keyframe, s.layer)...)
		}
		out = append(out, payload{body: tagged(b, s.index, s.frame, i, s.layer.Packets), marker: i == s.layer.Packets-1})
	}
	return out
}

func vp8Descriptor(start bool, picture uint16, tl0, temporal uint8) []byte {
	first := byte(0x80)
	if start {
		first |= 0x10
	}
	return []byte{first, 0xe0, 0x80 | byte(picture>>8), byte(picture), tl0, temporal << 6}
}

// vp8Header is the uncompressed data chunk of RFC 6386, section 9.1.
func vp8Header(keyframe bool, l Layer) []byte {
	if !keyframe {
		return []byte{0x01, 0, 0}
	}
	return []byte{0x10, 0, 0, 0x9d, 0x01, 0x2a, byte(l.Width), byte(l.Width >> 8), byte(l.Height), byte(l.Height >> 8)}
}

// vp8Payloader cuts an encoded frame; the ids are written as it is sent.
type vp8Payloader struct{}

func (vp8Payloader) Payload(mtu uint16, frame []byte) [][]byte {
	var out [][]byte
	for start := true; len(frame) > 0; start = false {
		b := vp8Descriptor(start, 0, 0, 0)
		n := min(len(frame), int(mtu)-len(b))
		out = append(out, append(b, frame[:n]...))
		frame = frame[n:]
	}
	return out
}

func numberVP8(b []byte, picture uint16) {
	b[2], b[3], b[4] = 0x80|byte(picture>>8), byte(picture), byte(picture)
}

func parseVP8(b []byte) (part, bool) {
	var vp8 codecs.VP8Packet
	body, err := vp8.Unmarshal(b)
	if err != nil {
		return part{}, false
	}
	p := part{body: body, picture: vp8.PictureID, pictures: true, rewritten: true}
	p.keyframe = vp8.S == 1 && len(body) > 0 && body[0]&1 == 0
	return p, true
}

func tagVP8(b []byte, p part) ([]byte, bool) {
	header := 0
	if b[0]&0x10 != 0 {
		header = 3
	}
	if p.keyframe {
		header = 10
	}
	return p.body[min(header, len(p.body)):], true
}
