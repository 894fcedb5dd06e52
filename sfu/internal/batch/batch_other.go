//go:build !linux

package batch

import "net"

type system struct{}

type sending struct{}

// NewSocket wraps a socket.
func NewSocket(c *net.UDPConn, _ bool) *Socket { return &Socket{conn: c} }

func (s *Socket) cuts() bool { return false }

func (b *Batch) message(g *group, first int32, count int, _ int32) (failed int) {
	return b.oneByOne(g.socket, g.to, first, count)
}

func (b *Batch) send() (failed int) { return 0 }
