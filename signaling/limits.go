package signaling

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// maxAddresses bounds a throttle's memory; beyond it the addresses seen so far
// are forgotten at once, which errs towards letting people in.
const maxAddresses = 100_000

// throttle holds one token bucket for each client address.
type throttle struct {
	every rate.Limit
	burst int

	mu        sync.Mutex // guards what follows
	addresses map[netip.Addr]*rate.Limiter
}

func newThrottle(perSecond float64, burst int) *throttle {
	return &throttle{every: rate.Limit(perSecond), burst: burst, addresses: map[netip.Addr]*rate.Limiter{}}
}

// allow takes one from the address's bucket, and says whether there was one.
func (t *throttle) allow(a netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bucketLocked(a).Allow()
}

func (t *throttle) bucketLocked(a netip.Addr) *rate.Limiter {
	a = network(a)
	l, ok := t.addresses[a]
	if !ok {
		if len(t.addresses) >= maxAddresses {
			clear(t.addresses)
		}
		l = rate.NewLimiter(t.every, t.burst)
		t.addresses[a] = l
	}
	return l
}

// sweep forgets the addresses whose bucket is full again.
func (t *throttle) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for a, l := range t.addresses {
		if l.TokensAt(now) >= float64(t.burst) {
			delete(t.addresses, a)
		}
	}
}

// network is what one subscriber of a provider holds: an IPv4 address, or the
// /64 within which an IPv6 host chooses its own (RFC 6177, RFC 8981).
func network(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if a.Is4() || !a.IsValid() {
		return a
	}
	prefix, err := a.Prefix(64)
	if err != nil {
		return a
	}
	return prefix.Addr()
}

// clientAddr is where a request came from: the connection's peer, or, where that
// is a trusted proxy, the last address in X-Forwarded-For that is none.
func clientAddr(r *http.Request, proxies []netip.Prefix) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, _ := netip.ParseAddr(host)
	addr = addr.Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && trusted(addr, proxies); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

func trusted(a netip.Addr, proxies []netip.Prefix) bool {
	for _, p := range proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
