package packet

// REDBlock is one block of a redundant payload (RFC 2198).
type REDBlock struct {
	PayloadType uint8
	Offset      uint16 // how much older than the packet's timestamp, in its units; 0 for the primary
	Data        []byte // a slice of the payload; read only
}

// MaxREDBlocks bounds what ParseRED reads; senders put two to three.
const MaxREDBlocks = 8

// ParseRED reads the blocks of a redundant payload into blocks, oldest first,
// the primary last, and says how many there are; not ok if it is cut short or
// holds more.
func ParseRED(payload []byte, blocks *[MaxREDBlocks]REDBlock) (n int, ok bool) {
	at := 0
	var sizes [MaxREDBlocks]int
	for {
		if n == MaxREDBlocks || at >= len(payload) {
			return 0, false
		}
		blocks[n] = REDBlock{PayloadType: payload[at] & 0x7F}
		if payload[at]&0x80 == 0 {
			at++
			n++
			break
		}
		if len(payload) < at+4 {
			return 0, false
		}
		blocks[n].Offset = uint16(payload[at+1])<<6 | uint16(payload[at+2])>>2
		sizes[n] = int(payload[at+2]&0x03)<<8 | int(payload[at+3])
		at += 4
		n++
	}
	for i := range n - 1 {
		if len(payload) < at+sizes[i] {
			return 0, false
		}
		blocks[i].Data = payload[at : at+sizes[i]]
		at += sizes[i]
	}
	blocks[n-1].Data = payload[at:]
	return n, true
}

// Primary is the newest block of a redundant payload, nil if it is malformed.
func Primary(payload []byte) []byte {
	var blocks [MaxREDBlocks]REDBlock
	n, ok := ParseRED(payload, &blocks)
	if !ok {
		return nil
	}
	return blocks[n-1].Data
}
