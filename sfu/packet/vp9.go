package packet

import "encoding/binary"

// VP9Descriptor is the part of a VP9 payload descriptor (RFC 9628, 4.2) that
// forwarding needs.
type VP9Descriptor struct {
	PictureID    uint16
	HasPictureID bool
	Start        bool // B: first packet of a layer frame
	End          bool // E: last packet of a layer frame
	Inter        bool // P: needs an earlier picture
	Keyframe     bool // first packet of a picture that needs no other, of the lowest spatial layer
	Spatial      uint8
	Temporal     uint8
	SwitchingUp  bool // U
	InterLayer   bool // D: needs the layer frame below in the same picture
	Wide         bool // the picture id has 15 bits, else 7
	TL0          uint8
	HasTL0       bool
	HasLayers    bool // L

	pictureAt, tl0At int // offsets in the payload
}

// ParseVP9 reads the descriptor at the beginning of a payload.
func ParseVP9(payload []byte) (d VP9Descriptor, ok bool) {
	if len(payload) < 2 {
		return d, false
	}
	flags := payload[0]
	d.Inter = flags&0x40 != 0
	d.Start = flags&0x08 != 0
	d.End = flags&0x04 != 0
	at := 1
	if flags&0x80 != 0 { // I
		d.HasPictureID, d.pictureAt = true, at
		d.PictureID = uint16(payload[at] & 0x7F)
		if payload[at]&0x80 != 0 {
			if len(payload) < at+2 {
				return VP9Descriptor{}, false
			}
			d.PictureID, d.Wide = d.PictureID<<8|uint16(payload[at+1]), true
			at++
		}
		at++
	}
	if flags&0x20 != 0 { // L
		if len(payload) <= at {
			return VP9Descriptor{}, false
		}
		d.HasLayers = true
		d.Temporal = payload[at] >> 5
		d.SwitchingUp = payload[at]&0x10 != 0
		d.Spatial = payload[at] >> 1 & 0x07
		d.InterLayer = payload[at]&0x01 != 0
		at++
		if flags&0x10 == 0 { // not F: TL0PICIDX follows
			if len(payload) <= at {
				return VP9Descriptor{}, false
			}
			d.HasTL0, d.tl0At, d.TL0 = true, at, payload[at]
		}
	}
	d.Keyframe = d.Start && !d.Inter && !d.InterLayer && d.Spatial == 0
	return d, true
}

// Rewrite is VP8Descriptor.Rewrite for VP9.
func (d *VP9Descriptor) Rewrite(payload []byte, pictureID uint16, tl0 uint8) {
	switch {
	case d.HasPictureID && d.Wide && len(payload) > d.pictureAt+1:
		binary.BigEndian.PutUint16(payload[d.pictureAt:], 0x8000|pictureID&0x7FFF)
	case d.HasPictureID && !d.Wide && len(payload) > d.pictureAt:
		payload[d.pictureAt] = uint8(pictureID & 0x7F)
	}
	if d.HasTL0 && len(payload) > d.tl0At {
		payload[d.tl0At] = tl0
	}
}
