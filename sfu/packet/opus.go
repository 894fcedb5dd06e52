package packet

import "time"

// OpusDuration is how long the sound of an Opus packet lasts, told by its
// table-of-contents byte (RFC 6716, 3.1 and 3.2); not ok if the packet breaks
// the rules, which allow 120 ms at most.
func OpusDuration(payload []byte) (d time.Duration, ok bool) {
	if len(payload) < 1 {
		return 0, false
	}
	frames := 0
	switch payload[0] & 0x03 {
	case 0:
		frames = 1
	case 1, 2:
		frames = 2
	case 3:
		if len(payload) < 2 {
			return 0, false
		}
		frames = int(payload[1] & 0x3F)
	}
	d = time.Duration(frames) * opusFrame(payload[0]>>3)
	return d, d > 0 && d <= 120*time.Millisecond
}

// opusFrame is the duration of one frame of a configuration, 0 to 31.
func opusFrame(configuration uint8) time.Duration {
	switch {
	case configuration < 12: // SILK: 10, 20, 40, 60 ms
		return [4]time.Duration{10, 20, 40, 60}[configuration&3] * time.Millisecond
	case configuration < 16: // hybrid: 10, 20 ms
		return [2]time.Duration{10, 20}[configuration&1] * time.Millisecond
	default: // CELT: 2.5, 5, 10, 20 ms
		return 2500 * time.Microsecond << (configuration & 3)
	}
}
