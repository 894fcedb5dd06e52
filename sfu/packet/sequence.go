package packet

// Newer says whether sequence number a comes after b, across the wrap-around
// (RFC 1982: less than half the circle ahead).
func Newer(a, b uint16) bool { return int16(a-b) > 0 }

// NewerTimestamp is Newer for RTP timestamps.
func NewerTimestamp(a, b uint32) bool { return int32(a-b) > 0 }

// misordered is how far back a packet may come before it is taken for the
// stream of a restarted sender: more than any retransmission.
const misordered = 1 << 12

// Unwrapper turns 16-bit sequence numbers into ones that never wrap. The first
// number seen becomes 65536 + itself, so that earlier ones that come late are
// not negative. Two numbers in a row from far back mean that the sender began
// anew; the extended numbers then go on upwards (RFC 3550, A.1). The zero value
// is ready; one goroutine at a time.
type Unwrapper struct {
	highest uint64
	restart uint64 // the number that would confirm a restart; 0: none in sight
}

// Unwrap gives the extended number of a sequence number: the one nearest to
// the highest seen.
func (u *Unwrapper) Unwrap(sequence uint16) uint64 {
	if u.highest == 0 {
		u.highest = 1<<16 + uint64(sequence)
		return u.highest
	}
	extended := u.highest + uint64(int64(int16(sequence-uint16(u.highest))))
	switch {
	case extended > u.highest:
		u.highest, u.restart = extended, 0
	case u.highest-extended < misordered:
	case extended == u.restart:
		u.restart = 0
		u.highest = extended + 1<<16
		return u.highest
	default:
		u.restart = extended + 1
	}
	return extended
}

// Highest is the highest extended number so far, 0 before the first.
func (u *Unwrapper) Highest() uint64 { return u.highest }
