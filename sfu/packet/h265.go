package packet

import "encoding/binary"

// NAL unit types of H.265 (ITU-T H.265, table 7-1) and of its payload format (RFC 7798, 4.4).
const (
	h265FirstIRAP = 16
	h265LastIRAP  = 21
	h265VPS       = 32
	h265SPS       = 33
	h265Aggregate = 48
	h265Fragment  = 49
)

// KeyframeH265 says whether an H.265 payload holds the beginning of a picture
// a decoder can start at, or the parameter sets before one.
func KeyframeH265(payload []byte) bool {
	if len(payload) < 3 {
		return false
	}
	switch kind := payload[0] >> 1 & 0x3F; kind {
	case h265Aggregate:
		for units := payload[2:]; len(units) > 2; {
			size := int(binary.BigEndian.Uint16(units))
			if randomAccess(units[2] >> 1 & 0x3F) {
				return true
			}
			if len(units) < 2+size {
				return false
			}
			units = units[2+size:]
		}
		return false
	case h265Fragment:
		return payload[2]&0x80 != 0 && randomAccess(payload[2]&0x3F)
	default:
		return randomAccess(kind)
	}
}

func randomAccess(kind uint8) bool {
	return kind >= h265FirstIRAP && kind <= h265LastIRAP || kind == h265VPS || kind == h265SPS
}

// StartH265 is StartH264 for H.265.
func StartH265(payload []byte) bool {
	return len(payload) >= 3 && (payload[0]>>1&0x3F != h265Fragment || payload[2]&0x80 != 0)
}
