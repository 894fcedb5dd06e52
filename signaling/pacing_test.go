//go:build linux

package signaling

import (
	"errors"
	"io"
	"net"
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
	p := newPacing()
	lea, amina := seatKey{"", "maths", "lea"}, seatKey{"", "maths", "amina"}
	page, _ := tcpPair(t)
	media, _ := tcpPair(t)
	other, _ := tcpPair(t)
	defer p.hold(amina, other)()
	defer p.hold(lea, page)()
	p.set(lea, 16_000)
	if got := paceOf(t, page); got != 1400 {
		t.Errorf("one socket of 16 kb/s: %d B/s", got)
	}
	release := p.hold(lea, media)
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
	p := newPacing()
	defer p.hold(seatKey{}, near)()
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
