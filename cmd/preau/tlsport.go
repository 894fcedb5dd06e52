package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"preau/sfu/stream"
)

const (
	// tlsShow is how long a connection has for the handshake and its first bytes.
	tlsShow = 10 * time.Second
	// tlsUndecided and tlsUndecidedSource bound the connections within that
	// time, in all and from one source, which may be a whole school.
	tlsUndecided       = 4096
	tlsUndecidedSource = 1024
)

// What ALPN (RFC 7301) calls what is spoken under TLS.
const (
	alpnHTTP2 = "h2"
	alpnHTTP1 = "http/1.1"
	alpnTURN  = "stun.turn"  // RFC 7443
	alpnACME  = "acme-tls/1" // RFC 8737
)

// tlsPort is a TCP port on which TLS is spoken, and under it HTTP, TURN or both:
//
//  1. Run accepts, within a bound, and has each connection decided in a
//     goroutine of its own, within a time;
//  2. the handshake says by ALPN what a browser speaks; where it says nothing,
//     the first bytes do (stream.Tell);
//  3. HTTP goes to whoever Accepts, which is net/http; TURN to the media plane.
//
// Browsers that cannot have a websocket as a stream of the page's HTTP/2 (RFC 8441) open it as
// HTTP/1.1, by ALPN.
type tlsPort struct {
	net.Listener // of TCP
	config       *tls.Config
	web          bool           // HTTP is spoken here
	turn         func(net.Conn) // takes what speaks TURN; nil: none does
	m            *doorMetrics
	undecided    *stream.Limit

	http   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newTLSPort(l net.Listener, config *tls.Config, web bool, turn func(net.Conn), m *doorMetrics) *tlsPort {
	config = config.Clone()
	if web {
		config.NextProtos = append(config.NextProtos, alpnHTTP2, alpnHTTP1)
	}
	if turn != nil {
		config.NextProtos = append(config.NextProtos, alpnTURN)
	}
	return &tlsPort{
		Listener: l, config: config, web: web, turn: turn, m: m,
		undecided: stream.NewLimit(tlsUndecided, tlsUndecidedSource),
		http:      make(chan net.Conn), closed: make(chan struct{}),
	}
}

// Run accepts until the port is closed, and waits for what it started.
func (p *tlsPort) Run() error {
	ctx, cancel := context.WithCancel(context.Background())
	var deciding sync.WaitGroup
	defer deciding.Wait()
	defer cancel()
	for {
		c, err := p.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil { // out of descriptors, or the client was gone already
			select {
			case <-time.After(100 * time.Millisecond):
			case <-p.closed:
			}
			continue
		}
		release := p.undecided.Take(c.RemoteAddr())
		if release == nil {
			p.m.refused[refusedFlood].Inc()
			_ = c.Close()
			continue
		}
		deciding.Go(func() {
			defer release()
			p.decide(ctx, c)
		})
	}
}

// decide finds out what a connection is and hands it on, or closes it.
func (p *tlsPort) decide(ctx context.Context, raw net.Conn) {
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	_ = raw.SetDeadline(time.Now().Add(tlsShow)) // fails only once closed
	secured := tls.Server(raw, p.config)
	if err := secured.HandshakeContext(ctx); err != nil {
		explainTLS(err)
		p.refuse(raw, err, refusedHandshake)
		return
	}
	said := secured.ConnectionState().NegotiatedProtocol
	if said == alpnACME {
		p.m.served[servedACME].Inc() // the handshake was all of it
		_ = secured.Close()
		return
	}
	c, turn, err := p.tell(secured, said)
	if err != nil {
		p.refuse(secured, err, refusedUnknown)
		return
	}
	_ = raw.SetDeadline(time.Time{})
	if turn {
		p.m.served[servedTURN].Inc()
		p.turn(c)
		return
	}
	p.m.served[servedHTTP].Inc()
	select {
	case p.http <- c:
	case <-p.closed:
		_ = c.Close()
	}
}

// tell says whether a connection speaks TURN.
func (p *tlsPort) tell(c *tls.Conn, said string) (net.Conn, bool, error) {
	switch {
	case !p.web:
		return c, true, nil
	case p.turn == nil, said == alpnHTTP1, said == alpnHTTP2:
		return c, false, nil
	}
	return stream.Tell(c)
}

func (p *tlsPort) refuse(c net.Conn, err error, why refusedReason) {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		why = refusedSilent
	}
	p.m.refused[why].Inc()
	_ = c.Close()
}

// explainTLS answers who writes http:// where https:// is spoken, as net/http
// does: a browser would show only that the connection broke.
func explainTLS(err error) {
	var header tls.RecordHeaderError
	if !errors.As(err, &header) || header.Conn == nil {
		return
	}
	if !slices.Contains([]string{"GET /", "HEAD ", "POST ", "PUT /", "OPTIO"}, string(header.RecordHeader[:])) {
		return
	}
	_, _ = io.WriteString(header.Conn, "HTTP/1.0 400 Bad Request\r\nContent-Type: text/plain\r\n\r\nThis port speaks HTTPS: the address begins with https://\n")
}

// Accept waits for a connection that speaks HTTP.
func (p *tlsPort) Accept() (net.Conn, error) {
	select {
	case c := <-p.http:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the port; what it has handed on lives on.
func (p *tlsPort) Close() (err error) {
	p.once.Do(func() {
		close(p.closed)
		err = p.Listener.Close()
	})
	return err
}
