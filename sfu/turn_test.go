package sfu

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/logging"
	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// relayFor makes one allocation over UDP as another client would.
func relayFor(t *testing.T, n *Node, user, password string) (net.PacketConn, error) {
	t.Helper()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return relayOn(t, c, n.Addrs().TURN, user, password)
}

// relayOn does so over a connection of any kind.
func relayOn(t *testing.T, c net.PacketConn, at netip.AddrPort, user, password string) (net.PacketConn, error) {
	t.Helper()
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: at.String(), STUNServerAddr: at.String(), Conn: c,
		Username: user, Password: password, LoggerFactory: &logging.DefaultLoggerFactory{Writer: t.Output()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client.Allocate()
}

// A relay reaches this node's media port and nothing else, and only with credentials that this
// node made and that have not expired.
func TestTURNIsNoOpenProxy(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	ice := n.ICEServers("PA_x", time.Hour)[0]
	if _, who, _ := strings.Cut(ice.Username, ":"); who != "PA_x" {
		t.Errorf("credentials name %q", who)
	}
	for name, creds := range map[string][2]string{
		"wrong password": {ice.Username, "guess"},
		"another's name": {strings.Replace(ice.Username, "PA_x", "PA_y", 1), ice.Credential},
		"expired":        {"1:PA_x", n.turn.password("1:PA_x")},
		"no expiry":      {"PA_x", n.turn.password("PA_x")},
	} {
		if c, err := relayFor(t, n, creds[0], creds[1]); err == nil {
			_ = c.Close()
			t.Errorf("%s: allocated", name)
		}
	}
	relay, err := relayFor(t, n, ice.Username, ice.Credential)
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	victim, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	relayDrops, unknown := counted(t, n.m.dropped[dropRelay]), counted(t, n.m.dropped[dropNotSTUN])
	if _, err := relay.WriteTo([]byte("hello"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9}); err == nil {
		t.Error("a permission for another host was given")
	}
	if _, err := relay.WriteTo([]byte("hello"), victim.LocalAddr()); err != nil {
		t.Fatal(err) // the same host: refused per packet
	}
	if _, err := relay.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(n.Addrs().UDP)); err != nil {
		t.Fatal(err)
	}
	waitCounted(t, "the packet to the media port", func() bool { return counted(t, n.m.dropped[dropNotSTUN]) > unknown })
	if got := counted(t, n.m.dropped[dropRelay]); got != relayDrops+1 {
		t.Errorf("%d packets to other ports were refused", got-relayDrops)
	}
	waitCounted(t, "the channel to another port to be refused", func() bool { return counted(t, n.m.turnRefused[turnPeer]) > 1 })
	hearsNothing(t, victim)
}

// Credentials end with the token that they were made for, and after some minutes at the soonest. What was
// allocated with them may be refreshed for longer: a class does not fall silent for who came by a short
// token, nor at noon.
func TestTURNCredentialsEnd(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	for _, life := range []time.Duration{0, 6 * time.Hour} {
		expiry, _, _ := strings.Cut(n.ICEServers("PA_x", life)[0].Username, ":")
		until, err := strconv.ParseInt(expiry, 10, 64)
		if left := time.Until(time.Unix(until, 0)); err != nil || left > max(life, turnLife) || left < max(life, turnLife)-time.Minute {
			t.Errorf("for %v they are good for %v (%v)", life, left, err)
		}
	}
	user, _ := n.turn.credentials("PA_x", time.Now().Add(-2*time.Second))
	for method, want := range map[stun.Method]bool{
		stun.MethodAllocate: false, stun.MethodRefresh: true, stun.MethodCreatePermission: true, stun.MethodChannelBind: true,
	} {
		if _, _, ok := n.turn.authenticate(&turn.RequestAttributes{Username: user, Realm: turnRealm, Method: method}); ok != want {
			t.Errorf("%v with credentials that have ended: %v", method, ok)
		}
	}
}

