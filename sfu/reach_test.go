package sfu

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// carries says that a picture from one client reaches the other, over the network of each.
func carries(t *testing.T, n *Node, one bool, from, to network) (teacher, pupil *client) {
	t.Helper()
	r := n.Router(fmt.Sprint("t/reach-", reached.Add(1)))
	teacher = joinOver(t, r, "PA_teacher", one, from)
	pupil = joinOver(t, r, "PA_pupil", one, to)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8)
	every(t, 20*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 2, 300) })
	waitFor(teacher, "announced", func(TrackEvent) bool { return true })
	if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	pupil.more("TR_cam", 20)
	return teacher, pupil
}

// reached numbers the classes of this file.
var reached atomic.Int32

// more waits until so many packets more of a track have come.
func (c *client) more(sid string, packets int) {
	c.t.Helper()
	c.mu.Lock()
	at := c.count(sid)
	c.mu.Unlock()
	c.until(fmt.Sprint(packets, " packets more of ", sid), func() bool { return c.count(sid) >= at+packets })
}

func selected(t *testing.T, pc *webrtc.PeerConnection) *webrtc.ICECandidatePair {
	t.Helper()
	pair, err := pc.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		t.Fatalf("no selected pair: %v", err)
	}
	return pair
}

// overTURN is a network from which the node is reached by TURN alone, at the one URL that contains
// a text.
func overTURN(t *testing.T, n *Node, url string, full bool) network {
	t.Helper()
	s := n.ICEServers("PA_r", time.Hour)[0]
	for _, u := range s.URLs {
		if strings.Contains(u, url) {
			// pion's client would wait two seconds for something better.
			return network{full: full, settings: func(s *webrtc.SettingEngine) { s.SetRelayAcceptanceMinWait(0) }, conf: webrtc.Configuration{
				ICETransportPolicy: webrtc.ICETransportPolicyRelay,
				ICEServers:         []webrtc.ICEServer{{URLs: []string{u}, Username: s.Username, Credential: s.Credential}},
			}}
		}
	}
	t.Fatalf("no %s among %v", url, s.URLs)
	return network{}
}

// overTLS gives a node TURN over TLS on a port of its own.
func overTLS(t *testing.T, o Options) *Node {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.TURN, o.TURNTLS = true, l.Addr().String()
	n := testNode(t, o)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				secured := tls.Server(c, testTLS)
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				if err := secured.HandshakeContext(ctx); err != nil {
					t.Errorf("TLS: %v", err)
				}
				n.ServeTURN(secured)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return n
}

func TestReachedOverTURN(t *testing.T) {
	n := overTLS(t, Options{TCPPort: -1})
	for _, url := range []string{"?transport=udp", "?transport=tcp", "turns:"} {
		for _, full := range []bool{false, true} {
			for _, one := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s full=%v one=%v", strings.Trim(url, "?:"), full, one), func(t *testing.T) {
					over := overTURN(t, n, url, full)
					_, pupil := carries(t, n, one, over, over)
					if pair := selected(t, pupil.pub); pair.Local.Typ != webrtc.ICECandidateTypeRelay {
						t.Errorf("connected by %s", pair.Local)
					}
				})
			}
		}
	}
}

// TURN over IPv6, and by whichever family TURN is reached, to the family that media has.
func TestReachedOverTURNByEitherFamily(t *testing.T) {
	needIPv6(t)
	n := testNode(t, Options{Bind: "::", NodeIPs: []string{"127.0.0.1", "::1"}, TURN: true, TCPPort: -1})
	for _, url := range []string{"turn:127.0.0.1", "turn:[::1]"} {
		over := overTURN(t, n, url, true)
		_, pupil := carries(t, n, true, over, over)
		if pair := selected(t, pupil.pub); pair.Local.Typ != webrtc.ICECandidateTypeRelay {
			t.Errorf("%s: connected by %s", url, pair.Local)
		}
		pupil.leave()
	}
}

func TestReachedAsFullAgent(t *testing.T) {
	n := testNode(t, Options{})
	for _, one := range []bool{true, false} {
		teacher, pupil := carries(t, n, one, network{full: true}, network{full: true})
		for _, c := range []*client{teacher, pupil} {
			if strings.Contains(c.pub.RemoteDescription().SDP, "a=ice-lite") || strings.Contains(c.sub.RemoteDescription().SDP, "a=ice-lite") {
				t.Errorf("%s was answered by an ICE-lite agent", c.sid)
			}
		}
	}
}

func TestReachedOverTCP(t *testing.T) {
	n := testNode(t, Options{})
	over := only(webrtc.NetworkTypeTCP4)
	_, pupil := carries(t, n, true, over, over)
	if pair := selected(t, pupil.pub); pair.Local.Protocol != webrtc.ICEProtocolTCP {
		t.Errorf("connected by %s", pair.Local)
	}
}

