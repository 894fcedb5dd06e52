package packet

// KeyframeAV1 says whether an AV1 payload begins a coded video sequence: the
// N bit of the aggregation header (RTP payload format for AV1, 4.4), or a
// sequence header as its first whole OBU.
func KeyframeAV1(payload []byte) bool {
	if len(payload) < 2 {
		return false
	}
	aggregation := payload[0]
	if aggregation&0x80 != 0 { // Z: continues an OBU of the packet before
		return false
	}
	if aggregation&0x08 != 0 { // N
		return true
	}
	obu := payload[1:]
	if aggregation>>4&0x03 != 1 { // W: only a single element has no length before it
		length, size, ok := leb128(obu)
		if !ok || length == 0 || len(obu) <= size {
			return false
		}
		obu = obu[size:]
	}
	const sequenceHeader = 1
	return obu[0]>>3&0x0F == sequenceHeader
}

// leb128 reads an unsigned number as AV1 writes it (AV1 specification, 4.10.5).
func leb128(b []byte) (value uint64, size int, ok bool) {
	for size < 8 && size < len(b) {
		value |= uint64(b[size]&0x7F) << (7 * size)
		size++
		if b[size-1]&0x80 == 0 {
			return value, size, true
		}
	}
	return 0, 0, false
}
