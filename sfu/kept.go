package sfu

// keptPackets is how many sealed packets of a stream without repair stream are kept: some 1.3 s of voice, or 3.8 of
// 60 ms each.
const keptPackets = 64

// kept are the newest packets of one stream as they left. What is asked for again leaves as it was: sealed anew with
// another transport-wide number or without its copies, two texts would be under one nonce of AES-GCM (RFC 7714, 15.1),
// which shows the key of the tags.
type kept [keptPackets]keptPacket

type keptPacket struct {
	seq   uint16
	bytes []byte // empty: none
}

func (k *kept) put(seq uint16, sealed []byte) {
	p := &k[seq%keptPackets]
	p.seq, p.bytes = seq, append(p.bytes[:0], sealed...)
}

// get is a packet as it left. never: it has not left, and may be sealed.
func (k *kept) get(seq, newest uint16) (sealed []byte, never bool) {
	p := &k[seq%keptPackets]
	if len(p.bytes) > 0 && p.seq == seq {
		return p.bytes, false
	}
	return nil, newest-seq < keptPackets && (len(p.bytes) == 0 || int16(p.seq-seq) < 0)
}
