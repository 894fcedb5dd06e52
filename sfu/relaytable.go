package sfu

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/pion/turn/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// Relayed transport addresses are taken from the benchmarking ranges (RFC 2544 and RFC 5180): no
// socket has them, no packet to them leaves this process, and no client can own one.
var (
	relay4 = netip.MustParsePrefix("198.18.0.0/15")
	relay6 = netip.MustParsePrefix("2001:2::/48")
)

func isRelayAddr(a netip.Addr) bool {
	a = a.Unmap()
	return relay4.Contains(a) || relay6.Contains(a)
}

const (
	// turnQuota is how many allocations one participant may hold: each of two connections makes
	// one per URL, address family and network interface of the client. One more costs the oldest,
	// which a weak link has left behind: its owner must not be kept out by it.
	turnQuota = 16
	// maxRelays is how many allocations there may be in all.
	maxRelays = 1 << 14
)

var (
	errRelayKind  = errors.New("only UDP relays to this node")
	errRelaysFull = errors.New("no relayed address is free")
)

// relayTable makes the relays of the embedded TURN, which are connections inside this process, and
// finds them by address.
type relayTable struct {
	reach    map[netip.AddrPort]*mediaConn // fixed before the first relay
	dropped  prometheus.Counter
	replaced prometheus.Counter
	count    prometheus.Gauge

	mu     sync.Mutex
	next   uint32
	byAddr map[netip.AddrPort]*relayConn
	held   map[string][]*relayConn // by participant, oldest first
}

var _ turn.RelayAddressGenerator = (*relayTable)(nil)

func newRelayTable(m *metrics) *relayTable {
	return &relayTable{
		reach: map[netip.AddrPort]*mediaConn{}, dropped: m.dropped[dropRelay], replaced: m.turnReplaced, count: m.turnAllocations,
		byAddr: map[netip.AddrPort]*relayConn{}, held: map[string][]*relayConn{},
	}
}

// reaching says to which sockets relays may send: those of the media port, by the address each is
// known under.
func (t *relayTable) reaching(conns []*mediaConn) {
	for _, c := range conns {
		for _, like := range []netip.Addr{relay4.Addr(), relay6.Addr()} {
			if a, ok := c.known(like); ok {
				t.reach[a] = c
			}
		}
	}
}

// reachesHost says whether relays may send to a port of that address.
func (t *relayTable) reachesHost(a netip.Addr) bool {
	for known := range t.reach {
		if known.Addr() == a.Unmap() {
			return true
		}
	}
	return false
}

func (t *relayTable) hasIPv4() bool {
	for known := range t.reach {
		if known.Addr().Is4() {
			return true
		}
	}
	return false
}

// Validate has nothing to check.
func (t *relayTable) Validate() error { return nil }

// AllocatePacketConn makes a relay with an address nobody else has.
func (t *relayTable) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	if c.Network != "udp4" && c.Network != "udp6" {
		return nil, nil, errRelayKind
	}
	r, old, err := t.add(c.UserID, c.Network == "udp6")
	if err != nil {
		return nil, nil, err
	}
	if old != nil {
		t.replaced.Inc()
		_ = old.Close()
	}
	return r, net.UDPAddrFromAddrPort(r.addr), nil
}

// add makes a relay; old is the one it takes the place of.
func (t *relayTable) add(participant string, six bool) (r, old *relayConn, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.byAddr) >= maxRelays {
		return nil, nil, errRelaysFull
	}
	if mine := t.held[participant]; len(mine) >= turnQuota {
		old = mine[0]
	}
	addr := t.freeLocked(six)
	r = &relayConn{
		table: t, addr: addr, participant: participant,
		in: make(chan *downward, relayQueue), closed: make(chan struct{}), wake: make(chan struct{}),
	}
	t.byAddr[addr] = r
	t.held[participant] = append(t.held[participant], r)
	t.count.Inc()
	return r, old, nil
}

// freeLocked is an address without a relay: there are many more addresses than maxRelays.
func (t *relayTable) freeLocked(six bool) netip.AddrPort {
	for {
		t.next++
		n, port := t.next>>14, uint16(t.next&0x3fff)+1024
		addr := netip.AddrFrom4([4]byte{198, 18 + byte(n>>8&1), byte(n), 1})
		if six {
			addr = netip.AddrFrom16([16]byte{0: 0x20, 1: 0x01, 3: 0x02, 13: byte(n >> 8 & 1), 14: byte(n), 15: 1})
		}
		if at := netip.AddrPortFrom(addr, port); t.byAddr[at] == nil {
			return at
		}
	}
}

func (t *relayTable) remove(r *relayConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byAddr, r.addr)
	mine := slices.DeleteFunc(t.held[r.participant], func(o *relayConn) bool { return o == r })
	if t.held[r.participant] = mine; len(mine) == 0 {
		delete(t.held, r.participant)
	}
	t.count.Dec()
}

// push gives a relay what a media socket known as from sends it.
func (t *relayTable) push(b []byte, from, to netip.AddrPort) {
	t.mu.Lock()
	r := t.byAddr[to]
	t.mu.Unlock()
	if r != nil {
		r.push(&downward{data: append([]byte(nil), b...), from: from, at: time.Now()})
	}
}

// AllocateListener refuses: no TCP relays.
func (t *relayTable) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errRelayKind
}

// AllocateConn refuses: no TCP relays.
func (t *relayTable) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) {
	return nil, errRelayKind
}
