//go:build linux

package signaling

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
)

// A page's files leave half of a connection's pace to the sockets that are on it, as long as they are.
func TestFilesLeaveRoomForSockets(t *testing.T) {
	p := newPacing(nil)
	conn, _ := tcpPair(t)
	page := from{conn, "203.0.113.5:1001"}
	p.connState(page, http.StateNew)
	now := time.Now()
	if _, paced := p.turn(page, netip.Addr{}, filePiece, now); paced {
		t.Error("paced without a socket")
	}
	lea := seatKey{"", "maths", "lea"}
	release := p.hold(lea, &streamConn{carrier: page}, netip.Addr{})
	if _, paced := p.turn(page, netip.Addr{}, filePiece, now); paced {
		t.Error("paced before anything is known of the link")
	}
	p.set(lea, 23_406) // 2,048 bytes a second
	at := now
	for i := range 3 {
		if wait, paced := p.turn(page, netip.Addr{}, filePiece, at); !paced || wait != 0 {
			t.Errorf("piece %d waits %v (paced: %v)", i, wait, paced)
		}
		if wait, _ := p.turn(page, netip.Addr{}, filePiece, at); wait < 990*time.Millisecond || wait > 1010*time.Millisecond {
			t.Errorf("the piece after %d waits %v, not a second", i, wait)
		}
		at = at.Add(1010 * time.Millisecond)
	}
	p.turn(page, netip.Addr{}, filePiece, at)
	p.set(lea, 234_057) // the link is better now
	if wait, _ := p.turn(page, netip.Addr{}, filePiece, at); wait > 110*time.Millisecond {
		t.Errorf("it waits %v as at the pace of before", wait)
	}
	release()
	if _, paced := p.turn(page, netip.Addr{}, filePiece, now); paced {
		t.Error("paced after the socket")
	}
}

func TestAFileWaitsForItsTurns(t *testing.T) {
	p := newPacing(nil)
	conn, _ := tcpPair(t)
	page := from{conn, "203.0.113.5:1001"}
	p.connState(page, http.StateNew)
	defer p.hold(seatKey{}, &streamConn{carrier: page}, netip.Addr{})()
	p.set(seatKey{}, 234_057) // 20 kB a second
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), carrierKey{}, page))
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/file", nil)
	request.ProtoMajor = 2
	var failed error
	file := p.files(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, failed = w.Write(make([]byte, 9*filePiece)) }))

	begun, answer := time.Now(), httptest.NewRecorder()
	file.ServeHTTP(answer, request)
	if took := time.Since(begun); failed != nil || answer.Body.Len() != 9*filePiece || took < 700*time.Millisecond {
		t.Errorf("%d bytes in %v, %v", answer.Body.Len(), took, failed)
	}
	cancel()
	answer = httptest.NewRecorder()
	file.ServeHTTP(answer, request)
	if !errors.Is(failed, context.Canceled) || answer.Body.Len() > filePiece {
		t.Errorf("%d bytes to who is gone, %v", answer.Body.Len(), failed)
	}
}

// Behind a proxy it is the address that the proxy tells of whose pages are paced, of both forms of HTTP, and what a
// participant's socket is sent goes in pieces.
func TestPacingBehindAProxy(t *testing.T) {
	p := newPacing([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	from := func(peer, forwarded string) *http.Request {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/file", nil)
		r.RemoteAddr = peer
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		return r
	}
	for _, r := range []*http.Request{from("203.0.113.9:1", "203.0.113.5"), from("192.0.2.1:1", ""), from("192.0.2.1:1", "nonsense"), from("192.0.2.1:1", "127.0.0.1")} {
		if at := p.behind(r); at.IsValid() {
			t.Errorf("%s by %s is believed to come from %v", r.Header.Get("X-Forwarded-For"), r.RemoteAddr, at)
		}
	}
	weak, other := from("192.0.2.1:1001", "203.0.113.5"), from("192.0.2.1:1001", "203.0.113.6")
	lea := seatKey{"", "maths", "lea"}
	stream := &streamConn{remote: addr("192.0.2.1:1001")}
	release := p.hold(lea, stream, p.behind(weak))
	p.set(lea, 93_623) // 2,048 bytes a second are its pages'
	now := time.Now()
	for _, ask := range []struct {
		who   *http.Request
		paced bool
	}{{weak, true}, {other, false}} {
		if wait, paced := p.turn(nil, p.behind(ask.who), filePiece, now); paced != ask.paced || wait != 0 {
			t.Errorf("%v: paced %v, waits %v", p.behind(ask.who), paced, wait)
		}
	}
	if wait, _ := p.turn(nil, p.behind(weak), filePiece, now); wait < 490*time.Millisecond || wait > 510*time.Millisecond {
		t.Errorf("the next piece waits %v, not half a second", wait)
	}
	if got, want := stream.pace.Load(), pace(93_623, 1); got != want {
		t.Errorf("the socket has %d B/s, not %d", got, want)
	}
	served := httptest.NewRecorder()
	begun := time.Now()
	p.files(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 3*filePiece)) })).ServeHTTP(served, weak)
	if took := time.Since(begun); served.Body.Len() != 3*filePiece || took < 900*time.Millisecond {
		t.Errorf("%d bytes in %v", served.Body.Len(), took)
	}
	release()
	if len(p.homes)+len(p.seats) != 0 {
		t.Errorf("%d addresses and %d seats are remembered", len(p.homes), len(p.seats))
	}
}
