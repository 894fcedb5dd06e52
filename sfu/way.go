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

// bursts says whether packets can leave by the port, many at a time.
func (w *way) bursts() bool { return w.udp != nil && !isRelayAddr(w.to.Addr()) }

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

// follow has pion send something when another pair may have been selected, so that the way is known. The writer's.
func (t *transport) follow() {
	if t.stale.CompareAndSwap(true, false) && t.pc.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverReport{}}) != nil {
		t.stale.Store(true)
	}
}

// lost forgets the way, until pion goes one again.
func (t *transport) lost() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at := t.way.Swap(nil); at != nil && at.to.IsValid() {
		t.peer.node.reporters.forget(at.to, t.peer.out)
	}
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
