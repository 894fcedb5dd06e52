package signaling

import (
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
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
	// A link is a weak one, for which presence waits longer, where less than thinLink is left beside the
	// voices, in bits a second, or where TCP's round trip is slowTrip: an estimate that is young knows of
	// no thin link yet.
	thinLink = 500_000
	slowTrip = 200 * time.Millisecond
	// tripEvery is how long what TCP has measured is taken for known.
	tripEvery = time.Second
)

// pacing holds the sockets of each participant to a rate.
type pacing struct {
	proxies []netip.Prefix // fixed after construction

	mu    sync.Mutex
	seats map[seatKey]*pacedSeat
	homes map[netip.Addr]*home
}

type pacedSeat struct {
	spare uint64 // bits a second; 0: not known
	conns map[net.Conn]*paced
	slow  bool      // TCP's round trip is
	asked time.Time // when that was looked at
}

// paced is a connection that carries sockets of a participant.
type paced struct {
	home    *home     // where it comes from; nil: not known
	page    *pageConn // what the page comes by, too; nil: it does not
	sockets int
}

func newPacing(proxies []netip.Prefix) *pacing {
	return &pacing{proxies: proxies, seats: map[seatKey]*pacedSeat{}, homes: map[netip.Addr]*home{}}
}

// hold counts a socket among a participant's, until it is released. A proxy's connection may carry others, too: a
// stream of it is paced by what is written. behind is the address of a client whom a proxy tells of, if one does.
func (p *pacing) hold(k seatKey, c net.Conn, behind netip.Addr) (release func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stream, ok := c.(*streamConn); ok && stream.carrier != nil && p.homeOf(stream.carrier) != nil {
		c = stream.carrier
	}
	s := p.seats[k]
	if s == nil {
		s = &pacedSeat{conns: map[net.Conn]*paced{}}
		p.seats[k] = s
	}
	if s.conns[c] == nil {
		s.conns[c] = p.found(c, behind)
		s.conns[c].sit(s)
	}
	s.conns[c].sockets++
	s.apply()
	return func() { p.release(k, s, c) }
}

func (p *pacing) release(k seatKey, s *pacedSeat, c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := s.conns[c]
	at.sockets--
	if at.sockets > 0 {
		return
	}
	delete(s.conns, c)
	if h := at.home; h != nil {
		if !s.at(h) {
			delete(h.seats, s)
			h.apply()
		}
		if at.page != nil {
			at.page.seated--
			h.applyTo(c, at.page)
		}
		p.leave(h)
	}
	if len(s.conns) == 0 && p.seats[k] == s {
		delete(p.seats, k)
	} else {
		s.apply()
	}
}

// found is what is known of a connection. The lock is held.
func (p *pacing) found(c net.Conn, behind netip.Addr) *paced {
	var h *home
	if behind.IsValid() {
		h = p.homeAt(behind)
	} else {
		h = p.homeOf(c)
	}
	if h == nil {
		return &paced{}
	}
	return &paced{home: h, page: h.pages[c]}
}

// sit notes that a participant has sockets there.
func (at *paced) sit(s *pacedSeat) {
	if at.home != nil {
		at.home.seats[s] = struct{}{}
	}
	if at.page != nil {
		at.page.seated++
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

// thin says whether little is left of a participant's link.
func (p *pacing) thin(k seatKey) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.seats[k]
	if s == nil {
		return false
	}
	if s.spare > 0 && s.spare < thinLink {
		return true
	}
	if now := time.Now(); now.Sub(s.asked) >= tripEvery {
		s.slow, s.asked = false, now
		for c := range s.conns {
			withSocket(c, func(fd uintptr) { s.slow = s.slow || roundTrip(fd) >= slowTrip })
		}
	}
	return s.slow
}

// pace is what each of n connections may send, in bytes a second.
func pace(spare uint64, n int) uint32 {
	if spare == 0 || spare > unpacedAbove || n == 0 {
		return unpaced
	}
	return uint32(max(pacedShare*float64(spare)/8/float64(n), leastPace))
}

func (s *pacedSeat) apply() {
	rate := pace(s.spare, len(s.conns))
	for c, at := range s.conns {
		if stream, ok := c.(*streamConn); ok {
			stream.pace.Store(rate)
		} else {
			setPaceOf(c, rate)
		}
		if at.page != nil {
			at.page.rate = rate
		}
		if at.home != nil {
			at.home.apply()
		}
	}
}

// at says whether one of the participant's sockets comes from there.
func (s *pacedSeat) at(h *home) bool {
	for _, other := range s.conns {
		if other.home == h {
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
