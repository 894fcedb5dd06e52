package sfu

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// A client behind a relay is known here by peer-reflexive candidates alone, for what it names is never
// contacted. Firefox drops the answer to a check where it tells an address that is not its relay's
// (github.com/livekit/livekit, pull request 1226): here it tells the relay's, to lite and full agents.
func TestPeerReflexiveIsTheRelaysOwnAddress(t *testing.T) {
	n := testNode(t, Options{TURN: true, TCPPort: -1})
	for _, full := range []bool{true, false} {
		for _, url := range []string{"?transport=udp", "?transport=tcp"} {
			over := overTURN(t, n, url, full)
			_, pupil := carries(t, n, true, over, over)
			mine := selected(t, pupil.pub).Local
			theirs := selected(t, pupil.peer.pub.pc).Remote
			if mine.Typ != webrtc.ICECandidateTypeRelay || theirs.Typ != webrtc.ICECandidateTypePrflx {
				t.Errorf("full %v: connected by %s, seen as %s", full, mine.Typ, theirs.Typ)
			}
			if mine.Address != theirs.Address || mine.Port != theirs.Port {
				t.Errorf("full %v: relayed at %s:%d, seen at %s:%d", full, mine.Address, mine.Port, theirs.Address, theirs.Port)
			}
			pupil.leave()
		}
		if told, relay := checkedThroughRelay(t, n, full); told != relay {
			t.Errorf("full %v: a check of the relay %s is answered with %s", full, relay, told)
		}
	}
}

// checkedThroughRelay makes an ICE connectivity check (RFC 8445, 7.2.4) from a relay, and tells the
// address that the answer names.
func checkedThroughRelay(t *testing.T, n *Node, full bool) (told, relayed string) {
	t.Helper()
	_, answer, pc := described(t, n, network{full: full})
	s := n.ICEServers("PA_d", time.Hour)[0]
	relay, err := relayFor(t, n, s.Username, s.Credential)
	if err != nil {
		t.Fatal(err)
	}
	defer relay.Close()
	check, err := stun.Build(
		stun.TransactionID, stun.BindingRequest,
		stun.NewUsername(iceUfrag(answer.SDP)+":"+iceUfrag(pc.LocalDescription().SDP)),
		ice.AttrControlling(1), ice.PriorityAttr(1), ice.UseCandidate(),
		stun.NewShortTermIntegrity(icePwd(answer.SDP)), stun.Fingerprint,
	)
	if err != nil {
		t.Fatal(err)
	}
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	_ = relay.SetReadDeadline(time.Now().Add(10 * time.Second))
	done := make(chan struct{})
	defer close(done)
	go func() { // a check that came too early is not answered
		for {
			_, _ = relay.WriteTo(check.Raw, net.UDPAddrFromAddrPort(n.Addrs().UDP))
			select {
			case <-again.C:
			case <-done:
				return
			}
		}
	}()
	b := make([]byte, 1500)
	for {
		size, _, err := relay.ReadFrom(b)
		if err != nil {
			t.Fatal(err)
		}
		m := &stun.Message{Raw: b[:size]}
		var at stun.XORMappedAddress
		if m.Decode() == nil && m.TransactionID == check.TransactionID && at.GetFrom(m) == nil {
			return fmt.Sprint(at), relay.LocalAddr().String()
		}
	}
}
