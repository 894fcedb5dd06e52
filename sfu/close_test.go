package sfu

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// settled waits until no goroutine of this package or of pion's connections is left.
func settled(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	buf := make([]byte, 1<<20)
	for {
		stacks := string(buf[:runtime.Stack(buf, true)])
		var left []string
		for _, g := range strings.Split(stacks, "\n\n")[1:] {
			if strings.Contains(g, "preau/sfu.") || strings.Contains(g, "pion/") {
				if !strings.Contains(g, "testing.tRunner") {
					left = append(left, g)
				}
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines left, such as:\n%s", len(left), left[0])
		}
		runtime.Gosched()
		<-time.After(20 * time.Millisecond)
	}
}

// Peers that leave, and a node that ends, leave nothing behind.
func TestCloseReleasesEverything(t *testing.T) {
	n, err := New(Options{Bind: "127.0.0.1", Loopback: true, TURN: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() { defer close(ended); _ = n.Run(ctx) }()
	for round := range 2 {
		r := n.Router("t/class")
		a := join(t, r, "PA_a", true)
		b := join(t, r, "PA_b", false)
		cam := a.publish(cameraSpec(fmt.Sprint("TR_", round)), vp8)
		stop := every(t, 20*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, 100) })
		e := waitFor(a, "announced", func(TrackEvent) bool { return true })
		if err := b.peer.Subscribe(e.SID, true); err != nil {
			t.Fatal(err)
		}
		b.until("pictures", func() bool { return b.count(e.SID) > 5 })
		if round == 0 {
			a.leave()
			b.until("the subscription's end", func() bool { return counted(t, n.m.subscriptions) == 0 })
			b.leave()
			waitGauge(t, n, 0)
		}
		stop()
		if round == 1 {
			cancel()
			<-ended
			a.leave()
			b.leave()
		}
	}
	settled(t)
	if _, err := n.Router("t/class").Join(PeerOptions{Participant: "PA_late"}, EventsFunc(func(Event) {})); !errors.Is(err, ErrClosed) {
		t.Errorf("joining a closed node: %v", err)
	}
	for name, v := range map[string]int{
		"peers": counted(t, n.m.peers), "tracks": counted(t, n.m.publications),
		"subscriptions": counted(t, n.m.subscriptions), "routers": counted(t, n.m.routers),
	} {
		if v != 0 {
			t.Errorf("%s: %d left", name, v)
		}
	}
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(n.Addrs().UDP))
	if err != nil {
		t.Fatalf("the media port is still taken: %v", err)
	}
	_ = c.Close()
}

func waitGauge(t *testing.T, n *Node, want int) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for counted(t, n.m.peers) != want {
		select {
		case <-limit:
			t.Fatalf("%d peers", counted(t, n.m.peers))
		case <-time.After(10 * time.Millisecond):
		}
	}
}
