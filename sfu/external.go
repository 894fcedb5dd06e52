package sfu

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/pion/stun/v4"
)

const (
	// stunFirst is the first wait for an answer, doubled each time (RFC 8489, section 6.2.1).
	stunFirst = 500 * time.Millisecond
	stunTries = 3
)

// askOutside asks a STUN server at which address the world sees our media port, and has clients
// told that address before our own. It is asked from the media socket itself, before anything else
// reads it, so that a router that changes the port is found out.
func (n *Node) askOutside(at []place, sockets []*net.UDPConn) (netip.Addr, error) {
	server, i, err := stunServer(n.o.STUNServer, at)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("finding the external address: %w", err)
	}
	outside, err := reflexive(sockets[i], server)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("finding the external address: STUN server %s: %w", n.o.STUNServer, err)
	}
	own := localAddr(sockets[i]).Port()
	n.log.Info("external address found", "address", outside.Addr(), "asked", n.o.STUNServer)
	if outside.Port() != own {
		n.log.Warn("the router changes the media port: it must send this port on to this machine unchanged",
			"port", own, "seen", outside.Port())
	}
	if !slices.ContainsFunc(at, func(p place) bool { return slices.Contains(p.announced, outside.Addr()) }) {
		at[i].announced = append([]netip.Addr{outside.Addr()}, at[i].announced...)
	}
	return outside.Addr(), nil
}

// stunServer resolves the server's name, and says from which socket it is to be asked: the one with
// the address from which this machine would send to it.
func stunServer(name string, at []place) (server netip.AddrPort, socket int, err error) {
	for _, network := range []string{"udp4", "udp6"} {
		var c net.Conn
		if c, err = net.Dial(network, name); err != nil {
			continue // a connected UDP socket sends nothing by itself
		}
		server = unmapped(c.RemoteAddr().(*net.UDPAddr).AddrPort())
		own := c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
		_ = c.Close()
		socket = slices.IndexFunc(at, func(p place) bool {
			return p.bind == own || (p.bind.IsUnspecified() && p.bind.Is4() == own.Is4())
		})
		if socket >= 0 {
			return server, socket, nil
		}
		err = fmt.Errorf("this machine would ask %s from %s, where no media is listened for", name, own)
	}
	return netip.AddrPort{}, 0, err
}

// reflexive is the address a STUN server sees a socket at.
func reflexive(c *net.UDPConn, server netip.AddrPort) (netip.AddrPort, error) {
	request, err := stun.Build(stun.TransactionID, stun.BindingRequest)
	if err != nil {
		return netip.AddrPort{}, err
	}
	wait := stunFirst
	for range stunTries {
		if _, err := c.WriteToUDPAddrPort(request.Raw, server); err != nil {
			return netip.AddrPort{}, err
		}
		mapped, err := reflexiveAnswer(c, server, request.TransactionID, time.Now().Add(wait))
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return mapped, errors.Join(err, c.SetReadDeadline(time.Time{}))
		}
		wait *= 2
	}
	return netip.AddrPort{}, errors.New("no answer")
}

// reflexiveAnswer waits for the answer to one request; whatever else comes is passed over.
func reflexiveAnswer(c *net.UDPConn, server netip.AddrPort, id [stun.TransactionIDSize]byte, until time.Time) (netip.AddrPort, error) {
	if err := c.SetReadDeadline(until); err != nil {
		return netip.AddrPort{}, err
	}
	buf := make([]byte, 1500)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return netip.AddrPort{}, err
		}
		if unmapped(from) != server {
			continue
		}
		if mapped, ok := readReflexive(buf[:n], id); ok {
			return mapped, nil
		}
	}
}

// readReflexive reads a binding response to the request of that id.
func readReflexive(raw []byte, id [stun.TransactionIDSize]byte) (netip.AddrPort, bool) {
	m := stun.Message{Raw: raw}
	if m.Decode() != nil || m.TransactionID != id || m.Type != stun.BindingSuccess {
		return netip.AddrPort{}, false
	}
	var mapped stun.XORMappedAddress
	if mapped.GetFrom(&m) != nil {
		return netip.AddrPort{}, false
	}
	a, ok := netip.AddrFromSlice(mapped.IP)
	return netip.AddrPortFrom(a.Unmap(), uint16(mapped.Port)), ok
}
