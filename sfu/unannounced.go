package sfu

import "sync"

// maxUnannounced is how many bytes of media a client's streams may hold, in all, before they are known
// as layers of a publication: three seconds of a camera, and no more, however many streams it invents.
const maxUnannounced = 1 << 20

// unannounced counts the bytes that wait in a peer's streams nobody reads yet.
type unannounced struct {
	mu    sync.Mutex
	bytes int
}

// take asks for room for a packet of a stream.
func (u *unannounced) take(b *streamBuffer, size int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if b.announced.Load() {
		return true
	}
	if u.bytes+size > maxUnannounced {
		return false
	}
	u.bytes, b.waiting = u.bytes+size, b.waiting+size
	return true
}

// give returns what take has given for a packet that waits no longer.
func (u *unannounced) give(b *streamBuffer, size int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	size = min(size, b.waiting)
	u.bytes, b.waiting = u.bytes-size, b.waiting-size
}

// announce frees a stream from the bound, and the others of what it holds.
func (u *unannounced) announce(b *streamBuffer) {
	u.mu.Lock()
	defer u.mu.Unlock()
	b.announced.Store(true)
	u.bytes, b.waiting = u.bytes-b.waiting, 0
}
