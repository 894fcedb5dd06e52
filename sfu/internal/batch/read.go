package batch

import "net/netip"

// Reader reads a socket's packets, several by one call where that is possible. For one goroutine, and the only
// one of its socket.
type Reader struct {
	socket *Socket
	plain  bool // one by one
	reading
}

// NewReader makes one.
func NewReader(s *Socket) *Reader { return &Reader{socket: s} }

// Read takes the next packet; it waits for one until the socket's read deadline.
func (r *Reader) Read(b []byte) (n int, from netip.AddrPort, err error) {
	if r.socket.raw == nil || r.plain {
		return r.socket.conn.ReadFromUDPAddrPort(b)
	}
	return r.read(b)
}
