//go:build linux

package signaling

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// thinConn carries some 200 kB/s.
type thinConn struct{ net.Conn }

func (c thinConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b[:min(len(b), 2000)])
	time.Sleep(10 * time.Millisecond) // the link itself, not a guess
	return n, err
}

// What a page asks while a large file of its own comes, on the same connection, does not wait for all
// of that file: little of it stands in the kernel.
func TestAnAnswerOvertakesAFile(t *testing.T) {
	const size = 512 << 10
	piece := bytes.Repeat([]byte("x"), 4<<10)
	mux := http.NewServeMux()
	mux.HandleFunc("/file", func(w http.ResponseWriter, _ *http.Request) {
		for range size / len(piece) {
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/answer", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("here")) })
	s := httptest.NewUnstartedServer(mux)
	s.EnableHTTP2, s.Config.ConnState = true, New(Options{}).ConnState
	s.StartTLS()
	defer s.Close()

	dials := 0
	client := &http.Client{Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dials++
			d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
				return c.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 8<<10) })
			}}
			conn, err := d.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			secure := tls.Client(thinConn{conn}, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}) //nolint:gosec // httptest's own certificate
			return secure, secure.HandshakeContext(ctx)
		},
	}}
	defer client.CloseIdleConnections()
	file, err := client.Get(s.URL + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Body.Close()
	came := make(chan int)
	go func() {
		sum, buf := 0, make([]byte, 4<<10)
		for {
			n, err := file.Body.Read(buf)
			sum += n
			select {
			case came <- sum:
			default:
			}
			if err != nil {
				close(came)
				return
			}
		}
	}()
	for <-came < 64<<10 {
		continue
	}
	answer, err := client.Get(s.URL + "/answer")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if b, err := io.ReadAll(answer.Body); err != nil || string(b) != "here" {
		t.Fatalf("%q, %v", b, err)
	}
	if sum, coming := <-came; !coming || sum > size/2 {
		t.Errorf("the answer came behind %d bytes of %d", sum, size)
	}
	if dials != 1 {
		t.Errorf("%d connections", dials)
	}
}
