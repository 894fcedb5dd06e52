package munge

import "preau/sfu/packet"

// state is what became of an outgoing number.
type state uint8

const (
	unused  state = iota
	awaited       // its packet had not come when a later one went out
	sent
	hole // its packet came and was not wanted
)

// slot remembers one outgoing number.
type slot struct {
	in        uint64 // number received
	out       uint32 // low bits of the outgoing one
	answered  uint32 // when a NACK was last answered, in ms; 0: never
	timestamp uint32 // what was added to the timestamp
	picture   uint16 // to the picture id
	frame     uint16 // to the dependency descriptor's frame number
	tl0       uint8  // to TL0PICIDX
	layer     uint8
	state     state
	marker    bool // as it went out
}

// outgoing gives p, whose slot this is, its outgoing numbers.
func (s *slot) outgoing(p *packet.Packet) Out {
	d := labelOf(p)
	return Out{
		Sequence:  uint16(s.out),
		Timestamp: p.Timestamp + s.timestamp,
		Marker:    p.Marker || s.marker,
		PictureID: (d.id + s.picture) & wideMask,
		TL0:       d.tl0 + s.tl0,
		Frame:     p.Dependency.Number + s.frame,
	}
}

// window remembers the last outgoing numbers, in a ring.
type window struct {
	slots []slot
}

func newWindow(size int) window {
	rounded := 1
	for rounded < size {
		rounded *= 2
	}
	return window{slots: make([]slot, rounded)}
}

func (w *window) size() int { return len(w.slots) }

func (w *window) at(out uint64) *slot { return &w.slots[out&uint64(len(w.slots)-1)] }

// sent finds the slot of an outgoing number, nil if it is forgotten.
func (w *window) sent(out uint64) *slot {
	if s := w.at(out); s.state != unused && s.out == uint32(out) {
		return s
	}
	return nil
}

// received finds the slot of a number received, among the outgoing numbers
// from first up to next, which lie in one stretch and so rise together.
func (w *window) received(in, first, next uint64) *slot {
	low, high := first, next
	if oldest := next - uint64(len(w.slots)); low < oldest {
		low = oldest
	}
	for low < high {
		middle := low + (high-low)/2
		if s := w.at(middle); s.in == in {
			return s
		} else if s.in < in {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return nil
}
