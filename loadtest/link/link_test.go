package link

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// open makes a link for a test, or says why it cannot be made here.
func open(t *testing.T, p Profile) *Link {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("namespaces and TUN devices need root")
	}
	l, err := Open(Options{Profile: p, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// pair is a UDP socket on each side of a link, connected to each other.
func pair(t *testing.T, l *Link) (near, far *net.UDPConn) {
	t.Helper()
	return pairAt(t, l, l.Far)
}

// pairAt is pair with an address of the far host.
func pairAt(t *testing.T, l *Link, there netip.Addr) (near, far *net.UDPConn) {
	t.Helper()
	at := func(a netip.Addr, port int) *net.UDPAddr {
		return &net.UDPAddr{IP: a.AsSlice(), Port: port}
	}
	err := l.Do(func() (err error) {
		far, err = net.DialUDP("udp4", at(there, 4000), at(l.Near, 4000))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	if near, err = net.DialUDP("udp4", at(l.Near, 4000), at(there, 4000)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = near.Close() })
	for _, c := range []*net.UDPConn{near, far} {
		if err := c.SetReadBuffer(1 << 20); err != nil {
			t.Fatal(err)
		}
	}
	return near, far
}

// flow sends count packets of size bytes of IP, evenly, and says when each that
// came was sent and received.
func flow(t *testing.T, from, to *net.UDPConn, size, count int, every time.Duration) (sent, received []time.Duration) {
	t.Helper()
	start := time.Now()
	go func() {
		packet := make([]byte, size-28) // IPv4 and UDP headers
		for i := range count {
			time.Sleep(time.Until(start.Add(time.Duration(i) * every)))
			binary.BigEndian.PutUint64(packet, uint64(time.Since(start)))
			_, _ = from.Write(packet)
		}
	}()
	buffer := make([]byte, 2000)
	for {
		// Long silence: that was the last. No test's outage is as long.
		_ = to.SetReadDeadline(time.Now().Add(1500 * ms))
		n, err := to.Read(buffer)
		if err != nil {
			return sent, received
		}
		if n == size-28 {
			sent = append(sent, time.Duration(binary.BigEndian.Uint64(buffer)))
			received = append(received, time.Since(start))
		}
		if len(received) == count {
			return sent, received
		}
	}
}

// Twice as much is sent as the link takes: what comes is its rate.
func TestRate(t *testing.T) {
	for _, c := range []struct {
		name     string
		down, up Way
	}{
		{"down 400", way(400, 20, 0, 20), way(0, 0, 0, 0)},
		{"up 100", way(0, 0, 0, 0), way(100, 20, 0, 8)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := open(t, Profile{Down: c.down, Up: c.up})
			from, to := pair(t, l)
			rate := c.down.Rate
			if rate == 0 {
				from, to, rate = to, from, c.up.Rate
			}
			const size = 500
			gap := time.Duration(int64(size) * 8 * int64(time.Second) / int64(rate))
			_, received := flow(t, from, to, size, int(3*time.Second/gap)*2, gap/2)
			n := len(received) - 1
			took := received[n] - received[0]
			if got := float64(n*size*8) / took.Seconds(); !near(got, float64(rate)) {
				t.Errorf("%.0f bit/s came through, want %d", got, rate)
			}
		})
	}
}

func TestDelay(t *testing.T) {
	for _, c := range []struct {
		name     string
		delay    time.Duration
		backward bool
	}{{"down", 325 * ms, false}, {"up", 150 * ms, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := Profile{Down: Way{Delay: c.delay}}
			if c.backward {
				p = Profile{Up: Way{Delay: c.delay}}
			}
			from, to := pair(t, open(t, p))
			if c.backward {
				from, to = to, from
			}
			sent, received := flow(t, from, to, 100, 200, 10*ms)
			if len(sent) != 200 {
				t.Fatalf("%d packets came, want 200", len(sent))
			}
			for i, at := range sent {
				received[i] -= at
			}
			slices.Sort(received)
			if received[0] < c.delay {
				t.Errorf("a packet took %v, less than the delay", received[0])
			}
			if median := received[len(received)/2]; !near(float64(median), float64(c.delay)) {
				t.Errorf("packets took %v, want %v", median, c.delay)
			}
		})
	}
}

// The losses over real devices are those of the model: the share is right, and
// what the counters say is what was missing.
func TestLoss(t *testing.T) {
	t.Parallel()
	const sent, share = 20_000, 0.2
	l := open(t, Profile{Down: Way{Loss: share}})
	from, to := pair(t, l)
	_, received := flow(t, from, to, 100, sent, 100*time.Microsecond)
	down, _ := l.Counts()
	if down.Delivered != int64(len(received)) || down.Came != sent || down.Lost+down.Delivered != sent {
		t.Errorf("%d of %d packets were received, but %+v", len(received), sent, down)
	}
	if lost := 1 - float64(len(received))/sent; !near(lost, share) {
		t.Errorf("lost %.4f of all, want %v", lost, share)
	}
}

// Nothing passes during an outage but what had been let in before; then what
// stood comes, and the rest was dropped.
func TestScript(t *testing.T) {
	t.Parallel()
	open100 := Way{Rate: 1000 * Kilobit, Queue: 1000}
	cut := open100
	cut.Cut = true
	l := open(t, Profile{Down: open100, Script: []Step{{At: time.Second, Down: cut}, {At: 2 * time.Second, Down: open100}}})
	from, to := pair(t, l)
	_, received := flow(t, from, to, 100, 400, 10*ms)
	longest := time.Duration(0)
	for i := 1; i < len(received); i++ {
		longest = max(longest, received[i]-received[i-1])
	}
	if ratio := float64(longest) / float64(time.Second); !near(ratio, 1) {
		t.Errorf("the outage lasted %v, want 1s", longest)
	}
	if down, _ := l.Counts(); down.Overflow == 0 || down.Overflow+down.Delivered != 400 {
		t.Errorf("a queue of ten packets over an outage of 100: %+v", down)
	}
}

// A program runs behind the link; what it sends to others than this machine
// goes nowhere, and UDP does not pass where it is blocked.
func TestCommand(t *testing.T) {
	t.Parallel()
	l := open(t, Profile{Up: Way{NoUDP: true}})
	out, err := l.Command(context.Background(), "ip", "-4", "-o", "addr").CombinedOutput()
	if err != nil || !strings.Contains(string(out), l.Far.String()) {
		t.Fatalf("%v: %s", err, out)
	}
	_, far := pair(t, l)
	if _, err := far.Write([]byte("bonjour")); err != nil {
		t.Fatal(err)
	}
	err = l.Do(func() error {
		c, err := net.Dial("udp4", "198.51.100.7:9") // TEST-NET-2: nobody
		if err == nil {
			_, err = c.Write([]byte("bonjour"))
			_ = c.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(ms) {
		if _, up := l.Counts(); up.Blocked == 1 && up.Stray == 1 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("one packet was blocked and one strayed, but %+v", up)
		}
	}
}

// The strictest firewall passes one port of TCP.
func TestOnlyPort(t *testing.T) {
	packet := func(protocol byte, from, to uint16) []byte {
		p := make([]byte, 40)
		p[0], p[9] = 0x46, protocol // with an option
		binary.BigEndian.PutUint16(p[24:], from)
		binary.BigEndian.PutUint16(p[26:], to)
		return p
	}
	w := Way{OnlyPort: 443}
	for want, packets := range map[bool][][]byte{
		true:  {packet(6, 50000, 443), packet(6, 443, 50000)},
		false: {packet(6, 50000, 7881), packet(17, 50000, 443), packet(6, 50000, 443)[:24]},
	} {
		for i, p := range packets {
			if w.passes(p) != want {
				t.Errorf("packet %d passes: %v", i, !want)
			}
		}
	}
}

// A host that moves has another address: what it opens then comes from there and is answered, and
// what it had open is cut off.
func TestMove(t *testing.T) {
	t.Parallel()
	here := Way{Delay: 10 * ms}
	l := open(t, Profile{Down: here, Up: here, Script: []Step{{At: 100 * ms, Down: here, Up: here, Move: true}}})
	address := func() string {
		out, err := l.Command(context.Background(), "ip", "-4", "-o", "addr").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(address(), l.Moved.String()); {
		if time.Now().After(deadline) {
			t.Fatalf("it has not moved: %s", address())
		}
	}
	if strings.Contains(address(), l.Far.String()+" ") {
		t.Errorf("it has both addresses: %s", address())
	}
	near, far := pairAt(t, l, l.Moved)
	for _, ends := range [][2]net.Conn{{far, near}, {near, far}} {
		if _, err := ends[0].Write([]byte("bonjour")); err != nil {
			t.Fatal(err)
		}
		_ = ends[1].SetReadDeadline(time.Now().Add(10 * time.Second))
		if n, err := ends[1].Read(make([]byte, 10)); n != 7 {
			t.Errorf("%d bytes came: %v", n, err)
		}
	}
	if err := (Profile{Script: []Step{{Move: true}, {At: 1, Move: true}}}).Check(); err == nil {
		t.Error("it may move twice")
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	l := open(t, Profile{})
	name := l.Namespace()
	again, err := Open(Options{Hold: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
	out, err := exec.Command("ip", "netns", "list").Output()
	if err != nil || !strings.Contains(string(out), name) || strings.Contains(string(out), again.Namespace()) {
		t.Errorf("want %s alone: %s %v", name, out, err)
	}
	if _, err := Open(Options{Net: netip.MustParsePrefix("10.0.0.0/24")}); err == nil {
		t.Error("a network that is no pair was taken")
	}
}
