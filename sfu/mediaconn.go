package sfu

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"preau/sfu/internal/batch"
)

// inboxQueue is how many packets of all the embedded TURN's relays may wait for a media socket,
// relayQueue how many of a socket's for one relay.
const (
	inboxQueue = 512
	relayQueue = 256
)

// mediaConn is a socket of the media port, into which the relays of the embedded TURN put their
// packets without a socket of their own:
//
//  1. a relay pushes its packet to the inbox (full: the newest is dropped) and expires the read
//     deadline;
//  2. the one reader (pion's mux) wakes, clears the deadline, and empties the inbox first;
//  3. what the mux writes to a relay's address goes to that relay instead of the socket.
//
// A direct packet costs nothing more than the socket's own read and write.
type mediaConn struct {
	*net.UDPConn
	socket    *batch.Socket    // the same, for bursts
	reader    *batch.Reader    // of the one who reads
	announced []netip.AddrPort // as clients know this socket
	relays    *relayTable
	reporters *reporters
	dropped   prometheus.Counter

	mu    sync.Mutex
	inbox []relayed
}

type relayed struct {
	data []byte
	from netip.AddrPort
}

func newMediaConn(c *net.UDPConn, announced []netip.Addr, relays *relayTable, reporters *reporters, dropped prometheus.Counter, cut bool) *mediaConn {
	m := &mediaConn{UDPConn: c, socket: batch.NewSocket(c, cut), relays: relays, reporters: reporters, dropped: dropped}
	m.reader = batch.NewReader(m.socket)
	for _, a := range announced {
		m.announced = append(m.announced, netip.AddrPortFrom(a, localAddr(c).Port()))
	}
	return m
}

// known is the address under which relays of a family know this socket: the first announced. Were
// there several, a relay could not tell which of them an answer is from.
func (c *mediaConn) known(like netip.Addr) (netip.AddrPort, bool) {
	for _, a := range c.announced {
		if a.Addr().Is4() == like.Is4() {
			return a, true
		}
	}
	return netip.AddrPort{}, false
}

// ReadFromAddrPort reads from the relays and the socket.
func (c *mediaConn) ReadFromAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		if r, ok := c.pop(); ok {
			if c.reporters.take(r.data, r.from) {
				continue
			}
			return copy(b, r.data), r.from, nil
		}
		n, from, err := c.reader.Read(b)
		if err == nil && c.reporters.take(b[:n], from) {
			continue
		}
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, from, err
		}
		if err := c.SetReadDeadline(time.Time{}); err != nil {
			return 0, netip.AddrPort{}, err
		}
	}
}

// ReadFrom is ReadFromAddrPort for callers that want a net.Addr.
func (c *mediaConn) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.ReadFromAddrPort(b)
	if err != nil {
		return n, nil, err
	}
	return n, net.UDPAddrFromAddrPort(from), nil
}

// WriteToAddrPort writes to the socket, or to the relay that has this address.
func (c *mediaConn) WriteToAddrPort(b []byte, to netip.AddrPort) (int, error) {
	if isRelayAddr(to.Addr()) {
		to = unmapped(to)
		if from, ok := c.known(to.Addr()); ok {
			c.relays.push(b, from, to)
		}
		return len(b), nil // gone or full: lost, as on any network
	}
	return c.socket.Send(b, to)
}

// WriteTo is WriteToAddrPort for callers that have a net.Addr.
func (c *mediaConn) WriteTo(b []byte, to net.Addr) (int, error) {
	u, ok := to.(*net.UDPAddr)
	if !ok {
		return 0, net.InvalidAddrError("not a UDP address")
	}
	return c.WriteToAddrPort(b, u.AddrPort())
}

func (c *mediaConn) pop() (relayed, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.inbox) == 0 {
		return relayed{}, false
	}
	r := c.inbox[0]
	c.inbox = c.inbox[1:]
	return r, true
}

// inject hands the mux a packet as if it had come from that address. data is copied.
func (c *mediaConn) inject(data []byte, from netip.AddrPort) {
	c.mu.Lock()
	if len(c.inbox) >= inboxQueue {
		c.mu.Unlock()
		c.dropped.Inc()
		return
	}
	c.inbox = append(c.inbox, relayed{append([]byte(nil), data...), from})
	c.mu.Unlock()
	_ = c.SetReadDeadline(time.Unix(1, 0)) // fails only once closed
}
