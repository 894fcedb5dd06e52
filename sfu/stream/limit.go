package stream

import (
	"net"
	"net/netip"
	"sync"
)

// Limit counts connections that have not shown yet who they are, in all and by source, so that
// clients who open many and say nothing take a bounded share. A school's pupils come from one
// address: the bound by source is for the moment between opening and showing, not for a class.
type Limit struct {
	total, perSource int

	mu   sync.Mutex
	held int
	by   map[netip.Addr]int
}

// NewLimit bounds connections in all and from one source: an IPv4 address, or an IPv6 network of
// 64 bits, which is what one subscriber has.
func NewLimit(total, perSource int) *Limit {
	return &Limit{total: total, perSource: perSource, by: map[netip.Addr]int{}}
}

// Take counts a connection in. Release, which may be called more than once, counts it out; it is
// nil when the bound is reached and the connection is to be closed.
func (l *Limit) Take(from net.Addr) (release func()) {
	source := sourceOf(from)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held >= l.total || l.by[source] >= l.perSource {
		return nil
	}
	l.held++
	l.by[source]++
	return sync.OnceFunc(func() { l.release(source) })
}

func (l *Limit) release(source netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held--
	if l.by[source]--; l.by[source] == 0 {
		delete(l.by, source)
	}
}

// Held is how many are counted now.
func (l *Limit) Held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held
}

func sourceOf(from net.Addr) netip.Addr {
	ap, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return netip.Addr{} // all that has no address is one source
	}
	a := ap.Addr().Unmap().WithZone("")
	if a.Is4() {
		return a
	}
	network, _ := a.Prefix(64)
	return network.Addr()
}
