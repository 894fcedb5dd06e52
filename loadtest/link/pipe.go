package link

import (
	"errors"
	"net/netip"
	"os"
	"sync"
	"time"
)

// pipe is one way at work: it takes packets from one device and hands them to
// the other when the queue says so.
type pipe struct {
	from, to *device
	now      func() time.Duration
	changed  chan struct{} // of one place: the queue has something new

	mu             sync.Mutex
	target         netip.Addr // the other end: whoever else is meant gets nothing
	queue          *Queue
	stray, refused int64
}

func newPipe(from, to *device, target netip.Addr, now func() time.Duration, q *Queue) *pipe {
	return &pipe{from: from, to: to, target: target, now: now, queue: q, changed: make(chan struct{}, 1)}
}

// read runs until the device is closed.
func (p *pipe) read() {
	buffer := make([]byte, 64<<10)
	for {
		n, err := p.from.Read(buffer)
		if err != nil {
			return
		}
		p.take(buffer[:n])
	}
}

func (p *pipe) take(packet []byte) {
	p.mu.Lock()
	if destination(packet) == p.target {
		p.queue.Push(p.now(), append([]byte(nil), packet...))
	} else {
		p.stray++
	}
	p.mu.Unlock()
	p.wake()
}

// destination reads an IPv4 header (RFC 791 section 3.1).
func destination(packet []byte) netip.Addr {
	if len(packet) < 20 || packet[0]>>4 != 4 {
		return netip.Addr{}
	}
	return netip.AddrFrom4([4]byte(packet[16:20]))
}

func (p *pipe) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// write runs until stop is closed.
func (p *pipe) write(stop <-chan struct{}) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		p.mu.Lock()
		due := p.queue.Pop(p.now())
		next, more := p.queue.Next()
		p.mu.Unlock()
		p.deliver(due)
		wait := time.Hour
		if more {
			wait = next - p.now()
		}
		timer.Reset(wait)
		select {
		case <-stop:
			return
		case <-p.changed:
		case <-timer.C:
		}
	}
}

func (p *pipe) deliver(due [][]byte) {
	for _, packet := range due {
		if _, err := p.to.Write(packet); err != nil {
			p.mu.Lock()
			p.refused++
			p.mu.Unlock()
			if errors.Is(err, os.ErrClosed) {
				return
			}
		}
	}
}

// aim says which address the other end has from now on.
func (p *pipe) aim(target netip.Addr) {
	p.mu.Lock()
	p.target = target
	p.mu.Unlock()
}

func (p *pipe) set(at time.Duration, w Way) {
	p.mu.Lock()
	p.queue.Set(at, w)
	p.mu.Unlock()
	p.wake()
}

func (p *pipe) counts() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.queue.Counts()
	c.Stray, c.Refused = p.stray, p.refused
	return c
}
