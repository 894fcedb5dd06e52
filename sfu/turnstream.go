package sfu

import (
	"bufio"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/pion/stun/v4"

	"preau/sfu/stream"
)

const (
	// turnPending and turnPendingSource bound the stream connections without an allocation.
	turnPending       = 2048
	turnPendingSource = 512
	// turnShow is how long one may be without.
	turnShow = 30 * time.Second
	// turnSilence is how long one with an allocation may be silent: an allocation that is not
	// refreshed lasts ten minutes (RFC 8656, section 3.2).
	turnSilence = 11 * time.Minute
	// turnWrite is how long a client may take nothing: longer than a link may be gone.
	turnWrite = iceFailed + 5*time.Second
)

// turnStreams are the stream connections on which TURN is spoken, as the listener that pion's
// server wants. Over UDP an unknown client costs nothing until it has authenticated; over a stream
// its connection must be kept, for a bounded time and in bounded number.
type turnStreams struct {
	relays *relayTable
	m      *metrics
	tcp    net.Listener   // our own port; nil: none
	addr   netip.AddrPort // of tcp

	pending  *stream.Limit
	incoming chan net.Conn
	closed   chan struct{}
	once     sync.Once

	mu   sync.Mutex
	open map[string]*turnStream // by both its addresses
}

func newTURNStreams(relays *relayTable, m *metrics) *turnStreams {
	return &turnStreams{
		relays: relays, m: m, pending: stream.NewLimit(turnPending, turnPendingSource),
		incoming: make(chan net.Conn), closed: make(chan struct{}), open: map[string]*turnStream{},
	}
}

// listen opens our own port of TURN over TCP.
func (t *turnStreams) listen(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	t.tcp, t.addr = l, l.Addr().(*net.TCPAddr).AddrPort()
	return nil
}

// acceptTCP takes the connections to our own port until it is closed.
func (t *turnStreams) acceptTCP() {
	for {
		c, err := t.tcp.Accept()
		switch {
		case err == nil:
			t.serve(c)
		case errors.Is(err, net.ErrClosed):
			return
		default: // out of descriptors, or the client was gone already
			select {
			case <-time.After(100 * time.Millisecond):
			case <-t.closed:
				return
			}
		}
	}
}

// serve takes a connection over; it is closed if there are too many without an allocation.
func (t *turnStreams) serve(c net.Conn) {
	release := t.pending.Take(c.RemoteAddr())
	if release == nil {
		t.m.turnRefused[turnFlood].Inc()
		_ = c.Close()
		return
	}
	s := &turnStream{Conn: c, streams: t, reader: bufio.NewReader(c), show: time.Now().Add(turnShow), release: release}
	t.mu.Lock()
	t.open[streamKey(c.RemoteAddr(), c.LocalAddr())] = s
	t.mu.Unlock()
	select {
	case t.incoming <- s:
	case <-t.closed:
		_ = s.Close()
	}
}

// Accept implements net.Listener.
func (t *turnStreams) Accept() (net.Conn, error) {
	select {
	case s := <-t.incoming:
		return s, nil
	case <-t.closed:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (t *turnStreams) Addr() net.Addr { return net.TCPAddrFromAddrPort(t.addr) }

// Close ends the port and every connection.
func (t *turnStreams) Close() (err error) {
	t.once.Do(func() {
		close(t.closed)
		if t.tcp != nil {
			err = t.tcp.Close()
		}
	})
	t.mu.Lock()
	var open []*turnStream
	for _, s := range t.open {
		open = append(open, s)
	}
	t.mu.Unlock()
	for _, s := range open {
		_ = s.Close()
	}
	return err
}

// settle notes that a connection has its allocation.
func (t *turnStreams) settle(from, at net.Addr) {
	if s := t.find(from, at); s != nil {
		s.settled = true // in the goroutine that reads it
		s.release()
	}
}

// end closes a connection whose allocation is gone: it expired, or newer ones took its place.
func (t *turnStreams) end(from, at net.Addr) {
	if s := t.find(from, at); s != nil {
		_ = s.Close()
	}
}

func (t *turnStreams) find(from, at net.Addr) *turnStream {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.open[streamKey(from, at)]
}

func streamKey(from, at net.Addr) string { return from.Network() + from.String() + " " + at.String() }

// turnStream is one of them. It reads whole messages, so that pion never waits with a part of one.
type turnStream struct {
	net.Conn
	streams *turnStreams
	reader  *bufio.Reader
	show    time.Time // when it must have an allocation
	release func()
	settled bool // owned by the goroutine that reads
	once    sync.Once
}

// Read yields one message.
func (s *turnStream) Read(p []byte) (int, error) {
	for {
		until := s.show
		if s.settled {
			until = time.Now().Add(turnSilence)
		}
		if err := s.SetReadDeadline(until); err != nil {
			return 0, err
		}
		n, err := stream.ReadFrame(s.reader, p)
		if err != nil {
			s.count(err)
			return 0, err
		}
		if !s.streams.relays.foreignChannel(p[:n]) {
			return n, nil
		}
		s.streams.m.turnRefused[turnPeer].Inc()
	}
}

func (s *turnStream) count(err error) {
	switch {
	case errors.Is(err, stream.ErrNotTURN), errors.Is(err, stream.ErrTooLong):
		s.streams.m.turnRefused[turnFraming].Inc()
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.streams.m.turnRefused[turnSilent].Inc()
	}
}

// Write writes one message.
func (s *turnStream) Write(p []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(turnWrite)); err != nil {
		return 0, err
	}
	n, err := s.Conn.Write(p)
	if err != nil {
		_ = s.Close() // a message cut off spoils what follows
	}
	return n, err
}

// Close closes the connection and frees its place.
func (s *turnStream) Close() (err error) {
	s.once.Do(func() {
		s.streams.mu.Lock()
		delete(s.streams.open, streamKey(s.RemoteAddr(), s.LocalAddr()))
		s.streams.mu.Unlock()
		s.release()
		err = s.Conn.Close()
	})
	return err
}

// turnSocket is a UDP socket of TURN.
type turnSocket struct {
	*net.UDPConn
	relays *relayTable
	m      *metrics
}

// ReadFrom yields one message.
func (s turnSocket) ReadFrom(p []byte) (int, net.Addr, error) {
	for {
		n, from, err := s.UDPConn.ReadFrom(p)
		if err != nil || !s.relays.foreignChannel(p[:n]) {
			return n, from, err
		}
		s.m.turnRefused[turnPeer].Inc()
	}
}

// foreignChannel says that a message asks for a channel (RFC 8656, section 12) to something else
// than the media port. pion's server bounds neither their number nor their ports, only their hosts.
func (t *relayTable) foreignChannel(raw []byte) bool {
	if len(raw) < 2 || raw[0] != 0 || raw[1] != byte(stun.MethodChannelBind) {
		return false
	}
	m := stun.Message{Raw: raw}
	var peer stun.XORMappedAddress
	if m.Decode() != nil || peer.GetFromAs(&m, stun.AttrXORPeerAddress) != nil {
		return false // pion refuses it
	}
	a, ok := netip.AddrFromSlice(peer.IP)
	return !ok || t.reach[netip.AddrPortFrom(a.Unmap(), uint16(peer.Port))] == nil
}