func needIPv6(t *testing.T) {
	t.Helper()
	if elsewhere(netip.IPv6Loopback()) {
		t.Skip("this machine has no IPv6")
	}
}

func only(types ...webrtc.NetworkType) network {
	return network{settings: func(s *webrtc.SettingEngine) { s.SetNetworkTypes(types) }}
}

func TestReachedOverIPv6(t *testing.T) {
	needIPv6(t)
	for _, o := range []Options{
		{Bind: "::1"},
		{Bind: "::", NodeIPs: []string{"::1"}},
		{Bind: "0.0.0.0", NodeIPs: []string{"127.0.0.1", "::1"}},
	} {
		n := testNode(t, o)
		over := only(webrtc.NetworkTypeUDP6)
		_, pupil := carries(t, n, true, over, over)
		if pair := selected(t, pupil.pub); pair.Remote.Address != "::1" {
			t.Errorf("%s %v: connected by %s", o.Bind, o.NodeIPs, pair)
		}
	}
}

// pion makes no TCP candidate of ::1, so that it takes another of this machine's own addresses.
func TestReachedOverTCPAndIPv6(t *testing.T) {
	own := ""
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if a, ok := i.(*net.IPNet); ok && a.IP.To4() == nil && !a.IP.IsLoopback() && !a.IP.IsLinkLocalUnicast() {
			own = a.IP.String()
		}
	}
	if own == "" {
		t.Skip("this machine has no IPv6 address but ::1")
	}
	n := testNode(t, Options{Bind: own})
	over := only(webrtc.NetworkTypeTCP6)
	_, pupil := carries(t, n, true, over, over)
	if pair := selected(t, pupil.pub); pair.Remote.Address != own || pair.Local.Protocol != webrtc.ICEProtocolTCP {
		t.Errorf("connected by %s", pair)
	}
}

// Each of a node's addresses is reached and answers for itself: a client that was told of one
// alone takes no answer from another.
func TestReachedAtEveryAddress(t *testing.T) {
	addresses := []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"}
	n := testNode(t, Options{Bind: "0.0.0.0", NodeIPs: addresses, TURN: true, TCPPort: -1})
	for _, a := range addresses {
		for _, over := range []network{{}, {full: true}} {
			p, answer, pc := described(t, n, over)
			var told []string
			for line := range strings.Lines(answer.SDP) {
				if !strings.HasPrefix(line, "a=candidate:") || strings.Contains(line, " "+a+" ") {
					told = append(told, line)
				}
			}
			if len(told) == len(strings.Split(answer.SDP, "\n"))-1 {
				t.Fatalf("the answer names nothing but %s:\n%s", a, answer.SDP)
			}
			answer.SDP = strings.Join(told, "")
			connects(t, pc, answer)
			if pair := selected(t, pc); pair.Remote.Address != a {
				t.Errorf("reached at %s, not %s", pair.Remote.Address, a)
			}
			p.Close()
		}
	}
}

// An address that is not this machine's is its router's: it is announced, and what the router sends
// on is answered.
func TestAnnouncesTheAddressOfTheRouter(t *testing.T) {
	n := testNode(t, Options{Bind: "0.0.0.0", NodeIPs: []string{"192.0.2.7", "192.0.2.8"}})
	_, answer, pc := described(t, n, network{})
	for _, want := range []string{" udp 2130706431 192.0.2.7 ", "192.0.2.8 ", " tcp "} {
		if !strings.Contains(answer.SDP, want) {
			t.Errorf("the answer does not name %s:\n%s", want, answer.SDP)
		}
	}
	answer.SDP = strings.ReplaceAll(answer.SDP, "192.0.2.7", "127.0.0.1") // the router
	connects(t, pc, answer)
}

// described is a client's connection after its offer was answered, and before it took the answer.
func described(t *testing.T, n *Node, over network, more ...string) (*Peer, Description, *webrtc.PeerConnection) {
	t.Helper()
	p, err := n.Router(fmt.Sprint("t/reach-", reached.Add(1))).Join(PeerOptions{Participant: "PA_d", SinglePC: true, FullICE: over.full}, EventsFunc(func(Event) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	c := &client{t: t, means: means{network: over}}
	pc := c.connection()
	t.Cleanup(func() { _ = pc.Close() })
	if _, err := pc.CreateDataChannel("_reliable", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	answer, err := p.Offer(Description{Type: "offer", SDP: pc.LocalDescription().SDP + strings.Join(more, ""), ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p, answer, pc
}

func connects(t *testing.T, pc *webrtc.PeerConnection, answer Description) {
	t.Helper()
	connected := make(chan struct{})
	pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			close(connected)
		}
	})
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-connected:
	case <-time.After(15 * time.Second):
		t.Fatalf("not connected; the answer was\n%s", answer.SDP)
	}
}