// hearsNothing says that a socket has been sent nothing: what was sent on loopback is there before
// a packet sent to it afterwards.
func hearsNothing(t *testing.T, c *net.UDPConn) {
	t.Helper()
	own, err := net.Dial("udp4", c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if _, err := own.Write([]byte("own")); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	b := make([]byte, 1500)
	if k, from, err := c.ReadFromUDPAddrPort(b); err != nil || string(b[:k]) != "own" {
		t.Errorf("a host that nobody asked for was sent %x by %s (%v)", b[:k], from, err)
	}
}

// Who allocates without end, or comes back often and leaves relays behind, holds a bounded number,
// and the newest work, whatever credentials they were made with.
func TestTURNRelaysOfOneParticipantAreBounded(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	const asked = 5 * turnQuota
	var last net.PacketConn
	for i := range asked {
		user, password := n.turn.credentials("PA_x", time.Now().Add(time.Duration(i+1)*time.Hour))
		var err error
		if last, err = relayFor(t, n, user, password); err != nil {
			t.Fatal(err)
		}
	}
	if got := counted(t, n.m.turnAllocations); got != turnQuota {
		t.Errorf("%d relays of one participant", got)
	}
	if got := counted(t, n.m.turnReplaced); got != asked-turnQuota {
		t.Errorf("%d were replaced", got)
	}
	other := n.ICEServers("PA_y", time.Hour)[0]
	if _, err := relayFor(t, n, other.Username, other.Credential); err != nil {
		t.Errorf("another participant is refused: %v", err)
	}
	unknown := counted(t, n.m.dropped[dropNotSTUN])
	if _, err := last.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(n.Addrs().UDP)); err != nil {
		t.Fatal(err)
	}
	waitCounted(t, "the newest relay to work", func() bool { return counted(t, n.m.dropped[dropNotSTUN]) > unknown })
}

func TestTURNRelaysInAllAreBounded(t *testing.T) {
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	table := newRelayTable(m)
	seen := map[string]bool{}
	var relays []net.PacketConn
	for i := range maxRelays {
		network := map[bool]string{true: "udp4", false: "udp6"}[i%2 == 0]
		c, at, err := table.AllocatePacketConn(turn.AllocateListenerConfig{Network: network, UserID: string(rune(i / turnQuota))})
		if err != nil {
			t.Fatal(err)
		}
		if a, _ := netip.ParseAddrPort(at.String()); !isRelayAddr(a.Addr()) || seen[at.String()] {
			t.Fatalf("relayed address %s", at)
		}
		seen[at.String()] = true
		relays = append(relays, c)
	}
	if _, _, err := table.AllocatePacketConn(turn.AllocateListenerConfig{Network: "udp4", UserID: "more"}); !errors.Is(err, errRelaysFull) {
		t.Errorf("one more: %v", err)
	}
	for _, c := range relays {
		_ = c.Close()
	}
	if len(table.byAddr)+len(table.held)+counted(t, m.turnAllocations) != 0 {
		t.Error("closed relays are kept")
	}
}

// Requests without credentials leave nothing behind, and noise is counted.
func TestTURNFloodWithoutCredentials(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	c, err := net.Dial("udp", n.Addrs().TURN.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const asked = 2000
	answers := make([]byte, 1500)
	for i := range asked {
		method := stun.MethodAllocate
		if i%2 == 0 {
			method = stun.MethodRefresh
		}
		m, err := stun.Build(stun.TransactionID, stun.NewType(method, stun.ClassRequest))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(m.Raw); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		k, err := c.Read(answers)
		if err != nil {
			t.Fatal(err)
		}
		answer := stun.Message{Raw: answers[:k]}
		var code stun.ErrorCodeAttribute
		if answer.Decode() != nil || code.GetFrom(&answer) != nil || code.Code != stun.CodeUnauthorized {
			t.Fatalf("answered %x", answers[:k])
		}
	}
	if n.turn.server.AllocationCount() != 0 || counted(t, n.m.turnAllocations) != 0 {
		t.Error("relays were made for nobody")
	}
	for range 100 {
		_, _ = c.Write([]byte("\x00\x03\x00\x10\x21\x12\xa4\x42 and no more"))
	}
	waitCounted(t, "the noise to be counted", func() bool { return counted(t, n.m.turnRefused[turnRequest]) > 50 })
}

// What is not TURN ends its connection at once, and is counted.
func TestTURNGarbageOnStreams(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	noise := []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"\x80\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00",
		"\x00\x01\x00\x00not the cookie, to be sure",
		"\x00\x01\xff\xfc\x21\x12\xa4\x42 and 65,532 bytes announced",
		"\x4f\xff\xff\xff channel data",
	}
	for _, sent := range noise {
		c, err := net.Dial("tcp", n.Addrs().TURNTCP.String())
		if err != nil {
			t.Fatal(err)
		}
		for i := range sent { // a byte at a time
			if _, err := c.Write([]byte{sent[i]}); err != nil {
				break // it was closed meanwhile
			}
		}
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if k, err := c.Read(make([]byte, 10)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%q: %d bytes of answer, %v", sent, k, err)
		}
		_ = c.Close()
	}
	waitCounted(t, "each to be counted", func() bool { return counted(t, n.m.turnRefused[turnFraming]) == len(noise) })
	waitCounted(t, "their places to be free", func() bool { return n.turn.streams.pending.Held() == 0 })
}

