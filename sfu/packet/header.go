package packet

import "encoding/binary"

// Header is a fixed RTP header (RFC 3550, 5.1) and where its parts lie.
type Header struct {
	PayloadType uint8
	Marker      bool
	Sequence    uint16
	Timestamp   uint32
	SSRC        uint32
	PayloadAt   int // offset of the payload in the packet

	extensionAt int // offset of the first extension element
	extensions  form
}

// form is how the header extensions are written.
type form uint8

const (
	noExtensions form = iota
	oneByte           // RFC 8285, 4.2
	twoByte           // RFC 8285, 4.3
)

const (
	fixedHeader    = 12
	oneByteProfile = 0xBEDE
	twoByteProfile = 0x1000
)

// ParseHeader reads a header; end is where the payload ends, that is, where
// padding begins or the packet is over.
func ParseHeader(raw []byte) (h Header, end int, ok bool) {
	if len(raw) < fixedHeader || raw[0]>>6 != 2 {
		return h, 0, false
	}
	h.PayloadType = raw[1] & 0x7F
	h.Marker = raw[1]&0x80 != 0
	h.Sequence = binary.BigEndian.Uint16(raw[2:])
	h.Timestamp = binary.BigEndian.Uint32(raw[4:])
	h.SSRC = binary.BigEndian.Uint32(raw[8:])
	h.PayloadAt = fixedHeader + 4*int(raw[0]&0x0F)
	if raw[0]&0x10 != 0 && !h.findExtensions(raw) {
		return h, 0, false
	}
	end = len(raw)
	if raw[0]&0x20 != 0 {
		padding := int(raw[end-1])
		if padding == 0 {
			return h, 0, false
		}
		end -= padding
	}
	return h, end, h.PayloadAt <= end
}

func (h *Header) findExtensions(raw []byte) bool {
	at := h.PayloadAt
	if len(raw) < at+4 {
		return false
	}
	profile := binary.BigEndian.Uint16(raw[at:])
	h.extensionAt = at + 4
	h.PayloadAt = at + 4 + 4*int(binary.BigEndian.Uint16(raw[at+2:]))
	switch {
	case profile == oneByteProfile:
		h.extensions = oneByte
	case profile&0xFFF0 == twoByteProfile:
		h.extensions = twoByte
	}
	return h.PayloadAt <= len(raw)
}

// Extension is the element with that id in raw, whose header h is; nil if none.
func (h *Header) Extension(raw []byte, id uint8) []byte {
	for it := h.Extensions(raw); it.Next(); {
		if it.ID == id {
			return it.Value
		}
	}
	return nil
}

// Extensions walks the extension elements of raw, whose header h is.
func (h *Header) Extensions(raw []byte) ExtensionIterator {
	if h.extensions == noExtensions || h.PayloadAt > len(raw) {
		return ExtensionIterator{}
	}
	return ExtensionIterator{rest: raw[h.extensionAt:h.PayloadAt], form: h.extensions}
}

// ExtensionIterator yields one element after another; it stops at the first
// that is cut short.
type ExtensionIterator struct {
	ID    uint8
	Value []byte // a slice of the packet; read only
	rest  []byte
	form  form
}

// Next moves to the next element and says whether there is one.
func (it *ExtensionIterator) Next() bool {
	for len(it.rest) > 0 && it.rest[0] == 0 { // padding between elements
		it.rest = it.rest[1:]
	}
	size, start := 0, 1
	switch {
	case len(it.rest) == 0:
		return false
	case it.form == oneByte:
		it.ID, size = it.rest[0]>>4, int(it.rest[0]&0x0F)+1
		if it.ID == 15 { // reserved: what follows is not for us
			return false
		}
	case len(it.rest) < 2:
		return false
	default:
		it.ID, size, start = it.rest[0], int(it.rest[1]), 2
	}
	if len(it.rest) < start+size {
		it.rest = nil
		return false
	}
	it.Value, it.rest = it.rest[start:start+size:start+size], it.rest[start+size:]
	return true
}

// RenameExtension gives the element with one id another in the packet raw, in place. Where that
// cannot be, as there is such an element already, or the form has no room for the id, or it is 0,
// the element becomes padding (RFC 8285, 4.2). It says whether there was such an element.
func RenameExtension(raw []byte, from, to uint8) bool {
	h, _, ok := ParseHeader(raw)
	if !ok || from == 0 {
		return false
	}
	for it := h.Extensions(raw); it.Next(); {
		if it.ID != from {
			continue
		}
		end := h.PayloadAt - len(it.rest)
		at := end - len(it.Value) - 1
		if h.extensions == twoByte {
			at--
		}
		switch {
		case to == 0, h.extensions == oneByte && to > 14, h.Extension(raw, to) != nil:
			clear(raw[at:end])
		case h.extensions == oneByte:
			raw[at] = to<<4 | raw[at]&0x0F
		default:
			raw[at] = to
		}
		return true
	}
	return false
}
