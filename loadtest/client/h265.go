package client

// Payload types of RFC 7798, 4.4, and NAL unit types of ITU-T H.265, table 7-1.
const (
	h265Aggregation = 48
	h265FirstSet    = 32 // VPS, SPS, PPS
	h265LastSet     = 34
)

// parseH265 takes a keyframe to begin with the parameter sets.
func parseH265(b []byte) (part, bool) {
	if len(b) < 3 {
		return part{}, false
	}
	kind := b[0] >> 1 & 0x3f
	if kind == h265Aggregation && len(b) > 4 {
		kind = b[4] >> 1 & 0x3f
	}
	return part{body: b, keyframe: kind >= h265FirstSet && kind <= h265LastSet}, true
}
