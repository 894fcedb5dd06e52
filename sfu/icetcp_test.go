package sfu

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"preau/sfu/stream"
)

// Connections of ICE over TCP beyond the bound are closed at once and counted, and a closed one
// makes room.
func TestConnectionsOfICEOverTCPAreBounded(t *testing.T) {
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &boundedListener{Listener: tcp, limit: stream.NewLimit(8, 3), refused: m.dropped[dropConns]}
	taken := make(chan net.Conn)
	var accepting sync.WaitGroup
	accepting.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			taken <- c
		}
	})
	defer accepting.Wait()
	defer l.Close()
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp4", tcp.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	var ours []net.Conn
	for range 3 {
		dial()
		ours = append(ours, <-taken)
	}
	for range 5 {
		c := dial()
		_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a connection too many: %v", err)
		}
	}
	if got := counted(t, m.dropped[dropConns]); got != 5 {
		t.Errorf("%d are counted", got)
	}
	_ = ours[0].Close()
	dial()
	_ = (<-taken).Close()
	for _, c := range ours[1:] {
		_ = c.Close()
	}
	if l.limit.Held() != 0 {
		t.Error("closed connections are held")
	}
}
