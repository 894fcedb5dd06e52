//go:build !linux

package batch

import (
	"net"
	"net/netip"
)

type system struct{}

type sending struct{}

// NewSocket wraps a socket.
func NewSocket(c *net.UDPConn, _ bool) *Socket { return &Socket{conn: c} }

func (s *Socket) cuts() bool { return false }

func (b *Batch) message(g *group, first int32, count int, _ int32) (failed int) {
	return b.oneByOne(g.socket, g.to, first, count)
}

func (b *Batch) send() (failed int) { return 0 }

type reading struct{}

func (r *Reader) read(b []byte) (int, netip.AddrPort, error) {
	return r.socket.conn.ReadFromUDPAddrPort(b)
}

// Send sends one packet at once. Any goroutine.
func (s *Socket) Send(b []byte, to netip.AddrPort) (int, error) {
	return s.conn.WriteToUDPAddrPort(b, to)
}
