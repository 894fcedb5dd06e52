package signaling

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"syscall"
)

// On a thin link TCP drowns the voice: its first window alone is 3.6 s of queue at 32 kb/s. The
// websockets of a participant are therefore paced by the kernel within what the media plane says is
// left of the link beside the voices, and so is what else is loaded from there (see home).

const (
	// pacedShare of what the voices leave, all sockets of a participant together.
	pacedShare = 0.7
	// leastPace is what they are given at least, in bytes a second: 4 kb/s.
	leastPace = 500
	// unpacedAbove is from where on nothing is paced, in bits a second.
	unpacedAbove = 2_000_000
	unpaced      = ^uint32(0)
)

// pacing holds the sockets of each participant to a rate.
type pacing struct {
	proxies []netip.Prefix // fixed after construction

	mu    sync.Mutex
	seats map[seatKey]*pacedSeat
	homes map[netip.Addr]*home
}

type pacedSeat struct {
	spare uint64             // bits a second; 0: not known
	conns map[net.Conn]*home // and where each comes from; nil: not known
}

func newPacing(proxies []netip.Prefix) *pacing {
	return &pacing{proxies: proxies, seats: map[seatKey]*pacedSeat{}, homes: map[netip.Addr]*home{}}
}

// hold counts a socket among a participant's, until it is released.
func (p *pacing) hold(k seatKey, c net.Conn) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.seats[k]
	if s == nil {
		s = &pacedSeat{conns: map[net.Conn]*home{}}
		p.seats[k] = s
	}
	h := p.homeOf(c)
	s.conns[c] = h
	if h != nil {
		h.seats[s] = struct{}{}
	}
	s.apply()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(s.conns, c)
		if h != nil && !s.at(h) {
			delete(h.seats, s)
			h.apply()
			p.leave(c, h)
		}
		if len(s.conns) == 0 && p.seats[k] == s {
			delete(p.seats, k)
		} else {
			s.apply()
		}
	}
}

// set takes in what is left of a participant's link.
func (p *pacing) set(k seatKey, spare uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.seats[k]; s != nil {
		s.spare = spare
		s.apply()
	}
}

// pace is what each of n sockets may send, in bytes a second.
func pace(spare uint64, n int) uint32 {
	if spare == 0 || spare > unpacedAbove || n == 0 {
		return unpaced
	}
	return uint32(max(pacedShare*float64(spare)/8/float64(n), leastPace))
}

func (s *pacedSeat) apply() {
	rate := pace(s.spare, len(s.conns))
	for c, h := range s.conns {
		setPaceOf(c, rate)
		if h != nil {
			h.apply()
		}
	}
}

// at says whether one of the participant's sockets comes from there.
func (s *pacedSeat) at(h *home) bool {
	for _, other := range s.conns {
		if other == h {
			return true
		}
	}
	return false
}

// socketOf finds the socket under TLS and other wrappings; nil: there is none.
func socketOf(c net.Conn) syscall.RawConn {
	for c != nil {
		switch inner := c.(type) {
		case syscall.Conn:
			raw, err := inner.SyscallConn()
			if err != nil {
				return nil
			}
			return raw
		case *tls.Conn:
			c = inner.NetConn()
		case interface{ NetConn() net.Conn }:
			c = inner.NetConn()
		default:
			return nil
		}
	}
	return nil
}
