package signaling

import (
	"context"
	"net"
	"net/http"
	"time"
)

// A page goes on loading when its websockets have come, on the same connection (see http2.go). What
// the kernel holds back of its files stands before the sockets' answers, and a client whose pings are
// not answered connects anew. Files are therefore handed to a paced connection more slowly than it
// sends, so that nothing of them waits there.

const (
	// filesShare of a connection's pace is what its files get while it carries sockets.
	filesShare = 0.5
	// filePiece is how many bytes of them are handed over at once.
	filePiece = 1 << 10
)

// files gives the page's files to next, to be written no faster than the connection bears.
func (p *pacing) files(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(carrierKey{}).(net.Conn); ok && r.ProtoMajor == 2 {
			w = &fileWriter{ResponseWriter: w, control: http.NewResponseController(w), pacing: p, carrier: c, ctx: r.Context()}
		}
		next.ServeHTTP(w, r)
	})
}

// fileWriter waits for each piece's turn.
type fileWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	pacing  *pacing
	carrier net.Conn
	ctx     context.Context // of the one request that it answers
}

// Unwrap is for http.ResponseController.
func (w *fileWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *fileWriter) Write(b []byte) (written int, err error) {
	for len(b) > 0 && err == nil {
		n := len(b)
		if turn, paced := w.pacing.turn(w.carrier, min(filePiece, n), time.Now()); paced {
			n = min(filePiece, n)
			if err := w.wait(time.Until(turn)); err != nil {
				return written, err
			}
		}
		n, err = w.ResponseWriter.Write(b[:n])
		written, b = written+n, b[n:]
	}
	return written, err
}

// wait flushes what net/http holds back, and waits.
func (w *fileWriter) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if err := w.control.Flush(); err != nil {
		return err
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

// turn is when so many bytes of a file may be written to a connection, and whether that matters: it
// does while participants' sockets are on it and held to a pace.
func (p *pacing) turn(c net.Conn, bytes int, now time.Time) (at time.Time, paced bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.homes[p.addressOf(c)]
	if h == nil {
		return now, false
	}
	page := h.pages[c]
	if page == nil || page.seated == 0 || page.rate == 0 || page.rate == unpaced {
		return now, false
	}
	took := time.Duration(float64(bytes) / (filesShare * float64(page.rate)) * float64(time.Second))
	at = page.free
	if at.Before(now) {
		at = now
	}
	page.free = at.Add(took)
	return at, true
}
