package packet

// bits reads numbers of any width from the left of a byte slice. What is read
// past the end is zero and sets short.
type bits struct {
	data  []byte
	at    int // in bits
	short bool
}

func (b *bits) take(n int) (value uint64) {
	if b.at+n > 8*len(b.data) {
		b.skip(n)
		return 0
	}
	for n > 0 {
		left := 8 - b.at%8
		k := min(left, n)
		part := b.data[b.at/8] >> (left - k) & (1<<k - 1)
		value = value<<k | uint64(part)
		b.at += k
		n -= k
	}
	return value
}

func (b *bits) skip(n int) {
	b.at += n
	b.short = b.short || b.at > 8*len(b.data)
}

func (b *bits) flag() bool { return b.take(1) == 1 }

// nonSymmetric reads a number below n that takes no more bits than it must (appendix A, ns(n)).
func (b *bits) nonSymmetric(n int) int {
	w := 0
	for x := n; x != 0; x >>= 1 {
		w++
	}
	if w <= 1 {
		return 0 // only one value: no bits
	}
	m := 1<<w - n
	v := int(b.take(w - 1))
	if v < m {
		return v
	}
	return v<<1 - m + int(b.take(1))
}

func (b *bits) indications(targets int) (dtis uint64) {
	for i := range targets {
		dtis |= b.take(2) << (2 * i)
	}
	return dtis
}

// frameReferences reads a frame's own references (appendix A, frame_fdiffs).
func (b *bits) frameReferences() (r references) {
	for {
		size := int(b.take(2))
		if size == 0 || b.short {
			return r
		}
		r.add(uint16(b.take(4*size)) + 1)
	}
}

// bitWriter appends numbers of any width to a byte slice.
type bitWriter struct {
	data []byte
	free int // bits not yet used of the last byte
}

func (w *bitWriter) put(value uint64, n int) {
	for n > 0 {
		if w.free == 0 {
			w.data, w.free = append(w.data, 0), 8
		}
		k := min(w.free, n)
		part := byte(value >> (n - k) & (1<<k - 1))
		w.data[len(w.data)-1] |= part << (w.free - k)
		w.free -= k
		n -= k
	}
}
