// Package history keeps the last packets of one layer, for all who may ask for
// one again.
//
// It owns a reference to each packet it keeps. It knows no subscriber and runs
// no goroutine: the layer's reader adds, any number of writers look up.
package history

import (
	"sync"

	"preau/sfu/packet"
)

// Options bound what a History keeps; zero values mean the defaults.
type Options struct {
	Packets int // rounded up to a power of two; 1,024 by default
	Bytes   int // 1 MiB by default; the oldest packets go first
}

// History is a ring of the last packets of one layer.
type History struct {
	limit int

	mu     sync.RWMutex
	ring   []*packet.Packet // by sequence number modulo its length
	oldest uint64           // nothing before it is kept
	next   uint64           // one after the highest number added; 0: nothing yet
	bytes  int
}

// New makes an empty History.
func New(o Options) *History {
	if o.Packets <= 0 {
		o.Packets = 1024
	}
	if o.Bytes <= 0 {
		o.Bytes = 1 << 20
	}
	size := 1
	for size < o.Packets {
		size *= 2
	}
	return &History{limit: o.Bytes, ring: make([]*packet.Packet, size)}
}

// Add keeps a packet under its Seq with a reference of its own. One that is
// there already, or is older than what is kept, is not kept: false. A caller
// may use that to drop duplicates.
func (h *History) Add(p *packet.Packet) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.next == 0 {
		h.oldest, h.next = p.Seq, p.Seq
	}
	if p.Seq >= h.next {
		h.advanceLocked(p.Seq)
	}
	if p.Seq < h.oldest && !h.reopenLocked(p.Seq) {
		return false
	}
	slot := h.slot(p.Seq)
	if *slot != nil {
		return false
	}
	p.Retain()
	*slot = p
	h.bytes += len(p.Raw())
	for h.bytes > h.limit && h.oldest+1 < h.next {
		h.dropOldestLocked()
	}
	return true
}

// Get finds the packet with that Seq, with a reference for the caller, who
// must Release it; nil if it is not kept.
func (h *History) Get(seq uint64) *packet.Packet {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if seq < h.oldest || seq >= h.next {
		return nil
	}
	p := *h.slot(seq)
	if p != nil {
		p.Retain()
	}
	return p
}

// Has says whether the packet with that Seq is kept.
func (h *History) Has(seq uint64) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return seq >= h.oldest && seq < h.next && *h.slot(seq) != nil
}

// Newest is the packet with the highest number, as from Get: what probing
// padding repeats.
func (h *History) Newest() *packet.Packet {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.next == 0 {
		return nil
	}
	p := *h.slot(h.next - 1)
	if p != nil {
		p.Retain()
	}
	return p
}

// Clear lets go of all packets; the History may be used again.
func (h *History) Clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.oldest < h.next {
		h.dropOldestLocked()
	}
	h.oldest, h.next = 0, 0
}

func (h *History) slot(seq uint64) **packet.Packet {
	return &h.ring[seq&uint64(len(h.ring)-1)]
}

// advanceLocked makes seq the highest number.
func (h *History) advanceLocked(seq uint64) {
	size := uint64(len(h.ring))
	for h.oldest < h.next && seq-h.oldest >= size {
		h.dropOldestLocked()
	}
	if seq-h.oldest >= size {
		h.oldest = seq - size + 1
	}
	h.next = seq + 1
}

// reopenLocked takes back numbers before the oldest while the ring has room,
// for the packet that comes late at the very beginning.
func (h *History) reopenLocked(seq uint64) bool {
	if h.next-seq > uint64(len(h.ring)) || h.bytes >= h.limit {
		return false
	}
	h.oldest = seq
	return true
}

func (h *History) dropOldestLocked() {
	slot := h.slot(h.oldest)
	if p := *slot; p != nil {
		h.bytes -= len(p.Raw())
		*slot = nil
		p.Release()
	}
	h.oldest++
}
