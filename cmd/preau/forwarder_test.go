package main

import (
	"net"
	"net/url"
	"sync"
	"testing"
)

// forwarder takes connections for a server that can be exchanged for another.
type forwarder struct {
	listener net.Listener
	mu       sync.Mutex
	target   string
}

func newForwarder(t *testing.T, to string) *forwarder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{listener: l}
	f.turn(t, to)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { f.forward(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return f
}

func (f *forwarder) url() string { return "http://" + f.listener.Addr().String() }

func (f *forwarder) turn(t *testing.T, to string) {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.target = u.Host
}

func (f *forwarder) forward(in net.Conn) {
	defer in.Close()
	f.mu.Lock()
	target := f.target
	f.mu.Unlock()
	out, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer out.Close()
	var copying sync.WaitGroup
	copying.Go(func() { pour(in, out) })
	copying.Go(func() { pour(out, in) })
	copying.Wait()
}

// pour copies until either side ends, and ends both.
func pour(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}
