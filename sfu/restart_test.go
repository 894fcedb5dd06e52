package sfu

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pion/webrtc/v4"
)

// In the middle of a class a client comes to another network, with other sockets and addresses of
// the other family, and restarts ICE: media goes on, both ways, on the same connections.
func TestAddressChangesInMidClass(t *testing.T) {
	needIPv6(t)
	n := testNode(t, Options{Bind: "::", NodeIPs: []string{"127.0.0.1", "::1"}})
	for _, one := range []bool{true, false} {
		for _, full := range []bool{false, true} {
			t.Run(fmt.Sprintf("one=%v full=%v", one, full), func(t *testing.T) {
				var six atomic.Bool
				over := network{full: full, settings: func(s *webrtc.SettingEngine) {
					s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
					s.SetIPFilter(func(ip net.IP) bool { return (ip.To4() == nil) == six.Load() })
				}}
				teacher, pupil := carries(t, n, one, over, over)
				was := map[*client]string{}
				for _, c := range []*client{teacher, pupil} {
					pair := selected(t, c.sub)
					was[c] = fmt.Sprint(pair.Local.Address, pair.Local.Port)
					if pair.Remote.Address != "127.0.0.1" {
						t.Fatalf("%s is connected by %s", c.sid, pair)
					}
				}
				six.Store(true)
				for _, c := range []*client{pupil, teacher} {
					c.restart()
					if !one {
						c.peer.RestartICE()
					}
				}
				for _, c := range []*client{teacher, pupil} {
					c.until("the other network", func() bool {
						pair, err := c.sub.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
						return err == nil && pair != nil && pair.Remote.Address == "::1" &&
							fmt.Sprint(pair.Local.Address, pair.Local.Port) != was[c]
					})
				}
				pupil.more("TR_cam", 50)
				if err := teacher.peer.AddTrack(micSpec("TR_mic")); err != nil { // and negotiation too
					t.Fatal(err)
				}
			})
		}
	}
}

func (c *client) restart() { c.negotiateWith(&webrtc.OfferOptions{ICERestart: true}) }

func iceUfrag(sdp string) string {
	_, rest, _ := strings.Cut(sdp, "a=ice-ufrag:")
	ufrag, _, _ := strings.Cut(rest, "\r\n")
	return ufrag
}

// Each restart brings credentials that were never there before, on every connection (RFC 8445, 9):
// those of before may have been seen by another network.
func TestRestartRenewsCredentials(t *testing.T) {
	n := testNode(t, Options{})
	for _, one := range []bool{true, false} {
		c := join(t, n.Router(fmt.Sprint("t/class-", one)), "PA_a", one)
		c.until("both connections", func() bool { return one || c.offers() > 0 })
		seen := map[string]bool{}
		for range 3 {
			for _, pc := range []*webrtc.PeerConnection{c.pub, c.sub}[map[bool]int{true: 1, false: 0}[one]:] {
				ufrag, pwd := iceUfrag(pc.RemoteDescription().SDP), icePwd(pc.RemoteDescription().SDP)
				if ufrag == "" || pwd == "" || seen[ufrag] || seen[pwd] {
					t.Errorf("one connection %v: credentials %q and %q", one, ufrag, pwd)
				}
				seen[ufrag], seen[pwd] = true, true
			}
			c.restart()
			if !one {
				c.mu.Lock()
				before := c.offers()
				c.mu.Unlock()
				c.peer.RestartICE()
				c.until("the other's restart", func() bool { return c.offers() > before })
			}
		}
	}
}

// offers is how many the client has answered; called under the lock.
func (c *client) offers() (count int) {
	for _, e := range c.seen {
		if _, ok := e.(OfferEvent); ok {
			count++
		}
	}
	return count
}

func icePwd(sdp string) string {
	_, rest, _ := strings.Cut(sdp, "a=ice-pwd:")
	pwd, _, _ := strings.Cut(rest, "\r\n")
	return pwd
}
