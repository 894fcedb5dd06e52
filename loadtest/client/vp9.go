package client

import (
	"encoding/binary"

	"github.com/pion/rtp/codecs"
)

// Bits of the payload descriptor's first byte (RFC 9628, 4.2).
const (
	vp9PictureID  = 0x80
	vp9Predicted  = 0x40
	vp9Layers     = 0x20
	vp9Begins     = 0x08
	vp9Ends       = 0x04
	vp9Structured = 0x02
)

// vp9 is one frame (RFC 9628) of a single spatial layer, with 15-bit picture ids;
// a keyframe brings the scalability structure, which tells its size.
func (s *stream) vp9(keyframe bool) []payload {
	s.frame++
	s.picture = (s.picture + 1) & 0x7fff
	var out []payload
	for i := range s.layer.Packets {
		flags := vp9Flags(keyframe, i, s.layer.Packets)
		if keyframe && i == 0 {
			flags |= vp9Structured
		}
		b := []byte{flags, 0x80 | byte(s.picture>>8), byte(s.picture)}
		if keyframe && i == 0 {
			b = append(b, vp9Structure([]Layer{s.layer})...)
		}
		out = append(out, payload{body: tagged(b, s.index, s.frame, i, s.layer.Packets), marker: i == s.layer.Packets-1})
	}
	return out
}

// vp9Flags of packet i of n of one layer's frame.
func vp9Flags(keyframe bool, i, n int) byte {
	flags := byte(vp9PictureID)
	if !keyframe {
		flags |= vp9Predicted
	}
	if i == 0 {
		flags |= vp9Begins
	}
	if i == n-1 {
		flags |= vp9Ends
	}
	return flags
}

// vp9Structure tells the layers' sizes (RFC 9628, 4.2.1: N_S, Y set, G not).
func vp9Structure(layers []Layer) []byte {
	b := []byte{byte(len(layers)-1)<<5 | 0x10}
	for _, l := range layers {
		b = binary.BigEndian.AppendUint16(b, uint16(l.Width))
		b = binary.BigEndian.AppendUint16(b, uint16(l.Height))
	}
	return b
}

func numberVP9(b []byte, picture uint16) { b[1], b[2] = 0x80|byte(picture>>8), byte(picture) }

func parseVP9(b []byte) (part, bool) {
	var vp9 codecs.VP9Packet
	body, err := vp9.Unmarshal(b)
	if err != nil {
		return part{}, false
	}
	return part{
		body: body, picture: vp9.PictureID, pictures: true, layered: vp9.L && !vp9.F, tl0: vp9.TL0PICIDX,
		keyframe: vp9.B && !vp9.P && (!vp9.L || vp9.SID == 0),
	}, true
}
