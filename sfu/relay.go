package sfu

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/pion/turn/v5"
)

// Relayed transport addresses are taken from the benchmarking range (RFC 2544, 198.18.0.0/15):
// no socket has them, no packet to them leaves this process, and no client can own one.
var relayPrefix = netip.MustParsePrefix("198.18.0.0/15")

func isRelayAddr(a netip.Addr) bool { return relayPrefix.Contains(a.Unmap()) }

var errRelayKind = errors.New("only UDP relays to this node")

// relayMaker makes the relays of the embedded TURN: connections inside this process.
type relayMaker struct {
	media   *mediaConn
	reaches func(netip.AddrPort) bool // is this our own media port?

	mu   sync.Mutex
	next uint32
}

var _ turn.RelayAddressGenerator = (*relayMaker)(nil)

// Validate has nothing to check.
func (m *relayMaker) Validate() error { return nil }

// AllocatePacketConn makes a relay with an address nobody else has.
func (m *relayMaker) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if c.Network != "udp4" && c.Network != "udp" {
		return nil, nil, errRelayKind
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.media.mu.Lock()
	defer m.media.mu.Unlock()
	for range 1 << 16 {
		m.next++
		n := m.next
		addr := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 18 + byte(n>>22&1), byte(n >> 14), 1}), uint16(n&0x3fff)+1024)
		if m.media.relays[addr] != nil {
			continue
		}
		r := &relayConn{maker: m, addr: addr, in: make(chan []byte, relayQueue), closed: make(chan struct{}), wake: make(chan struct{})}
		m.media.relays[addr] = r
		return r, net.UDPAddrFromAddrPort(addr), nil
	}
	return nil, nil, errors.New("no relayed address is free")
}

// AllocateListener refuses: no TCP relays.
func (m *relayMaker) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errRelayKind
}

// AllocateConn refuses: no TCP relays.
func (m *relayMaker) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) {
	return nil, errRelayKind
}

// relayConn is one TURN allocation's end inside this process.
type relayConn struct {
	maker  *relayMaker
	addr   netip.AddrPort
	in     chan []byte
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	deadline time.Time
	wake     chan struct{} // closed and replaced when the deadline changes
}

func (r *relayConn) push(b []byte) {
	select {
	case r.in <- append([]byte(nil), b...):
	default:
		r.maker.media.dropped.Inc()
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
		case p := <-r.in:
			return copy(b, p), r.maker.media.LocalAddr(), nil
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
	u, ok := to.(*net.UDPAddr)
	if !ok || !r.maker.reaches(u.AddrPort()) {
		r.maker.media.dropped.Inc()
		return len(b), nil
	}
	r.maker.media.inject(b, r.addr)
	return len(b), nil
}

// Close frees the relayed address.
func (r *relayConn) Close() error {
	r.once.Do(func() {
		close(r.closed)
		r.maker.media.mu.Lock()
		delete(r.maker.media.relays, r.addr)
		r.maker.media.mu.Unlock()
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
