package sfu

import (
	"sync"
	"sync/atomic"

	"github.com/pion/transport/v5/packetio"

	"preau/sfu/packet"
)

// streamBuffer queues one stream's received packets; overflow drops the newest. A stream of which
// nothing has been announced shares its room with all such ones of its peer.
type streamBuffer struct {
	*packetio.Buffer
	transport *transport
	ssrc      uint32
	standing  atomic.Uint32
	name      layerName // once it is known, set before standing
	announced atomic.Bool
	ended     atomic.Bool
	waiting   int // bytes counted as unannounced, whose lock guards it
	closing   sync.Once
}

// A stream's standing.
const (
	unnamed  uint32 = iota
	accepted        // it is the layer of its name
	refused         // its name is another's
)

func (t *transport) openStream(ssrc uint32) *streamBuffer {
	b := &streamBuffer{Buffer: packetio.NewBuffer(), transport: t, ssrc: ssrc}
	b.SetLimitSize(streamBytes)
	t.mu.Lock()
	t.opened[ssrc] = b
	t.mu.Unlock()
	return b
}

// Read waits for a packet; the first packets of a stream show its name.
func (b *streamBuffer) Read(p []byte) (int, error) {
	n, _, err := b.Buffer.Read(p, nil)
	if !b.announced.Load() {
		b.transport.peer.unannounced.give(b, n)
	}
	names := b.transport.names.Load()
	if names == nil || err != nil || b.standing.Load() == accepted {
		return n, err
	}
	name, ok := names.correct(p[:n])
	if !ok {
		return n, nil
	}
	if b.standing.Load() == unnamed {
		b.name = name
		b.transport.claim(b)
	}
	if b.standing.Load() == refused {
		b.transport.peer.node.m.drop(dropName)
		packet.RenameExtension(p[:n], names.rid, 0)
	}
	return n, nil
}

// Write queues a copy of a packet.
func (b *streamBuffer) Write(p []byte) (int, error) {
	peer := b.transport.peer
	if !b.announced.Load() && !peer.unannounced.take(b, len(p)) {
		peer.node.m.drop(dropUnannounced)
		return len(p), nil
	}
	n, err := b.Buffer.Write(p, nil)
	if err != nil {
		peer.unannounced.give(b, len(p))
	}
	return n, err
}

// Close ends reads; the stream's name is free again.
func (b *streamBuffer) Close() error {
	b.closing.Do(b.release)
	return b.Buffer.Close()
}

func (b *streamBuffer) release() {
	t := b.transport
	b.ended.Store(true)
	t.streams.Add(-1)
	if !b.announced.Load() {
		t.peer.replan() // another may be guessed now
	}
	t.peer.unannounced.announce(b)
	t.mu.Lock()
	if t.opened[b.ssrc] == b {
		delete(t.opened, b.ssrc)
	}
	if b.standing.Load() == accepted && t.named[b.name] == b {
		delete(t.named, b.name)
	}
	t.mu.Unlock()
}

// claim settles whether a stream is the layer that it is named after: the first one is, until it ends.
func (t *transport) claim(b *streamBuffer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.named[b.name] != nil {
		b.standing.Store(refused)
		return
	}
	t.named[b.name] = b
	b.standing.Store(accepted)
}