// Connections that say nothing take a bounded share, and TURN works beside them for others.
func TestTURNSilentStreamsAreBounded(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	ice := n.ICEServers("PA_x", time.Hour)[0]
	before := dialTURN(t, n) // they have their allocation already
	if _, err := relayOn(t, turn.NewSTUNConn(before), n.Addrs().TURNTCP, ice.Username, ice.Credential); err != nil {
		t.Fatal(err)
	}
	for range turnPendingSource + 50 {
		c := dialTURN(t, n)
		t.Cleanup(func() { _ = c.Close() })
	}
	waitCounted(t, "the rest to be refused", func() bool { return counted(t, n.m.turnRefused[turnFlood]) == 50 })
	if held := n.turn.streams.pending.Held(); held != turnPendingSource {
		t.Errorf("%d are pending", held)
	}
	if counted(t, n.m.turnAllocations) != 1 {
		t.Error("the flood cost a client its relay")
	}
}

func dialTURN(t *testing.T, n *Node) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", n.Addrs().TURNTCP.String())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTURNStreamsMustShowThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, err := newMetrics(nil)
		if err != nil {
			t.Fatal(err)
		}
		s := newTURNStreams(newRelayTable(m), m)
		for _, settled := range []bool{false, true} {
			want := turnShow
			client, server := net.Pipe()
			go s.serve(server)
			c, err := s.Accept()
			if err != nil {
				t.Fatal(err)
			}
			if settled {
				want = turnSilence
				s.settle(c.RemoteAddr(), c.LocalAddr())
			}
			began := time.Now()
			if _, err := c.Read(make([]byte, 1600)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read %v", err)
			}
			if after := time.Since(began); after != want {
				t.Errorf("settled %v: ended after %s", settled, after)
			}
			_, _ = c.Close(), client.Close()
		}
		if counted(t, m.turnRefused[turnSilent]) != 2 || s.pending.Held() != 0 || len(s.open) != 0 {
			t.Error("not counted, or kept")
		}
	})
}

// A client of another library, over TLS: it allocates, sends and is sent, and when its relay ends,
// so does its connection.
func TestTURNOverTLS(t *testing.T) {
	n := overTLS(t, Options{})
	ice := n.ICEServers("PA_x", time.Hour)[0]
	at, err := netip.ParseAddrPort(n.o.TURNTLS)
	if err != nil {
		t.Fatal(err)
	}
	c, err := tls.Dial("tcp", n.o.TURNTLS, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	relay, err := relayOn(t, turn.NewSTUNConn(c), at, ice.Username, ice.Credential)
	if err != nil {
		t.Fatal(err)
	}
	unknown := counted(t, n.m.dropped[dropNotSTUN])
	if _, err := relay.WriteTo([]byte("hello"), net.UDPAddrFromAddrPort(n.Addrs().UDP)); err != nil {
		t.Fatal(err)
	}
	waitCounted(t, "the packet to the media port", func() bool { return counted(t, n.m.dropped[dropNotSTUN]) > unknown })
	if counted(t, n.m.turnAllocations) != 1 || n.turn.streams.pending.Held() != 0 {
		t.Error("not counted as one relay")
	}
	_ = c.Close()
	waitCounted(t, "the relay to end", func() bool { return counted(t, n.m.turnAllocations) == 0 })
}

func FuzzForeignChannel(f *testing.F) {
	m, err := newMetrics(nil)
	if err != nil {
		f.Fatal(err)
	}
	own := netip.MustParseAddrPort("127.0.0.1:7882")
	table := newRelayTable(m)
	table.reach[own] = &mediaConn{}
	for _, port := range []int{7882, 7883} {
		peer := &stun.XORMappedAddress{IP: net.IPv4(127, 0, 0, 1), Port: port}
		b, err := stun.Build(stun.TransactionID, stun.NewType(stun.MethodChannelBind, stun.ClassRequest), as{peer})
		if err != nil {
			f.Fatal(err)
		}
		if table.foreignChannel(b.Raw) != (port != 7882) {
			f.Fatalf("port %d", port)
		}
		f.Add(b.Raw)
	}
	f.Fuzz(func(_ *testing.T, raw []byte) { table.foreignChannel(raw) })
}

// as sets an address as the peer's.
type as struct{ *stun.XORMappedAddress }

func (a as) AddTo(m *stun.Message) error { return a.AddToAs(m, stun.AttrXORPeerAddress) }

func waitCounted(t *testing.T, what string, cond func() bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for !cond() {
		select {
		case <-limit:
			t.Fatalf("gave up waiting for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
