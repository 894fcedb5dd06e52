package signaling

import (
	"net"
	"net/http"
	"net/netip"
)

// The files of a page come over connections that nobody has signed in on. They are paced by where
// they come from: whoever loads something at an address where a class is heard over a thin link
// shares that link.

const (
	// household is how many participants at an address can be behind one thin link; more are a
	// school's, or a proxy's.
	household = 4
	// thinPage is from where on pages are not paced, in bits a second left beside the voices.
	thinPage = 500_000
	// pagesShare is as among how many sockets the pace is shared: the page loads one file after the
	// other, but the picture has its part of what the voices leave.
	pagesShare = 4
	// pageAhead is how many bytes of a page's files wait in the kernel: what is answered next, on the
	// same connection, stands behind them (RFC 9113, 5.3 can only order what has not left yet).
	pageAhead = 4 << 10
)

// home is an address from which participants, or pages, have come.
type home struct {
	addr  netip.Addr
	seats map[*pacedSeat]struct{}
	pages map[net.Conn]*pageConn
	rate  uint32    // of each page's connection, bytes a second
	files filesTurn // of pages that come by a proxy, all together
}

// pageConn is a connection by which pages come, with or without their websockets.
type pageConn struct {
	seated int    // participants whose sockets it carries: it is paced as those are
	rate   uint32 // then, bytes a second
	files  filesTurn
}

// connState follows the connections of an HTTP server (http.Server.ConnState).
func (p *pacing) connState(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		withSocket(c, func(fd uintptr) { setAhead(fd, pageAhead) })
		p.mu.Lock()
		defer p.mu.Unlock()
		if h := p.homeOf(c); h != nil {
			h.pages[c] = &pageConn{}
			if h.rate != unpaced {
				setPaceOf(c, h.rate)
			}
		}
	case http.StateHijacked, http.StateClosed:
		p.mu.Lock()
		defer p.mu.Unlock()
		if h := p.homes[p.addressOf(c)]; h != nil {
			delete(h.pages, c)
			p.leave(h)
		}
		if state == http.StateHijacked {
			setPaceOf(c, unpaced) // what it becomes is paced by itself
		}
	}
}

// addressOf is where a connection comes from; invalid: somebody may be behind it whom we do not see.
func (p *pacing) addressOf(c net.Conn) netip.Addr {
	at, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}
	}
	addr := at.Addr().Unmap()
	if addr.IsLoopback() || trusted(addr, p.proxies) {
		return netip.Addr{}
	}
	return network(addr)
}

// homeOf is where a connection comes from, made if need be; nil: it is not known. The lock is held.
func (p *pacing) homeOf(c net.Conn) *home {
	addr := p.addressOf(c)
	if !addr.IsValid() {
		return nil
	}
	return p.homeAt(addr)
}

func (p *pacing) homeAt(addr netip.Addr) *home {
	h := p.homes[addr]
	if h == nil {
		h = &home{addr: addr, seats: map[*pacedSeat]struct{}{}, pages: map[net.Conn]*pageConn{}, rate: unpaced}
		p.homes[addr] = h
	}
	return h
}

func (p *pacing) leave(h *home) {
	if len(h.pages)+len(h.seats) == 0 {
		delete(p.homes, h.addr)
	}
}

// behind is the address of who asks by a trusted proxy that tells it; invalid: nobody does.
func (p *pacing) behind(r *http.Request) netip.Addr {
	by, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !trusted(by.Addr().Unmap(), p.proxies) {
		return netip.Addr{}
	}
	if who := clientAddr(r, p.proxies); who.IsValid() && !trusted(who, p.proxies) && !who.IsLoopback() {
		return network(who)
	}
	return netip.Addr{}
}

// apply paces the pages by the thinnest link of who sits there.
func (h *home) apply() {
	rate := h.pace()
	if rate == h.rate {
		return
	}
	h.rate = rate
	for c, page := range h.pages {
		h.applyTo(c, page)
	}
}

func (h *home) applyTo(c net.Conn, p *pageConn) {
	if p.seated == 0 {
		setPaceOf(c, h.rate)
	}
}

func (h *home) pace() uint32 {
	if len(h.seats) > household {
		return unpaced
	}
	least := uint64(0)
	for s := range h.seats {
		if s.spare > 0 && (least == 0 || s.spare < least) {
			least = s.spare
		}
	}
	if least > thinPage {
		return unpaced
	}
	return pace(least, pagesShare)
}

func setPaceOf(c net.Conn, rate uint32) {
	withSocket(c, func(fd uintptr) { setPace(fd, rate) })
}

func withSocket(c net.Conn, do func(fd uintptr)) {
	if raw := socketOf(c); raw != nil {
		_ = raw.Control(do) // closed meanwhile
	}
}
