package sfu

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// stall is a way over TCP that stops carrying what the node sends, and keeps little of it.
type stall struct {
	net.Listener
	target string
	mu     sync.Mutex
	held   chan struct{} // nil: it carries
	wg     sync.WaitGroup
}

func newStall(t *testing.T, target string) *stall {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stall{Listener: l, target: target}
	s.wg.Go(s.accept)
	t.Cleanup(func() { s.flow(); _ = l.Close(); s.wg.Wait() })
	return s
}

func (s *stall) port() string { return fmt.Sprint(s.Addr().(*net.TCPAddr).Port) }

func (s *stall) accept() {
	small := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		_ = c.Control(func(fd uintptr) { err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10) })
		return err
	}}
	for {
		near, err := s.Accept()
		if err != nil {
			return
		}
		far, err := small.Dial("tcp4", s.target)
		if err != nil {
			_ = near.Close()
			continue
		}
		s.wg.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
		s.wg.Go(func() { s.carry(near, far); _ = near.Close(); _ = far.Close() })
	}
}

// carry brings what the node sends to the client.
func (s *stall) carry(to, from net.Conn) {
	b := make([]byte, 2<<10)
	for {
		s.mu.Lock()
		held := s.held
		s.mu.Unlock()
		if held != nil {
			<-held
		}
		n, err := from.Read(b)
		if err != nil {
			return
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

func (s *stall) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = make(chan struct{})
}

func (s *stall) flow() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held != nil {
		close(s.held)
		s.held = nil
	}
}

// Who is reached over TCP and stops reading is the only one harmed: media goes on for the others
// without a gap, nothing piles up, and it comes again once it reads.
func TestStalledReaderOverTCPHarmsNobodyElse(t *testing.T) {
	n := testNode(t, Options{TURN: true, Writers: 1}) // one egress writer serves them all
	ways := map[string]func(t *testing.T) (means, *stall){
		"ICE": func(t *testing.T) (means, *stall) {
			s := newStall(t, n.Addrs().TCP.String())
			m := means{network: only(webrtc.NetworkTypeTCP4)}
			m.hear = func(answer string) string {
				return strings.ReplaceAll(answer, fmt.Sprintf(" %d typ host tcptype", n.Addrs().TCP.Port()), " "+s.port()+" typ host tcptype")
			}
			return m, s
		},
		"TURN": func(t *testing.T) (means, *stall) {
			s := newStall(t, n.Addrs().TURNTCP.String())
			over := overTURN(t, n, "?transport=tcp", false)
			over.conf.ICEServers[0].URLs = []string{"turn:127.0.0.1:" + s.port() + "?transport=tcp"}
			return means{network: over}, s
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			over, path := way(t)
			r := n.Router("t/stalled-" + name)
			teacher, witness := join(t, r, "PA_teacher", true), joinWith(t, r, "PA_witness", true, means{spell: unheard})
			over.spell = unheard
			slow := joinWith(t, r, "PA_slow", true, over)
			cam := teacher.publish(cameraSpec("TR_cam"), vp8)
			every(t, 10*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 16, 1100) })
			waitFor(teacher, "announced", func(TrackEvent) bool { return true })
			for _, c := range []*client{witness, slow} {
				if err := c.peer.Subscribe("TR_cam", true); err != nil {
					t.Fatal(err)
				}
				c.more("TR_cam", 100)
			}
			heap := inUse()
			path.stop()
			witness.more("TR_cam", 8000) // more than two kernels' buffers hold
			if grown := inUse() - heap; grown > 16<<20 {
				t.Errorf("%d bytes are kept", grown)
			}
			if got := counted(t, n.m.dropped[dropRelay]); name == "TURN" && got == 0 {
				t.Error("what the relay has dropped is not counted")
			}
			if got := counted(t, n.m.peers); got != 3 {
				t.Errorf("%d peers are left", got)
			}
			path.flow()
			slow.more("TR_cam", 50)
			for _, c := range []*client{teacher, witness, slow} {
				c.leave()
			}
			waitGauge(t, n, 0)
		})
	}
}

// unheard takes transport-wide feedback out of an offer: without an estimate nothing is held back.
func unheard(offer string) string {
	var lines []string
	for line := range strings.Lines(offer) {
		if !strings.Contains(line, "transport-cc") && !strings.Contains(line, extTransportWide) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// A data channel that is never read takes a bounded number of messages; the peer is closed in time
// though, and the others hear.
func TestChannelThatIsNeverRead(t *testing.T) {
	n := testNode(t, Options{})
	for _, one := range []bool{true, false} {
		r := n.Router(fmt.Sprint("t/unread-", one))
		deaf, other := join(t, r, "PA_deaf", one), join(t, r, "PA_other", one)
		for _, c := range []*client{deaf, other} {
			c.until("its channels", func() bool { return len(c.channels) == 3 && c.peer.Send(DataReliable, []byte("one")) == nil })
		}
		release := make(chan struct{})
		deaf.mu.Lock()
		deaf.channels["_reliable"].OnMessage(func(webrtc.DataChannelMessage) { <-release })
		deaf.mu.Unlock()
		message, sent := make([]byte, 32<<10), 0
		for {
			err := deaf.peer.Send(DataReliable, message)
			if errors.Is(err, ErrSlow) {
				break
			}
			if sent++; err != nil || sent > 1000 {
				t.Fatalf("after %d messages: %v", sent, err)
			}
		}
		if bytes := sent * len(message); bytes > reliableBuffer+4<<20 { // with what the client's own side holds
			t.Errorf("%d bytes were taken", bytes)
		}
		if err := other.peer.Send(DataReliable, []byte("two")); err != nil {
			t.Errorf("the other: %v", err)
		}
		waitFor(other, "what it was sent", func(e DataEvent) bool { return string(e.Payload) == "two" })
		deaf.peer.Close()
		waitGauge(t, n, 1)
		close(release)
		deaf.leave()
		other.leave()
		waitGauge(t, n, 0)
	}
}
