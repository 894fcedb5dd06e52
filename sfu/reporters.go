package sfu

import (
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtcp"
)

// Feedback that a writer alone needs, transport-wide (draft-holmer-rmcat-transport-wide-cc-extensions-01) and NACKs
// (RFC 4585), some ten packets a second and peer, is taken off the port by its address and waits sealed for the
// writer's next work: no goroutine is woken for each.

const (
	// inboxWait is how long transport-wide feedback, which comes ten times a second, waits at most where the writer
	// has nothing to do; a NACK does not.
	inboxWait = 15 * time.Millisecond
	// inboxMost is what may wait, in packets, inboxEach of one peer; feedbackSize is the size of one, in bytes.
	inboxMost    = 2048
	inboxEach    = 64
	feedbackSize = 1500
	// inboxTurn is how many are worked on before voice has its turn again.
	inboxTurn = 32
	// aliveEvery is how often one goes pion's way all the same: ICE takes it for a sign of life (RFC 7675, 5.1).
	aliveEvery = time.Second
)

// reporters knows whose feedback comes from an address.
type reporters struct {
	mu sync.RWMutex
	of map[netip.AddrPort]*outlet
}

func newReporters() *reporters { return &reporters{of: map[netip.AddrPort]*outlet{}} }

func (r *reporters) expect(from netip.AddrPort, o *outlet) {
	r.mu.Lock()
	r.of[unmapped(from)] = o
	r.mu.Unlock()
	select {
	case <-o.peer.done:
		r.forget(from, o)
	default:
	}
}

func (r *reporters) forget(from netip.AddrPort, o *outlet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if from = unmapped(from); r.of[from] == o {
		delete(r.of, from)
	}
}

// take takes a packet that came from an address; false: it is not one for a writer, or nobody's that is known.
func (r *reporters) take(b []byte, from netip.AddrPort) bool {
	if len(b) < 8 || len(b) > feedbackSize || b[0]>>6 != 2 || b[1] != byte(rtcp.TypeTransportSpecificFeedback) {
		return false
	}
	r.mu.RLock()
	o := r.of[unmapped(from)]
	r.mu.RUnlock()
	if o == nil || o.opener.Load() == nil || o.alive(time.Now()) {
		return false
	}
	if !o.writer.inbox.add(o, b) {
		o.peer.node.m.drop(dropFeedback)
	}
	return true
}

// alive says whether it is time for pion to hear of the peer. The port's reader's.
func (o *outlet) alive(now time.Time) bool {
	if last := o.heardOf.Load(); now.UnixNano()-last < int64(aliveEvery) {
		return false
	}
	o.heardOf.Store(now.UnixNano())
	return true
}

// inbox is what has come back and waits for one writer.
type inbox struct {
	wake chan struct{} // capacity 1

	mu      sync.Mutex
	timer   *time.Timer // runs while something waits
	waiting letters

	spare letters // the writer's
}

type letters struct {
	of    []letter
	bytes []byte
}

type letter struct {
	out  *outlet
	size int
	came time.Time
}

func newInbox() *inbox {
	i := &inbox{wake: make(chan struct{}, 1)}
	i.timer = time.AfterFunc(time.Hour, i.rouse)
	i.timer.Stop()
	return i
}

func (i *inbox) rouse() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// add copies a packet; false: too much waits.
func (i *inbox) add(o *outlet, b []byte) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	l := &i.waiting
	if len(l.of) == inboxMost || o.letters == inboxEach {
		return false
	}
	o.letters++
	switch {
	case b[0]&0x1f == rtcp.FormatTLN:
		i.rouse()
	case len(l.of) == 0:
		i.timer.Reset(inboxWait)
	}
	l.of = append(l.of, letter{o, len(b), time.Now()})
	l.bytes = append(l.bytes, b...)
	return true
}

// take is all that waits, valid until the next call.
func (i *inbox) take() letters {
	i.mu.Lock()
	defer i.mu.Unlock()
	l := i.waiting
	if len(l.of) == 0 {
		return l
	}
	i.timer.Stop()
	for _, one := range l.of {
		one.out.letters = 0
	}
	i.waiting = letters{i.spare.of[:0], i.spare.bytes[:0]}
	i.spare = l
	return l
}

// readInbox works on some of the feedback that has come, and says whether there is more.
func (w *writer) readInbox() (more bool) {
	if len(w.letters.of) == 0 {
		w.letters = w.inbox.take()
	}
	l := &w.letters
	for range min(inboxTurn, len(l.of)) {
		one := l.of[0]
		b := l.bytes[:one.size]
		l.of[0].out = nil
		l.of, l.bytes = l.of[1:], l.bytes[one.size:]
		w.current, w.now = one.out.peer, time.Now()
		one.out.unseal(w, b, one.came)
	}
	return len(l.of) > 0
}

// unseal opens one packet and works on it.
func (o *outlet) unseal(w *writer, sealed []byte, came time.Time) {
	plain, err := o.opener.Load().Open(sealed)
	if err != nil { // also: once more
		o.peer.node.m.drop(dropFeedback)
		return
	}
	o.opened++
	packets, err := rtcp.Unmarshal(plain)
	if err != nil {
		o.peer.node.m.drop(dropFeedback)
		return
	}
	for _, p := range packets {
		for _, ssrc := range p.DestinationSSRC() {
			o.feedbackOf(w, ssrc, p, came)
		}
	}
}
