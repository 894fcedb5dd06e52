package sfu

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/pion/webrtc/v4"
)

const (
	// socketBuffer is asked of the kernel for the media port: 100 ms of 300 videos. The kernel gives
	// what net.core.rmem_max allows.
	socketBuffer = 4 << 20
	// portTries is how often a port of the kernel's choice is looked for that is free on every
	// address.
	portTries = 16
)

func newCertificate() (*webrtc.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return webrtc.GenerateCertificate(key)
}

// place is one UDP socket to open, and the addresses that clients are told for it.
type place struct {
	bind      netip.Addr
	announced []netip.Addr
}

// places says which sockets are needed. A socket bound to every address answers from whichever the
// kernel likes best, and a client takes no answer from an address it did not ask: so each of this
// machine's addresses gets a socket of its own. What is announced and not this machine's is a
// router's that sends its packets on to us; they come to one socket.
func places(o Options) ([]place, error) {
	bind := netip.IPv4Unspecified()
	if o.Bind != "" {
		var err error
		if bind, err = netip.ParseAddr(o.Bind); err != nil {
			return nil, fmt.Errorf("address to bind: %w", err)
		}
	}
	announced, err := announcedAddrs(o, bind.Unmap())
	if err != nil {
		return nil, err
	}
	if !bind.IsUnspecified() {
		return []place{{bind, announced}}, nil
	}
	var out []place
	for _, all := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		family := ofFamily(announced, all)
		switch {
		case len(family) == 0:
		case slices.ContainsFunc(family, elsewhere):
			out = append(out, place{all, family})
		default:
			for _, a := range family {
				out = append(out, place{a, []netip.Addr{a}})
			}
		}
	}
	return out, nil
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
		if a = a.Unmap(); !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	if !bound.IsUnspecified() {
		return []netip.Addr{bound}, nil
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
		return nil, errors.New("no address to announce: give one (NodeIPs), or allow loopback")
	}
	return out, nil
}

// distance is how much of the world cannot reach an address; outside is where it sees us, if that
// was asked.
func distance(a, outside netip.Addr) int {
	switch {
	case a == outside:
		return 0
	case a.IsLoopback():
		return 3
	case a.IsPrivate():
		return 2
	}
	return 1
}

func ofFamily(addrs []netip.Addr, like netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, a := range addrs {
		if a.Is4() == like.Is4() {
			out = append(out, a)
		}
	}
	return out
}

// elsewhere says that an address is not this machine's.
func elsewhere(a netip.Addr) bool {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, 0)))
	if err != nil {
		return true
	}
	_ = c.Close()
	return false
}

// listenPlaces opens a socket at each place, all on one port; 0 has the kernel choose it.
func listenPlaces(at []place, port int) ([]*net.UDPConn, error) {
	for try := 1; ; try++ {
		conns, err := listenAll(at, uint16(port))
		if err == nil || port != 0 || len(at) == 1 || try == portTries {
			return conns, err
		}
	}
}

func listenAll(at []place, port uint16) (conns []*net.UDPConn, err error) {
	for _, p := range at {
		c, err := listenUDP(netip.AddrPortFrom(p.bind, port))
		if err != nil {
			closeAll(conns)
			return nil, err
		}
		conns = append(conns, c)
		port = localAddr(c).Port()
	}
	return conns, nil
}

func listenUDP(at netip.AddrPort) (*net.UDPConn, error) {
	network := "udp6"
	if at.Addr().Is4() {
		network = "udp4" // not both families on one socket
	}
	c, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	_ = c.SetReadBuffer(socketBuffer) // best effort: the kernel may grant less
	_ = c.SetWriteBuffer(socketBuffer)
	return c, nil
}

func localAddr(c net.PacketConn) netip.AddrPort {
	return c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func closeAll(conns []*net.UDPConn) {
	for _, c := range conns {
		_ = c.Close()
	}
}
