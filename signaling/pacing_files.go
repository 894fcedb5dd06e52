package signaling

import (
	"context"
	"net"
	"net/http"
	"net/netip"
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
	// fileLook is how often a file that waits looks whether it must go on to, fileTime how long a piece may take.
	fileLook = 250 * time.Millisecond
	fileTime = 5 * time.Minute
)

// files gives the page's files to next, to be written no faster than the connection bears.
func (p *pacing) files(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := r.Context().Value(carrierKey{}).(net.Conn)
		if at := p.behind(r); at.IsValid() || ok && r.ProtoMajor == 2 {
			w = &fileWriter{ResponseWriter: w, control: http.NewResponseController(w), pacing: p, carrier: c, behind: at, ctx: r.Context()}
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
	behind  netip.Addr      // whose page it is, where a proxy tells
	ctx     context.Context // of the one request that it answers
}

// Unwrap is for http.ResponseController.
func (w *fileWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *fileWriter) Write(b []byte) (written int, err error) {
	for len(b) > 0 && err == nil {
		n := min(filePiece, len(b))
		wait, paced := w.pacing.turn(w.carrier, w.behind, n, time.Now())
		if wait > 0 {
			err = w.wait(wait)
			continue
		}
		if !paced {
			n = len(b)
		}
		n, err = w.ResponseWriter.Write(b[:n])
		written, b = written+n, b[n:]
	}
	return written, err
}

// wait flushes what net/http holds back, and waits a moment: what the link carries may change meanwhile.
func (w *fileWriter) wait(d time.Duration) error {
	if err := w.control.Flush(); err != nil {
		return err
	}
	// How long an answer may take is bounded for the client's sake, who reads it; here it is we who wait.
	_ = w.control.SetWriteDeadline(time.Now().Add(fileTime)) // not every writer has one
	t := time.NewTimer(min(d, fileLook))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-w.ctx.Done():
		return w.ctx.Err()
	}
}

// filesTurn is when the last piece was written, and its bytes.
type filesTurn struct {
	began time.Time
	piece int
}

// take takes the turn for so many bytes at a rate, in bytes a second, or says how long it must wait for that.
func (t *filesTurn) take(bytes int, rate float64, now time.Time) (wait time.Duration) {
	perByte := time.Second / time.Duration(max(rate, 1))
	if wait = t.began.Add(time.Duration(t.piece) * perByte).Sub(now); wait > 0 {
		return wait
	}
	*t = filesTurn{now, bytes}
	return 0
}

// turn takes the turn for so many bytes of a file on a connection, or of one that goes to somebody behind a proxy,
// or says how long it must wait for that; not paced: there is no need to, as no participant's socket is on it, or
// comes from there, and is held to a pace.
func (p *pacing) turn(c net.Conn, behind netip.Addr, bytes int, now time.Time) (wait time.Duration, paced bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if behind.IsValid() {
		h := p.homes[behind]
		if h == nil || h.rate == unpaced {
			return 0, false
		}
		return h.files.take(bytes, float64(h.rate), now), true
	}
	if c == nil {
		return 0, false
	}
	h := p.homes[p.addressOf(c)]
	if h == nil {
		return 0, false
	}
	page := h.pages[c]
	if page == nil || page.seated == 0 || page.rate == 0 || page.rate == unpaced {
		return 0, false
	}
	return page.files.take(bytes, filesShare*float64(page.rate), now), true
}
