package sfu

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/stun/v4"
)

// stunOnLoopback is a STUN server that sees everyone at an address of its own choice, and drops
// the first requests of each, as a network might. It is sent a stranger's answers too.
func stunOnLoopback(t *testing.T, network string, sees net.IP, drops int) (at string, asked func() int) {
	t.Helper()
	host := map[string]string{"udp4": "127.0.0.1:0", "udp6": "[::1]:0"}[network]
	c, err := net.ListenPacket(network, host)
	if err != nil {
		t.Fatal(err)
	}
	count, ended := 0, make(chan struct{})
	go func() {
		defer close(ended)
		b := make([]byte, 1500)
		for {
			k, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			m := stun.Message{Raw: append([]byte(nil), b[:k]...)}
			if m.Decode() != nil || m.Type != stun.BindingRequest {
				continue
			}
			if count++; count <= drops {
				continue
			}
			port := from.(*net.UDPAddr).Port
			other := stun.MustBuild(stun.TransactionID, stun.BindingSuccess, &stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 66), Port: 1})
			_, _ = c.WriteTo(other.Raw, from) // of another transaction
			answer := stun.MustBuild(stun.NewTransactionIDSetter(m.TransactionID), stun.BindingSuccess, &stun.XORMappedAddress{IP: sees, Port: port})
			_, _ = c.WriteTo(answer.Raw, from)
		}
	}()
	stop := func() int { _ = c.Close(); <-ended; return count }
	t.Cleanup(func() { stop() })
	return c.LocalAddr().String(), stop
}

// The address that a STUN server sees is announced before our own, on the socket it is seen of.
func TestExternalAddressByASTUNServer(t *testing.T) {
	outside := netip.MustParseAddr("203.0.113.9")
	for _, o := range []Options{{Bind: "127.0.0.1"}, {Bind: "0.0.0.0", NodeIPs: []string{"127.0.0.2", "127.0.0.1"}}, {Bind: "0.0.0.0"}} {
		server, asked := stunOnLoopback(t, "udp4", outside.AsSlice(), 1)
		o.STUNServer, o.TURN = server, true
		n := testNode(t, o)
		if got := n.Addrs().Announced[0]; got != outside {
			t.Errorf("%s %v: announced %v", o.Bind, o.NodeIPs, n.Addrs().Announced)
		}
		if url := n.ICEServers("PA_x", time.Hour)[0].URLs[0]; !strings.HasPrefix(url, "turn:203.0.113.9:") {
			t.Errorf("TURN is announced at %s", url)
		}
		_, answer, pc := described(t, n, network{})
		if !strings.Contains(answer.SDP, " 203.0.113.9 ") || !strings.Contains(answer.SDP, " 127.0.0.1 ") {
			t.Errorf("the answer names not both:\n%s", answer.SDP)
		}
		connects(t, pc, answer)
		if got := asked(); got != 2 {
			t.Errorf("it was asked %d times", got)
		}
	}
}

func TestSTUNServerThatDoesNotAnswer(t *testing.T) {
	silent, _ := stunOnLoopback(t, "udp4", net.IPv4zero, 100)
	for server, want := range map[string]string{silent: "no answer", "nowhere": "missing port"} {
		_, err := New(Options{Bind: "127.0.0.1", Loopback: true, STUNServer: server})
		if err == nil || !strings.Contains(err.Error(), server) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", server, err)
		}
	}
}

func FuzzReadReflexive(f *testing.F) {
	id := [stun.TransactionIDSize]byte{1}
	f.Add(stun.MustBuild(stun.NewTransactionIDSetter(id), stun.BindingSuccess, &stun.XORMappedAddress{IP: net.IPv4(192, 0, 2, 1), Port: 5}).Raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		if mapped, ok := readReflexive(raw, id); ok && !mapped.Addr().IsValid() {
			t.Fatal("an answer without an address")
		}
	})
}
