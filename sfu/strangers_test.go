package sfu

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"
)

// Whatever addresses a client names, in its description and after it, and however many, the node
// sends to none of them: neither as ICE-lite nor as full agent, neither at once nor when connected.
func TestCandidatesTowardOtherHostsAreNeverContacted(t *testing.T) {
	victim, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer victim.Close()
	address, called := bell(t)
	_, udp, _ := net.SplitHostPort(victim.LocalAddr().String())
	_, tcp, _ := net.SplitHostPort(address)
	line := func(i int) string { return candidateTo(udp, tcp, i) }
	const named = 1000
	var inOffer strings.Builder
	for i := range named / 2 {
		inOffer.WriteString("a=" + line(i) + "\r\n")
	}
	n := testNode(t, Options{TURN: true})
	for _, full := range []bool{false, true} {
		p, answer, pc := described(t, n, network{full: full}, inOffer.String())
		for i := range named / 2 {
			if err := p.AddCandidate(TargetPublisher, fmt.Sprintf(`{"candidate":%q,"sdpMid":"0"}`, line(named/2+i))); err != nil {
				t.Fatalf("%s: %v", line(i), err)
			}
		}
		connects(t, pc, answer) // it has been through all its checks
		for _, s := range p.pub.pc.GetStats() {
			if c, ok := s.(webrtc.ICECandidateStats); ok && c.Type == webrtc.StatsTypeRemoteCandidate && c.CandidateType != webrtc.ICECandidateTypePrflx {
				t.Errorf("full %v: the agent knows %s %s:%d", full, c.CandidateType, c.IP, c.Port)
			}
		}
	}
	hearsNothing(t, victim)
	select {
	case <-called:
		t.Error("a TCP port that nobody asked for was called")
	default:
	}
	if got := counted(t, n.m.candidates); got != 2*named/2 {
		t.Errorf("%d candidates are counted", got)
	}
}

// bell is a TCP port that tells when it is called.
func bell(t *testing.T) (address string, called <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	rings := make(chan struct{}, 1)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
			select {
			case rings <- struct{}{}:
			default: // once is enough
			}
		}
	}()
	return listener.Addr().String(), rings
}

// candidateTo is number i of the candidates that lead to a UDP or a TCP port, of every kind.
func candidateTo(udp, tcp string, i int) string {
	kind := []string{
		fmt.Sprintf("udp %d 127.0.0.1 %s typ host", 2130706431-i, udp),
		fmt.Sprintf("udp %d 127.0.0.1 %s typ srflx raddr 0.0.0.0 rport 0", 2130706431-i, udp),
		fmt.Sprintf("udp %d 127.0.0.1 %s typ relay raddr 0.0.0.0 rport 0", 2130706431-i, udp),
		fmt.Sprintf("tcp %d 127.0.0.1 %s typ host tcptype passive", 2130706431-i, tcp),
		fmt.Sprintf("udp %d victim-%d.local %s typ host", 2130706431-i, i, udp),
	}
	return fmt.Sprintf("candidate:%d 1 %s", i, kind[i%len(kind)])
}

// A flood of candidates, good and bad, leaves nothing behind.
func TestFloodOfCandidatesIsBounded(t *testing.T) {
	n := testNode(t, Options{})
	p, _, _ := described(t, n, network{full: true})
	before := inUse()
	const flood = 100_000
	long := strings.Repeat("x", maxCandidate)
	for i := range flood {
		if err := p.AddCandidate(TargetPublisher, fmt.Sprintf(`{"candidate":"candidate:%d 1 udp 1 192.0.2.%d 9 typ host"}`, i, i%250)); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			if err := p.AddCandidate(TargetPublisher, long); !errors.Is(err, ErrCandidate) {
				t.Fatal(err)
			}
		}
	}
	if grown := inUse() - before; grown > 4<<20 {
		t.Errorf("%d bytes are kept", grown)
	}
	if counted(t, n.m.candidates) != flood || counted(t, n.m.dropped[dropCandidate]) != flood/100 {
		t.Error("they are not counted")
	}
}

// Descriptions beyond the bounds are refused before pion sees them, and cost nothing that lasts.
func TestDescriptionOf500Sections(t *testing.T) {
	n := testNode(t, Options{})
	p, _, pc := described(t, n, network{})
	head, section, _ := strings.Cut(pc.LocalDescription().SDP, "m=")
	// How many candidates there are depends on the interfaces that this machine has just now.
	section = regexp.MustCompile(`a=candidate:.*\r\n`).ReplaceAllString(section, "")
	var b strings.Builder
	b.WriteString(head)
	for i := range 500 {
		b.WriteString("m=" + strings.Replace(section, "a=mid:0", fmt.Sprint("a=mid:", i), 1))
	}
	if b.Len() > maxSDP {
		t.Fatalf("%d bytes would be refused for their number alone", b.Len())
	}
	before := inUse()
	for range 100 {
		if _, err := p.Offer(Description{Type: "offer", SDP: b.String()}); !errors.Is(err, ErrDescription) {
			t.Fatal(err)
		}
	}
	if grown := inUse() - before; grown > 4<<20 {
		t.Errorf("%d bytes are kept", grown)
	}
	if got := counted(t, n.m.dropped[dropDescription]); got != 100 {
		t.Errorf("%d are counted", got)
	}
	if _, err := p.Offer(Description{Type: "offer", SDP: pc.LocalDescription().SDP, ID: 2}); err != nil {
		t.Errorf("a good one afterwards: %v", err)
	}
}

// inUse is the heap after what nobody holds is gone.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // the first one's finalizers have run
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
