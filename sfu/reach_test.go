package sfu

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"
)

// reach connects a client that may use only the given kind of network and checks that a data
// channel opens.
func reach(t *testing.T, n *Node, full bool, s webrtc.SettingEngine, conf webrtc.Configuration) *webrtc.PeerConnection {
	t.Helper()
	p, err := n.Router("t/reach").Join(PeerOptions{Participant: "PA_r", SinglePC: true, FullICE: full}, EventsFunc(func(Event) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(conf)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	d, err := pc.CreateDataChannel("_reliable", nil)
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	d.OnOpen(func() { close(open) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	answer, err := p.Offer(Description{Type: "offer", SDP: pc.LocalDescription().SDP, ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-open:
	case <-time.After(15 * time.Second):
		t.Fatalf("not connected; the answer was\n%s", answer.SDP)
	}
	return pc
}

func selected(t *testing.T, pc *webrtc.PeerConnection) *webrtc.ICECandidatePair {
	t.Helper()
	pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		t.Fatalf("no selected pair: %v", err)
	}
	return pair
}

func TestReachedOverTURN(t *testing.T) {
	for _, full := range []bool{false, true} {
		n := testNode(t, Options{TURN: true, TCPPort: -1})
		ice := n.ICEServers("PA_r")
		s := webrtc.SettingEngine{}
		s.SetIncludeLoopbackCandidate(true)
		pc := reach(t, n, full, s, webrtc.Configuration{
			ICETransportPolicy: webrtc.ICETransportPolicyRelay,
			ICEServers:         []webrtc.ICEServer{{URLs: ice[0].URLs, Username: ice[0].Username, Credential: ice[0].Credential}},
		})
		if pair := selected(t, pc); pair.Local.Typ != webrtc.ICECandidateTypeRelay {
			t.Errorf("connected by %s", pair.Local)
		}
	}
}

func TestReachedOverTCP(t *testing.T) {
	n := testNode(t, Options{})
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4})
	pc := reach(t, n, false, s, webrtc.Configuration{})
	if pair := selected(t, pc); pair.Local.Protocol != webrtc.ICEProtocolTCP {
		t.Errorf("connected by %s", pair.Local)
	}
}

func TestReachedAsFullAgent(t *testing.T) {
	n := testNode(t, Options{})
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	reach(t, n, true, s, webrtc.Configuration{})
}

// A relay reaches this node's media port and nothing else, and only with credentials that this
// node made and that have not expired.
func TestTURNIsNoOpenProxy(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	ice := n.ICEServers("PA_x")[0]
	if _, who, _ := strings.Cut(ice.Username, ":"); who != "PA_x" {
		t.Errorf("credentials name %q", who)
	}
	allocate := func(user, password string) (net.PacketConn, error) {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		client, err := turn.NewClient(&turn.ClientConfig{
			TURNServerAddr: n.Addrs().TURN.String(), STUNServerAddr: n.Addrs().TURN.String(), Conn: c,
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
	for name, creds := range map[string][2]string{
		"wrong password": {ice.Username, "guess"},
		"another's name": {strings.Replace(ice.Username, "PA_x", "PA_y", 1), ice.Credential},
		"expired":        {"1:PA_x", n.turn.password("1:PA_x")},
		"no expiry":      {"PA_x", n.turn.password("PA_x")},
	} {
		if c, err := allocate(creds[0], creds[1]); err == nil {
			_ = c.Close()
			t.Errorf("%s: allocated", name)
		}
	}
	relay, err := allocate(ice.Username, ice.Credential)
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
}

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
