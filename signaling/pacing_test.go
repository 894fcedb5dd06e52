//go:build linux

package signaling

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// tcpPair is both ends of a TCP connection over loopback, whose segments are of the size that a
// network carries: loopback's own are of 64 kB.
func tcpPair(t *testing.T) (near, far net.Conn) {
	t.Helper()
	sized := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (failed error) {
		err := c.Control(func(fd uintptr) { failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, 1400) })
		return errors.Join(err, failed)
	}}
	l, err := sized.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if far, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if near, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far
}

// paceOf is the socket's bound as the kernel has it, in bytes a second.
func paceOf(t *testing.T, c net.Conn) (rate uint32) {
	t.Helper()
	if err := socketOf(c).Control(func(fd uintptr) {
		n, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE)
		if err != nil {
			t.Error(err)
		}
		rate = uint32(n)
	}); err != nil {
		t.Fatal(err)
	}
	return rate
}

// All sockets of a participant share what the voices leave; who else sits there has nothing to do with it.
func TestSocketsSharePace(t *testing.T) {
	p := newPacing(nil)
	lea, amina := seatKey{"", "maths", "lea"}, seatKey{"", "maths", "amina"}
	page, _ := tcpPair(t)
	media, _ := tcpPair(t)
	other, _ := tcpPair(t)
	defer p.hold(amina, other, netip.Addr{})()
	defer p.hold(lea, page, netip.Addr{})()
	p.set(lea, 16_000)
	if got := paceOf(t, page); got != 1400 {
		t.Errorf("one socket of 16 kb/s: %d B/s", got)
	}
	release := p.hold(lea, media, netip.Addr{})
	if a, b := paceOf(t, page), paceOf(t, media); a != 700 || b != 700 {
		t.Errorf("two sockets of 16 kb/s: %d and %d B/s", a, b)
	}
	p.set(lea, 1)
	if got := paceOf(t, page); got != leastPace {
		t.Errorf("with nothing left: %d B/s", got)
	}
	release()
	p.set(lea, 0)
	if a, b := paceOf(t, page), paceOf(t, other); a != unpaced || b != unpaced {
		t.Errorf("without an estimate: %d B/s, and somebody else's %d", a, b)
	}
}

// The kernel really holds back: 60 kB at 20 kB/s are not there at once.
func TestPacedSocketIsSlow(t *testing.T) {
	near, far := tcpPair(t)
	p := newPacing(nil)
	defer p.hold(seatKey{}, near, netip.Addr{})()
	p.set(seatKey{}, 230_000)
	begun := time.Now()
	go func() { _, _ = near.Write(make([]byte, 60_000)) }() // the reader tells
	if _, err := io.ReadFull(far, make([]byte, 60_000)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < time.Second {
		t.Errorf("60 kB came in %v at %d B/s", took, pace(230_000, 1))
	}
}

// from makes a connection seem to come from elsewhere.
type from struct {
	net.Conn
	addr string
}

func (f from) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(f.addr)) }
func (f from) NetConn() net.Conn    { return f.Conn }

// What a page loads is paced by the thinnest link of who sits at its address, there alone; not where
// many sit, nor from a proxy's address.
func TestPagesArePaced(t *testing.T) {
	p := newPacing([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	connect := func(addr string) net.Conn {
		c, _ := tcpPair(t)
		return from{c, addr}
	}
	page, other, proxied := connect("203.0.113.5:1001"), connect("203.0.113.6:1002"), connect("192.0.2.1:1003")
	for _, c := range []net.Conn{page, other, proxied} {
		p.connState(c, http.StateNew)
	}
	sits := func(who, addr string, spare uint64) func() {
		k := seatKey{"", "maths", who}
		release := p.hold(k, connect(addr), netip.Addr{})
		p.set(k, spare)
		return release
	}
	wants := func(what string, c net.Conn, want uint32) {
		t.Helper()
		if got := paceOf(t, c); got != want {
			t.Errorf("%s: %d B/s, want %d", what, got, want)
		}
	}
	leave := sits("lea", "203.0.113.5:2001", 32_000)
	sits("amina", "192.0.2.1:2002", 32_000)
	wants("beside a thin link", page, 700)
	wants("elsewhere", other, unpaced)
	wants("of a proxy", proxied, unpaced)
	late := connect("203.0.113.5:1004")
	p.connState(late, http.StateNew)
	wants("that comes later", late, 700)
	p.connState(late, http.StateHijacked)
	wants("that is a websocket now", late, unpaced)
	brother := sits("karim", "203.0.113.5:2003", 8_000)
	wants("beside two", page, leastPace)
	brother()
	wants("beside one again", page, 700)
	p.set(seatKey{"", "maths", "lea"}, thinPage+1)
	wants("beside a link that is none", page, unpaced)
	p.set(seatKey{"", "maths", "lea"}, 32_000)
	var others []func()
	for i := range household {
		others = append(others, sits(string(rune('a'+i)), "203.0.113.5:2004", 32_000))
	}
	wants("of a school", page, unpaced)
	for _, o := range others {
		o()
	}
	wants("beside one that stays", page, 700)
	leave()
	wants("where nobody sits", page, unpaced)
	for _, c := range []net.Conn{page, other, proxied} {
		p.connState(c, http.StateClosed)
	}
	if len(p.homes) != 0 {
		t.Errorf("%d addresses are remembered", len(p.homes))
	}
}

// Websockets that are streams of the page's connection are paced with it, as one; a proxy's connection,
// which carries other people too, is not.
func TestStreamsArePacedAsOne(t *testing.T) {
	p := newPacing([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	lea, amina := seatKey{"", "maths", "lea"}, seatKey{"", "maths", "amina"}
	connect := func(addr string) net.Conn {
		c, _ := tcpPair(t)
		p.connState(from{c, addr}, http.StateNew)
		return from{c, addr}
	}
	page, proxied := connect("203.0.113.5:1001"), connect("192.0.2.1:1002")
	class := p.hold(lea, &streamConn{carrier: page}, netip.Addr{})
	media := p.hold(lea, &streamConn{carrier: page}, netip.Addr{})
	hers := &streamConn{carrier: proxied, remote: proxied.RemoteAddr()}
	defer p.hold(amina, hers, netip.Addr{})()
	defer p.hold(amina, &streamConn{remote: proxied.RemoteAddr()}, netip.Addr{})()
	p.set(lea, 16_000)
	p.set(amina, 16_000)
	if got := paceOf(t, page); got != 1400 {
		t.Errorf("two streams of 16 kb/s: %d B/s", got)
	}
	if got := paceOf(t, proxied); got != unpaced {
		t.Errorf("a proxy's: %d B/s", got)
	}
	if got := hers.pace.Load(); got != 700 {
		t.Errorf("one of two streams of a proxy's: %d B/s", got)
	}
	class()
	if got := paceOf(t, page); got != 1400 {
		t.Errorf("one stream of 16 kb/s: %d B/s", got)
	}
	media()
	if got := paceOf(t, page); got != unpaced {
		t.Errorf("without streams: %d B/s", got)
	}
	p.connState(page, http.StateClosed)
	p.connState(proxied, http.StateClosed)
	if len(p.homes) != 0 {
		t.Errorf("%d addresses are remembered", len(p.homes))
	}
}
