package sfu

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// relayStale is how old a packet may be when the client's connection takes it: over a stream that
// has stalled, old media would only hold up the new.
const relayStale = time.Second

// relayConn is one TURN allocation's end inside this process.
type relayConn struct {
	table       *relayTable
	addr        netip.AddrPort
	participant string
	in          chan *downward
	closed      chan struct{}
	once        sync.Once

	mu       sync.Mutex
	deadline time.Time
	wake     chan struct{} // closed and replaced when the deadline changes
}

// downward is a packet on its way to the client.
type downward struct {
	data []byte
	from netip.AddrPort
	at   time.Time
}

// push queues a packet; a full queue drops its oldest.
func (r *relayConn) push(q *downward) {
	for {
		select {
		case r.in <- q:
			return
		default:
		}
		select {
		case <-r.in:
			r.table.dropped.Inc()
		default:
		}
	}
}

// ReadFrom yields what the media port sends to this relay.
func (r *relayConn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		r.mu.Lock()
		deadline, wake := r.deadline, r.wake
		r.mu.Unlock()
		var expired <-chan time.Time
		if !deadline.IsZero() {
			t := time.NewTimer(time.Until(deadline))
			defer t.Stop()
			expired = t.C
		}
		select {
		case q := <-r.in:
			if time.Since(q.at) > relayStale {
				r.table.dropped.Inc()
				continue
			}
			return copy(b, q.data), net.UDPAddrFromAddrPort(q.from), nil
		case <-r.closed:
			return 0, nil, net.ErrClosed
		case <-expired:
			return 0, nil, os.ErrDeadlineExceeded
		case <-wake:
		}
	}
}

// WriteTo delivers to the media port, and to nothing else.
func (r *relayConn) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-r.closed:
		return 0, net.ErrClosed
	default:
	}
	var media *mediaConn
	if u, ok := to.(*net.UDPAddr); ok {
		media = r.table.reach[unmapped(u.AddrPort())]
	}
	if media == nil {
		r.table.dropped.Inc()
		return len(b), nil
	}
	media.inject(b, r.addr)
	return len(b), nil
}

// Close frees the relayed address.
func (r *relayConn) Close() error {
	r.once.Do(func() {
		close(r.closed)
		r.table.remove(r)
	})
	return nil
}

// LocalAddr is the relayed transport address.
func (r *relayConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(r.addr) }

// SetDeadline sets the read deadline; writes never wait.
func (r *relayConn) SetDeadline(t time.Time) error { return r.SetReadDeadline(t) }

// SetReadDeadline ends a waiting ReadFrom at t.
func (r *relayConn) SetReadDeadline(t time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deadline = t
	close(r.wake)
	r.wake = make(chan struct{})
	return nil
}

// SetWriteDeadline does nothing: writes never wait.
func (r *relayConn) SetWriteDeadline(time.Time) error { return nil }
