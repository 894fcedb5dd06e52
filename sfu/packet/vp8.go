package packet

import "encoding/binary"

// VP8Descriptor is a VP8 payload descriptor (RFC 7741, 4.2) and what the
// payload header behind it tells.
type VP8Descriptor struct {
	Size      int  // bytes of the descriptor
	Start     bool // first packet of a frame: S set and partition 0
	Keyframe  bool // first packet of a keyframe
	Discard   bool // N: no other frame needs this one
	PictureID uint16
	Wide      bool // the picture id has 15 bits, else 7
	TL0       uint8
	Temporal  uint8 // TID
	LayerSync bool  // Y
	KeyIndex  uint8

	HasPictureID, HasTL0, HasTemporal, HasKeyIndex bool

	pictureAt, tl0At int // offsets in the payload
}

// ParseVP8 reads the descriptor at the beginning of a payload.
func ParseVP8(payload []byte) (d VP8Descriptor, ok bool) {
	if len(payload) < 1 {
		return d, false
	}
	first := payload[0]
	d.Discard = first&0x20 != 0
	d.Start = first&0x10 != 0 && first&0x07 == 0
	d.Size = 1
	if first&0x80 != 0 && !d.parseExtended(payload) {
		return VP8Descriptor{}, false
	}
	if len(payload) <= d.Size {
		return VP8Descriptor{}, false
	}
	d.Keyframe = d.Start && payload[d.Size]&0x01 == 0
	return d, true
}

func (d *VP8Descriptor) parseExtended(payload []byte) bool {
	if len(payload) < 2 {
		return false
	}
	flags := payload[1]
	at := 2
	if flags&0x80 != 0 { // I
		if len(payload) < at+2 {
			return false
		}
		d.HasPictureID, d.pictureAt = true, at
		if d.Wide = payload[at]&0x80 != 0; d.Wide {
			d.PictureID = binary.BigEndian.Uint16(payload[at:]) & 0x7FFF
			at++
		} else {
			d.PictureID = uint16(payload[at])
		}
		at++
	}
	if flags&0x40 != 0 { // L
		if len(payload) <= at {
			return false
		}
		d.HasTL0, d.tl0At, d.TL0 = true, at, payload[at]
		at++
	}
	if flags&0x30 != 0 { // T or K
		if len(payload) <= at {
			return false
		}
		if d.HasTemporal = flags&0x20 != 0; d.HasTemporal {
			d.Temporal = payload[at] >> 6
			d.LayerSync = payload[at]&0x20 != 0
		}
		if d.HasKeyIndex = flags&0x10 != 0; d.HasKeyIndex {
			d.KeyIndex = payload[at] & 0x1F
		}
		at++
	}
	d.Size = at
	return true
}

// Rewrite puts another picture id and TL0PICIDX into a copy of the payload
// this descriptor was parsed from, in place: each keeps its width, and what
// the descriptor lacks stays lacking.
func (d *VP8Descriptor) Rewrite(payload []byte, pictureID uint16, tl0 uint8) {
	if len(payload) < d.Size {
		return
	}
	switch {
	case d.HasPictureID && d.Wide:
		binary.BigEndian.PutUint16(payload[d.pictureAt:], 0x8000|pictureID&0x7FFF)
	case d.HasPictureID:
		payload[d.pictureAt] = uint8(pictureID & 0x7F)
	}
	if d.HasTL0 {
		payload[d.tl0At] = tl0
	}
}
