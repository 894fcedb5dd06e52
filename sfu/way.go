package sfu

import (
	"net"
	"net/netip"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
)

// way is where a transport's packets leave: by the pair that ICE has selected. It is learned from what pion sends
// itself, DTLS at first and RTCP later.
type way struct {
	udp *burstConn
	to  netip.AddrPort

	tcp  net.PacketConn // nil: UDP
	addr net.Addr
}

// goes notes the way of a packet that pion sends; connectivity checks go everywhere.
func (t *transport) goes(b []byte, now way) {
	if len(b) == 0 || b[0] < 20 { // STUN (RFC 7983)
		return
	}
	if was := t.way.Load(); was != nil && *was == now {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.way.Swap(&now)
	if t.peer.out == nil || t.peer.out.transport != t {
		return
	}
	if was != nil && was.to.IsValid() {
		t.peer.node.reporters.forget(was.to, t.peer.out)
	}
	if now.to.IsValid() {
		t.peer.node.reporters.expect(now.to, t.peer.out)
	}
}

// pairChanged has pion send something, so that the way is known.
func (t *transport) pairChanged() {
	defer t.peer.node.guard(t.peer, "candidate pair")
	_ = t.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverReport{}}) // not connected yet: DTLS shows the way
}

// wayMux gives pion connections for ICE over TCP that tell the way.
type wayMux struct {
	*ice.TCPMuxDefault
	transport *transport
}

// GetConnByUfrag opens a user's connection.
func (m wayMux) GetConnByUfrag(ufrag string, isIPv6 bool, local net.IP) (net.PacketConn, error) {
	c, err := m.TCPMuxDefault.GetConnByUfrag(ufrag, isIPv6, local)
	if err != nil {
		return nil, err
	}
	return &wayConn{c, m.transport}, nil
}

type wayConn struct {
	net.PacketConn
	transport *transport
}

// WriteTo writes to one of the user's streams.
func (c *wayConn) WriteTo(b []byte, to net.Addr) (int, error) {
	if !isRTP(b) {
		c.transport.goes(b, way{tcp: c.PacketConn, addr: to})
	}
	return c.PacketConn.WriteTo(b, to)
}
