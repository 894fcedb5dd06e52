package packet

import "encoding/binary"

// NAL unit types of H.264 (ITU-T H.264, 7.4.1) and of its payload format (RFC 6184, 5.2).
const (
	h264IDR   = 5
	h264SPS   = 7
	h264STAPA = 24
	h264STAPB = 25
	h264FUA   = 28
	h264FUB   = 29
)

// KeyframeH264 says whether an H.264 payload holds the beginning of a frame a
// decoder can start at: a sequence parameter set, or an IDR slice's beginning.
func KeyframeH264(payload []byte) bool {
	if len(payload) < 1 {
		return false
	}
	switch kind := payload[0] & 0x1F; kind {
	case h264STAPA:
		return aggregateHasKeyframe(payload[1:])
	case h264STAPB:
		return len(payload) > 3 && aggregateHasKeyframe(payload[3:])
	case h264FUA, h264FUB:
		return len(payload) > 1 && payload[1]&0x80 != 0 && beginsKeyframe(payload[1]&0x1F)
	default:
		return beginsKeyframe(kind)
	}
}

func beginsKeyframe(kind uint8) bool { return kind == h264SPS || kind == h264IDR }

func aggregateHasKeyframe(units []byte) bool {
	for len(units) > 2 {
		size := int(binary.BigEndian.Uint16(units))
		if beginsKeyframe(units[2] & 0x1F) {
			return true
		}
		if len(units) < 2+size {
			return false
		}
		units = units[2+size:]
	}
	return false
}

// StartH264 says whether a payload begins a NAL unit rather than continuing
// one. The format has no flag for the beginning of a frame: its reader tells
// that by the timestamp.
func StartH264(payload []byte) bool {
	if len(payload) < 2 {
		return false
	}
	kind := payload[0] & 0x1F
	return kind != h264FUA && kind != h264FUB || payload[1]&0x80 != 0
}
