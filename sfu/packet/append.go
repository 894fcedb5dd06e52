package packet

import "encoding/binary"

// Element is one header extension to be written: 1 to 16 bytes under an id
// from 1 to 14, so that the one-byte form holds it.
type Element struct {
	ID    uint8
	Value []byte
}

// AppendHeader appends an RTP header without contributing sources to dst and
// returns it; elements that the one-byte form cannot hold are left out. It
// does not allocate while dst has room.
func AppendHeader(dst []byte, h Header, elements []Element) []byte {
	start := len(dst)
	second := h.PayloadType & 0x7F
	if h.Marker {
		second |= 0x80
	}
	dst = append(dst, 0x80, second)
	dst = binary.BigEndian.AppendUint16(dst, h.Sequence)
	dst = binary.BigEndian.AppendUint32(dst, h.Timestamp)
	dst = binary.BigEndian.AppendUint32(dst, h.SSRC)
	if len(elements) == 0 {
		return dst
	}
	dst[start] |= 0x10
	dst = append(dst, oneByteProfile>>8, oneByteProfile&0xFF, 0, 0)
	first := len(dst)
	for _, e := range elements {
		if e.ID < 1 || e.ID > 14 || len(e.Value) < 1 || len(e.Value) > 16 {
			continue
		}
		dst = append(dst, e.ID<<4|uint8(len(e.Value)-1))
		dst = append(dst, e.Value...)
	}
	for (len(dst)-first)%4 != 0 {
		dst = append(dst, 0)
	}
	binary.BigEndian.PutUint16(dst[first-2:], uint16((len(dst)-first)/4))
	return dst
}

// SetTransportSequence writes the transport-wide sequence number into the
// extension with that id of a packet about to be sent, in place; false if the
// packet carries no such extension.
func SetTransportSequence(raw []byte, id uint8, sequence uint16) bool {
	h, _, ok := ParseHeader(raw)
	if !ok {
		return false
	}
	value := h.Extension(raw, id)
	if len(value) != 2 {
		return false
	}
	binary.BigEndian.PutUint16(value, sequence)
	return true
}

// TransportSequence reads such an extension's value.
func TransportSequence(value []byte) (sequence uint16, ok bool) {
	if len(value) < 2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(value), true
}

// AudioLevel reads the value of the client-to-mixer audio level extension
// (RFC 6464): −dBov from 0 (loudest) to 127, and the voice activity flag.
func AudioLevel(value []byte) (level uint8, voice, ok bool) {
	if len(value) < 1 {
		return NoLevel, false, false
	}
	return value[0] & 0x7F, value[0]&0x80 != 0, true
}
