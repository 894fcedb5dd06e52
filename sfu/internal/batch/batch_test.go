package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

func listen(t *testing.T, network, address string) *net.UDPConn {
	t.Helper()
	at, err := net.ResolveUDPAddr(network, address)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.ListenUDP(network, at)
	if err != nil {
		t.Skip("this machine has no such address: ", err)
	}
	_ = c.SetReadBuffer(4 << 20)
	_ = c.SetWriteBuffer(4 << 20)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func addrOf(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

// numbered is a packet that tells its number.
func numbered(n, size int) []byte {
	b := bytes.Repeat([]byte{byte(n)}, size)
	binary.BigEndian.PutUint32(b, uint32(n))
	return b
}

// receives reads packets and holds them to what was sent, in order.
func receives(t *testing.T, c *net.UDPConn, sizes []int, read chan<- struct{}) {
	t.Helper()
	if read != nil {
		defer close(read)
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 65536)
	for n, size := range sizes {
		got, err := c.Read(buf)
		if err != nil {
			t.Errorf("packet %d of %d: %v", n, len(sizes), err)
			return
		}
		if !bytes.Equal(buf[:got], numbered(n, size)) {
			t.Errorf("packet %d: %d bytes that begin % x, want %d", n, got, buf[:min(got, 8)], size)
			return
		}
		if read != nil {
			read <- struct{}{}
		}
	}
}

func TestEachGetsItsPacketsInOrder(t *testing.T) {
	pictures := []int{1200, 1200, 1200, 700, 1200, 1201, 90, 90, 1200, 4, 1200}
	many, small := make([]int, 400), make([]int, 400)
	for i := range many {
		many[i], small[i] = 1000+i%7/6, 40
	}
	for name, c := range map[string]struct {
		sizes []int
		flush int // after so many to each; what is left at the end
	}{
		"one": {[]int{100}, 10}, "pictures": {pictures, 20}, "many": {many, 50}, "more than fit": {small, 1000},
	} {
		for _, cut := range []bool{true, false} {
			for _, family := range [][2]string{{"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}} {
				t.Run(name, func(t *testing.T) { inOrder(t, c.sizes, c.flush, cut, family) })
			}
		}
	}
}

func inOrder(t *testing.T, sizes []int, flush int, cut bool, family [2]string) {
	s := NewSocket(listen(t, family[0], family[1]), cut)
	var to []*net.UDPConn
	var read []chan struct{}
	for i := range 3 {
		to, read = append(to, listen(t, family[0], family[1])), append(read, make(chan struct{}, len(sizes)))
		go receives(t, to[i], sizes, read[i])
	}
	// Loopback loses what a receiver's buffer cannot take: nothing is sent before what went out has been read.
	caughtUp := func(packets int) {
		for _, one := range read {
			for range packets {
				<-one
			}
		}
	}
	b, failed, waiting := New(), 0, 0
	for n, size := range sizes {
		for turn := range to { // not always in one turn
			c := to[(turn+n/5)%len(to)]
			failed += b.Add(s, addrOf(c), numbered(n, size))
		}
		if waiting++; waiting == flush {
			failed += b.Flush()
			caughtUp(waiting)
			waiting = 0
		}
	}
	if failed += b.Flush(); failed > 0 || !b.Empty() {
		t.Errorf("%d failed; empty: %v", failed, b.Empty())
	}
	caughtUp(waiting)
}

// A message that cannot be sent costs its own packets alone.
func TestAFailureIsItsOwn(t *testing.T) {
	s := NewSocket(listen(t, "udp4", "127.0.0.1:0"), true)
	to := listen(t, "udp4", "127.0.0.1:0")
	b := New()
	nowhere := netip.MustParseAddrPort("127.0.0.1:0") // no port
	for n := range 4 {
		b.Add(s, addrOf(to), numbered(n, 500))
		b.Add(s, nowhere, numbered(n, 500))
	}
	if failed := b.Flush(); failed != 4 {
		t.Errorf("%d failed, not the 4", failed)
	}
	receives(t, to, []int{500, 500, 500, 500}, nil)
}

func TestClosed(t *testing.T) {
	c := listen(t, "udp4", "127.0.0.1:0")
	s := NewSocket(c, true)
	b := New()
	to := addrOf(listen(t, "udp4", "127.0.0.1:0"))
	_ = c.Close()
	for n := range 3 {
		b.Add(s, to, numbered(n, 500))
	}
	if failed := b.Flush(); failed != 3 || !b.Empty() {
		t.Errorf("%d failed, empty: %v", failed, b.Empty())
	}
}

// Several writers share a socket.
func TestTwoBatchesOnOneSocket(t *testing.T) {
	s := NewSocket(listen(t, "udp4", "127.0.0.1:0"), true)
	sizes := make([]int, 200)
	for i := range sizes {
		sizes[i] = 900
	}
	var both sync.WaitGroup
	for range 2 {
		to := listen(t, "udp4", "127.0.0.1:0")
		both.Go(func() { receives(t, to, sizes, nil) })
		both.Go(func() {
			b := New()
			for n, size := range sizes {
				b.Add(s, addrOf(to), numbered(n, size))
				if n%8 == 7 {
					b.Flush()
				}
			}
			b.Flush()
		})
	}
	both.Wait()
}

func TestNoAllocations(t *testing.T) {
	s := NewSocket(listen(t, "udp4", "127.0.0.1:0"), true)
	var to []netip.AddrPort
	for range 20 {
		to = append(to, addrOf(listen(t, "udp4", "127.0.0.1:0")))
	}
	b, p := New(), numbered(1, 1000)
	burst := func() {
		for range 5 {
			for _, a := range to {
				b.Add(s, a, p)
			}
		}
		b.Flush()
	}
	burst()
	if n := testing.AllocsPerRun(20, burst); n > 0 {
		t.Errorf("%v allocations a burst", n)
	}
}

// What is sent one by one and in bursts is read, each packet with where it came from; a deadline ends the wait, and
// reading goes on after it.
func TestReaderReadsAll(t *testing.T) {
	for _, family := range [][2]string{{"udp4", "127.0.0.1:0"}, {"udp6", "[::1]:0"}} {
		t.Run(family[0], func(t *testing.T) {
			in := listen(t, family[0], family[1])
			r := NewReader(NewSocket(in, true))
			out := listen(t, family[0], family[1])
			s := NewSocket(out, true)
			if err := in.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			buf := make([]byte, 9000)
			if _, _, err := r.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("nothing is read with %v", err)
			}
			_ = in.SetReadDeadline(time.Now().Add(10 * time.Second))
			const packets = 100
			b := New()
			for n := range packets {
				if n%2 == 0 {
					b.Add(s, addrOf(in), numbered(n, 200))
					continue
				}
				b.Flush()
				if _, err := s.Send(numbered(n, 300), addrOf(in)); err != nil {
					t.Fatal(err)
				}
			}
			b.Flush()
			for n := range packets {
				size, from, err := r.Read(buf)
				if err != nil {
					t.Fatalf("packet %d: %v", n, err)
				}
				if want := numbered(n, 200+n%2*100); !bytes.Equal(buf[:size], want) || from != addrOf(out) {
					t.Errorf("packet %d: %d bytes from %v", n, size, from)
				}
			}
			_, _ = s.Send(make([]byte, 20_000), addrOf(in)) // longer than is taken
			_, _ = s.Send(numbered(7, 50), addrOf(in))
			if size, _, err := r.Read(buf); err != nil || size != 50 {
				t.Errorf("after a packet too long: %d bytes, %v", size, err)
			}
			_ = in.Close()
			if _, _, err := r.Read(buf); !errors.Is(err, net.ErrClosed) {
				t.Errorf("closed: %v", err)
			}
		})
	}
}
