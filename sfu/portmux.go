package sfu

import (
	"net"
	"net/netip"

	"github.com/pion/ice/v4"

	"preau/sfu/internal/batch"
)

// portMux is the media port as pion sees it: one mux a socket, announced under the addresses we
// choose rather than those it would find.
type portMux struct {
	muxes     []*ice.UDPMuxDefault
	at        map[netip.AddrPort]muxPlace // by announced address
	announced []net.Addr
}

type muxPlace struct {
	mux    *ice.UDPMuxDefault
	local  *net.UDPAddr
	socket *batch.Socket
}

var _ ice.UDPMux = (*portMux)(nil)

func newPortMux(conns []*mediaConn, m *metrics, logs pionLog) *portMux {
	p := &portMux{at: map[netip.AddrPort]muxPlace{}}
	for _, c := range conns {
		mux := ice.NewUDPMuxDefault(ice.UDPMuxParams{
			Logger: logs.NewLogger("udpmux"), UDPConn: c,
			OnUnhandledPacket: func([]byte, netip.AddrPort) { m.drop(dropNotSTUN) },
		})
		p.muxes = append(p.muxes, mux)
		for _, a := range c.announced {
			p.at[a] = muxPlace{mux, c.LocalAddr().(*net.UDPAddr), c.socket}
			p.announced = append(p.announced, net.UDPAddrFromAddrPort(a))
		}
	}
	return p
}

// GetListenAddresses are the announced addresses.
func (p *portMux) GetListenAddresses() []net.Addr { return p.announced }

// GetConn opens a user's connection at an announced address. When the socket is bound to one
// address, pion insists on that very address.
func (p *portMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	u, ok := addr.(*net.UDPAddr)
	if !ok {
		return nil, net.InvalidAddrError("not a UDP address")
	}
	at, ok := p.at[unmapped(u.AddrPort())]
	if !ok {
		return nil, net.InvalidAddrError("not an address of the media port")
	}
	if !at.local.IP.IsUnspecified() {
		addr = at.local
	}
	return at.mux.GetConn(ufrag, addr)
}

// RemoveConnByUfrag ends a user's connections.
func (p *portMux) RemoveConnByUfrag(ufrag string) {
	for _, m := range p.muxes {
		m.RemoveConnByUfrag(ufrag)
	}
}

// Close closes the sockets.
func (p *portMux) Close() error {
	for _, m := range p.muxes {
		_ = m.Close() // pion gives no reason
	}
	return nil
}

func unmapped(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
