package signaling

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	_ "preau/signaling/xconnect" // has browsers know that they may
)

// A page's websockets come as streams of the HTTP/2 connection that it has already, where the browser
// can (RFC 8441): on a thin link that saves them the handshakes of TCP and TLS, two round trips.

// carrierKey finds in a request's context the connection that it came by.
type carrierKey struct{}

// ConnContext is for the http.Server that serves Handler.
func (s *Server) ConnContext(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, carrierKey{}, c)
}

// websocketsOverHTTP2 counts a websocket that is a stream and gives it to next in the form of HTTP/1.1.
func websocketsOverHTTP2(count func(), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get(":protocol") != "websocket" {
			next.ServeHTTP(w, r)
			return
		}
		count()
		carrier, _ := r.Context().Value(carrierKey{}).(net.Conn)
		s := &streamConn{w: w, control: http.NewResponseController(w), body: r.Body, carrier: carrier, local: addrOf(r), remote: addr(r.RemoteAddr), closed: make(chan struct{})}
		defer s.end()
		next.ServeHTTP(&streamWriter{ResponseWriter: w, stream: s}, asUpgrade(r))
	})
}

// asUpgrade is the request as HTTP/1.1 has it (RFC 6455, 4.1).
func asUpgrade(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.Method = http.MethodGet
	r.Header.Del(":protocol")
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	var key [16]byte
	_, _ = rand.Read(key[:]) // never fails; over HTTP/2 nobody answers to it
	r.Header.Set("Sec-WebSocket-Key", base64.StdEncoding.EncodeToString(key[:]))
	return r
}

type addr string

func (a addr) Network() string { return "tcp" }
func (a addr) String() string  { return string(a) }

func addrOf(r *http.Request) net.Addr {
	if a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		return a
	}
	return addr("")
}

// streamWriter lets the handler take the stream over, as it would a connection.
type streamWriter struct {
	http.ResponseWriter
	stream *streamConn
	taken  bool // over: nothing else is written on it
}

// Hijack is net/http's (http.Hijacker).
func (w *streamWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.taken = true
	clear(w.Header()) // a handshake carries no page's headers
	return w.stream, bufio.NewReadWriter(bufio.NewReader(w.stream), bufio.NewWriter(w.stream)), nil
}

func (w *streamWriter) WriteHeader(status int) {
	if !w.taken {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *streamWriter) Write(b []byte) (int, error) {
	if w.taken {
		return 0, http.ErrHijacked
	}
	return w.ResponseWriter.Write(b)
}

// streamConn is one stream of an HTTP/2 connection as a net.Conn, for as long as its request is
// handled. What is written first is the answer to the upgrade.
type streamConn struct {
	// fixed after construction
	control       *http.ResponseController
	body          io.ReadCloser
	carrier       net.Conn // nil: not known
	local, remote net.Addr

	pace   atomic.Uint32 // bytes a second, where what is written is paced, in pieces; 0, unpaced: it is not
	closed chan struct{}

	mu       sync.Mutex // guards w and what follows; held while it is written
	w        http.ResponseWriter
	answered bool
	turn     filesTurn // the last piece's

	closing sync.Mutex // guards what follows
	over    bool       // closed, or the request has been handled
	writing bool
	writeBy time.Time // deadline of a write; zero: none
}

// NetConn is the connection that carries the stream.
func (s *streamConn) NetConn() net.Conn { return s.carrier }

func (s *streamConn) LocalAddr() net.Addr  { return s.local }
func (s *streamConn) RemoteAddr() net.Addr { return s.remote }

func (s *streamConn) Read(b []byte) (int, error) { return s.body.Read(b) }

func (s *streamConn) Write(b []byte) (written int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.ended()
	if err := s.begin(); err != nil {
		return 0, err
	}
	if !s.answered {
		s.answered = true
		return len(b), s.answer(b)
	}
	for len(b) > written && err == nil {
		piece := b[written:]
		if rate := s.pace.Load(); rate != 0 && rate != unpaced {
			piece = piece[:min(filePiece, len(piece))]
			if wait := s.turn.take(len(piece), float64(rate), time.Now()); wait > 0 {
				err = s.pause(wait)
				continue
			}
		}
		var n int
		if n, err = s.w.Write(piece); err == nil {
			err = s.control.Flush()
		}
		written += n
	}
	return written, err
}

// pause waits for a piece's turn. A deadline is there for a client who does not read; here it is we who wait.
func (s *streamConn) pause(d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.closed:
	}
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.over {
		return net.ErrClosed
	}
	if !s.writeBy.IsZero() {
		s.writeBy = s.writeBy.Add(d)
	}
	return s.control.SetWriteDeadline(s.writeBy)
}

// begin sets the deadline of a write. One that passes while nothing is written would end the stream.
func (s *streamConn) begin() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	switch {
	case s.over:
		return net.ErrClosed
	case !s.writeBy.IsZero() && !time.Now().Before(s.writeBy):
		return os.ErrDeadlineExceeded
	}
	s.writing = true
	return s.control.SetWriteDeadline(s.writeBy)
}

func (s *streamConn) ended() {
	s.closing.Lock()
	defer s.closing.Unlock()
	s.writing = false
	if !s.over {
		_ = s.control.SetWriteDeadline(time.Time{}) // the next write sets its own
	}
}

// answer says of the upgrade's answer what HTTP/2 needs (RFC 8441, 5).
func (s *streamConn) answer(b []byte) error {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
	if err != nil {
		return err
	}
	_ = resp.Body.Close() // it has none
	for _, name := range []string{"Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"} {
		if v := resp.Header.Get(name); v != "" {
			s.w.Header().Set(name, v)
		}
	}
	s.w.WriteHeader(http.StatusOK)
	return s.control.Flush()
}

// Close ends reading, and writing after what is being written. The stream itself ends with its request.
func (s *streamConn) Close() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.over {
		return net.ErrClosed
	}
	s.over = true
	close(s.closed)
	if s.writing {
		_ = s.control.SetWriteDeadline(time.Now()) // it may wait for a client that does not read
	}
	return s.body.Close()
}

// end is the request's: after it nothing may touch the stream any more.
func (s *streamConn) end() {
	_ = s.Close()
	s.mu.Lock() // waits for who writes
	defer s.mu.Unlock()
	s.w = nil
}

func (s *streamConn) SetReadDeadline(t time.Time) error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.over {
		return net.ErrClosed
	}
	return s.control.SetReadDeadline(t)
}

func (s *streamConn) SetWriteDeadline(t time.Time) error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.over {
		return net.ErrClosed
	}
	s.writeBy = t
	if s.writing {
		return s.control.SetWriteDeadline(t)
	}
	return nil
}

func (s *streamConn) SetDeadline(t time.Time) error {
	if err := s.SetReadDeadline(t); err != nil {
		return err
	}
	return s.SetWriteDeadline(t)
}
