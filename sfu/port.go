package sfu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

// socketBuffer is asked of the kernel for the media port: 100 ms of 300 videos. The kernel gives
// what net.core.rmem_max allows.
const socketBuffer = 4 << 20

func listenUDP(bind string, port int) (*net.UDPConn, error) {
	addr, err := net.ResolveUDPAddr("udp", net.JoinHostPort(bind, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp", addr)
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(socketBuffer) // best effort: the kernel may grant less
	_ = c.SetWriteBuffer(socketBuffer)
	return c, nil
}

func newCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return webrtc.GenerateCertificate(key)
}

// announcedAddrs are the addresses clients are told: those configured, else the one bound, else
// those of the interfaces.
func announcedAddrs(o Options, bound netip.Addr) ([]netip.Addr, error) {
	var out []netip.Addr
	for _, s := range o.NodeIPs {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return nil, fmt.Errorf("announced address: %w", err)
		}
		out = append(out, a.Unmap())
	}
	if len(out) > 0 {
		return out, nil
	}
	if b := bound.Unmap(); !b.IsUnspecified() {
		return []netip.Addr{b}, nil
	}
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("reading the interfaces' addresses: %w", err)
	}
	for _, i := range interfaces {
		ipnet, ok := i.(*net.IPNet)
		if !ok {
			continue
		}
		a, ok := netip.AddrFromSlice(ipnet.IP)
		if a = a.Unmap(); !ok || a.IsLinkLocalUnicast() || (a.IsLoopback() && !o.Loopback) {
			continue
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no address to announce: give one (NodeIPs), or allow loopback")
	}
	return out, nil
}

// portMux is pion's mux of the one UDP port, announced under the addresses we choose rather than
// those it would find.
type portMux struct {
	*ice.UDPMuxDefault
	local     net.Addr
	announced []net.Addr
	port      uint16
}

func newPortMux(c *mediaConn, announced []netip.Addr, m *metrics, logs pionLog) *portMux {
	local := c.LocalAddr().(*net.UDPAddr)
	p := &portMux{local: local, port: uint16(local.Port)}
	for _, a := range announced {
		p.announced = append(p.announced, net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, p.port)))
	}
	p.UDPMuxDefault = ice.NewUDPMuxDefault(ice.UDPMuxParams{
		Logger: logs.NewLogger("udpmux"), UDPConn: c,
		OnUnhandledPacket: func([]byte, netip.AddrPort) { m.drop(dropNotSTUN) },
	})
	return p
}

// GetListenAddresses are the announced addresses.
func (p *portMux) GetListenAddresses() []net.Addr { return p.announced }

// GetConn opens a user's connection on the port. When the port is bound to one address, pion
// insists on that very address.
func (p *portMux) GetConn(ufrag string, addr net.Addr) (net.PacketConn, error) {
	if u, ok := p.local.(*net.UDPAddr); ok && !u.IP.IsUnspecified() {
		addr = p.local
	}
	return p.UDPMuxDefault.GetConn(ufrag, addr)
}
