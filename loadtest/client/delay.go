package client

import (
	"encoding/binary"
	"math"
	"time"
)

// stampSize is the length of the time of sending that synthetic packets carry.
const stampSize = 8

// stamp writes a time, in microseconds, seven bits a byte and each with its high bit set: no codec takes
// that for anything of its own.
func stamp(b []byte, at time.Time) {
	bits := uint64(at.UnixMicro())
	v := uint64(0)
	for i := range stampSize {
		v |= (bits>>(7*i)&0x7f | 0x80) << (8 * i)
	}
	binary.LittleEndian.PutUint64(b, v)
}

// stamped reads it; false: it is none.
func stamped(b []byte) (at time.Time, ok bool) {
	v := binary.LittleEndian.Uint64(b)
	if v&0x8080808080808080 != 0x8080808080808080 {
		return time.Time{}, false
	}
	bits := uint64(0)
	for i := range stampSize {
		bits |= v >> (8 * i) & 0x7f << (7 * i)
	}
	return time.UnixMicro(int64(bits)), true
}

const (
	delaySteps = 64
	delayLeast = 100 * time.Microsecond
	delayStep  = 1.25
)

// Delays counts how long packets took, from the sender's source to the receiver, in steps of a quarter,
// from 0.1 ms to over two minutes. They are only right where both have one clock.
type Delays [delaySteps]uint32

// Add counts one.
func (d *Delays) Add(took time.Duration) {
	i := 0
	if took > delayLeast {
		i = 1 + int(math.Log(float64(took)/float64(delayLeast))/math.Log(delayStep))
	}
	d[min(i, delaySteps-1)]++
}

// Plus adds what others counted.
func (d *Delays) Plus(other *Delays) {
	for i, n := range other {
		d[i] += n
	}
}

// Since is what was counted after an earlier state.
func (d Delays) Since(before Delays) Delays {
	for i, n := range before {
		d[i] -= n
	}
	return d
}

// Quantile is the delay that a share of the packets did not exceed, as the upper end of its step; 0:
// there were none.
func (d *Delays) Quantile(share float64) time.Duration {
	total := uint64(0)
	for _, n := range d {
		total += uint64(n)
	}
	if total == 0 {
		return 0
	}
	sum, at := uint64(0), float64(delayLeast)
	for _, n := range d {
		if sum += uint64(n); float64(sum) >= share*float64(total) {
			break
		}
		at *= delayStep
	}
	return time.Duration(at)
}
