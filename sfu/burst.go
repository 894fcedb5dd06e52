package sfu

import (
	"net"
	"net/netip"
	"time"

	"github.com/pion/ice/v4"

	"preau/sfu/internal/batch"
)

// A writer's RTP does not leave packet by packet: what it has made of one burst is sent by few calls.
//
//	subscription ─▶ sealed in its place ──────────────────────────────▶ the writer's batch ─▶ sendmmsg, GSO
//	     └─ or: pion's SRTP, DTLS mux, ICE pair ─▶ burstConn ─RTP──────────────▲
//	                                                   └─ STUN, DTLS, RTCP ─▶ the socket, at once
//
// The batch is flushed when the writer has nothing more to do and no picture's end is to be expected, when it is
// full, and no later than burstMost after its first packet.

// burstMost is how long a packet waits at most while more is being made.
const burstMost = 2 * time.Millisecond

// burstMux gives pion connections of a peer that a writer owns.
type burstMux struct {
	*portMux
	writer    *writer
	transport *transport
}

// GetConn opens a user's connection at an announced address.
func (m burstMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	c, err := m.portMux.GetConn(ufrag, addr)
	if err != nil {
		return nil, err
	}
	direct, ok := c.(ice.AddrPortReaderWriter)
	if !ok {
		return c, nil
	}
	u, _ := addr.(*net.UDPAddr) // GetConn has looked
	return &burstConn{PacketConn: c, direct: direct, socket: m.at[unmapped(u.AddrPort())].socket, writer: m.writer, transport: m.transport}, nil
}

// burstConn is one. Only the writer sends RTP by it.
type burstConn struct {
	net.PacketConn
	direct    ice.AddrPortReaderWriter
	socket    *batch.Socket
	writer    *writer
	transport *transport
}

var _ ice.AddrPortReaderWriter = (*burstConn)(nil)

// ReadFromAddrPort reads from the connection.
func (c *burstConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	return c.direct.ReadFromAddrPort(b)
}

// WriteToAddrPort writes at once, or has RTP wait for the writer's burst.
func (c *burstConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	rtp := isRTP(b)
	if !rtp {
		c.transport.goes(b, way{udp: c, to: to})
	}
	if !rtp || !to.IsValid() || isRelayAddr(to.Addr()) {
		return c.direct.WriteToAddrPort(b, to)
	}
	c.writer.burst(c.socket, to, b)
	return len(b), nil
}

// isRTP tells it from STUN, DTLS and RTCP (RFC 7983 and RFC 5761, 4).
func isRTP(b []byte) bool {
	return len(b) > 1 && b[0] >= 128 && b[0] <= 191 && (b[1] < 192 || b[1] > 223)
}

// burst adds a packet to what waits.
func (w *writer) burst(s *batch.Socket, to netip.AddrPort, b []byte) {
	if w.batch.Empty() {
		w.burstBegan = w.now
	}
	w.unsent(w.batch.Add(s, to, b))
}

// sendBurst sends what waits, unless more is being made and it may wait for that.
func (w *writer) sendBurst() {
	if w.batch.Empty() {
		return
	}
	age := w.now.Sub(w.burstBegan)
	if !w.batch.Full() && age < burstMost {
		if len(w.voice)+len(w.video)+len(w.feedback) > 0 {
			return
		}
		if w.torn {
			if w.lingers != w.bursts {
				w.lingers = w.bursts
				w.linger.Reset(burstMost - age)
			}
			return
		}
	}
	w.unsent(w.batch.Flush())
	if w.lingers == w.bursts {
		w.linger.Stop()
	}
	w.bursts++
}

// Packets of one picture to one peer leave as one message where they are of one size, of which the last may be
// shorter (see package batch). Those of browsers nearly are: the first carries a few bytes more. evenMost is what
// padding adds at most to a packet of evenFrom bytes or more.
const (
	evenMost = 32
	evenFrom = 600
)

// even is how much padding makes a packet of size bytes as long as the one before it in this burst; last: of its
// picture.
func (o *outlet) even(size int, last bool) uint8 {
	w := o.writer
	before := o.evened
	if o.evenedIn != w.bursts || last || !o.bursts() {
		before = 0
	}
	o.evened, o.evenedIn = size, w.bursts
	switch {
	case last:
		o.evened = 0
	case size < before && before-size <= evenMost && size >= evenFrom && !o.thin:
		o.evened = before
		return uint8(before - size)
	}
	return 0
}

// bursts says whether the peer's packets leave many at a time.
func (o *outlet) bursts() bool {
	if o.sealer == nil {
		return false
	}
	at := o.transport.way.Load()
	return at != nil && at.bursts()
}

// unsent counts packets that the socket refused.
func (w *writer) unsent(n int) {
	for range n {
		w.node.m.drop(dropWrite)
	}
}
