package client

import (
	"encoding/binary"
)

// contents says of a packet whether its bytes are those that were published, and
// which.
type contents interface {
	find(payload, body []byte, p part) (place, bool)
}

// synthetic checks what the synthetic sources write.
type synthetic struct{ format }

func (s synthetic) find(payload, body []byte, p part) (place, bool) {
	if s.audio() {
		if len(body) != opusSize { // not ours
			return place{}, true
		}
		sent, stamped := stamped(body[1:])
		filled := body[1+stampSize:] // the first byte is the counter's low one
		return place{sent: sent}, stamped && counts(filled, uint32(filled[0]))
	}
	tag, ok := s.tag(payload, p)
	if !ok || tag == nil {
		return place{}, ok
	}
	if len(tag) < markerSize {
		return place{}, false
	}
	sent, stamped := stamped(tag[markerSize-stampSize:])
	at := place{sent: sent, layer: int(tag[0]), frame: binary.BigEndian.Uint32(tag[1:]), packet: int(tag[5]), told: true}
	return at, stamped && counts(tag[markerSize:], at.frame)
}

// counts says whether bytes are those that fill writes.
func counts(b []byte, seed uint32) bool {
	for i, x := range b {
		if x != byte(seed)+byte(i) {
			return false
		}
	}
	return true
}
