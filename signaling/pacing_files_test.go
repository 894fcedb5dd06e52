//go:build linux

package signaling

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
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
	if _, paced := p.turn(page, filePiece, now); paced {
		t.Error("paced without a socket")
	}
	lea := seatKey{"", "maths", "lea"}
	release := p.hold(lea, &streamConn{carrier: page})
	if _, paced := p.turn(page, filePiece, now); paced {
		t.Error("paced before anything is known of the link")
	}
	p.set(lea, 23_406) // 2,048 bytes a second
	at := now
	for i := range 3 {
		if wait, paced := p.turn(page, filePiece, at); !paced || wait != 0 {
			t.Errorf("piece %d waits %v (paced: %v)", i, wait, paced)
		}
		if wait, _ := p.turn(page, filePiece, at); wait < 990*time.Millisecond || wait > 1010*time.Millisecond {
			t.Errorf("the piece after %d waits %v, not a second", i, wait)
		}
		at = at.Add(1010 * time.Millisecond)
	}
	p.turn(page, filePiece, at)
	p.set(lea, 234_057) // the link is better now
	if wait, _ := p.turn(page, filePiece, at); wait > 110*time.Millisecond {
		t.Errorf("it waits %v as at the pace of before", wait)
	}
	release()
	if _, paced := p.turn(page, filePiece, now); paced {
		t.Error("paced after the socket")
	}
}

func TestAFileWaitsForItsTurns(t *testing.T) {
	p := newPacing(nil)
	conn, _ := tcpPair(t)
	page := from{conn, "203.0.113.5:1001"}
	p.connState(page, http.StateNew)
	defer p.hold(seatKey{}, &streamConn{carrier: page})()
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
