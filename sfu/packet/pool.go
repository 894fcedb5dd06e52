package packet

import (
	"sync"
	"sync/atomic"
	"time"
)

// smallSize holds a voice packet with all its extensions, so that a history of
// voice does not keep MaxSize for each.
const smallSize = 320

type refs = atomic.Int32

// Pool makes Packets and takes them back. It may be used by any number of
// goroutines; its zero value is ready.
type Pool struct {
	small, large sync.Pool
}

// New copies the bytes of a received packet, parses its header and returns it
// with one reference, the caller's. raw stays the caller's.
func (l *Pool) New(raw []byte, arrival time.Time) (*Packet, error) {
	if len(raw) > MaxSize {
		return nil, ErrTooBig
	}
	h, end, ok := ParseHeader(raw)
	if !ok {
		return nil, ErrMalformed
	}
	p := l.take(end)
	p.raw = p.buf[:copy(p.buf[:end], raw)]
	p.Header = h
	p.Arrival = arrival
	p.AudioLevel = NoLevel
	p.refs.Store(1)
	return p, nil
}

func (l *Pool) take(size int) *Packet {
	from, capacity := &l.large, MaxSize
	if size <= smallSize {
		from, capacity = &l.small, smallSize
	}
	if p, ok := from.Get().(*Packet); ok {
		return p
	}
	return &Packet{buf: make([]byte, capacity), pool: l}
}

// Retain adds a reference. The caller must hold one already.
func (p *Packet) Retain() { p.refs.Add(1) }

// Release gives a reference back; after it the caller must not touch p.
func (p *Packet) Release() {
	left := p.refs.Add(-1)
	if left > 0 {
		return
	}
	if left < 0 {
		panic("packet: released more often than retained")
	}
	p.recycle()
}

func (p *Packet) recycle() {
	p.Header, p.Arrival, p.Seq = Header{}, time.Time{}, 0
	p.Layer, p.Spatial, p.Temporal = 0, 0, 0
	p.Keyframe, p.Start, p.End, p.Voice, p.RED = false, false, false, false, false
	p.VP8, p.VP9, p.Dependency = VP8Descriptor{}, VP9Descriptor{}, Dependency{}
	p.raw = nil
	if len(p.buf) == smallSize {
		p.pool.small.Put(p)
		return
	}
	p.pool.large.Put(p)
}
