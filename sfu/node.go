package sfu

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"

	"preau/sfu/packet"
	"preau/sfu/stream"
)

// Node is the media plane of one program: its ports and the classes routed through them.
type Node struct {
	// fixed after construction
	o         Options
	log       *slog.Logger
	m         *metrics
	relays    *relayTable
	reporters *reporters
	mux       *portMux
	tcp       *ice.TCPMuxDefault // nil: off
	turn      *turnServer        // nil: off
	addrs     Addrs
	cert      []webrtc.Certificate
	writers   []*writer
	pool      *packet.Pool
	done      chan struct{} // closed when Run ends
	nextOut   atomic.Int64  // round robin of classes over writers

	wg sync.WaitGroup // every goroutine this package starts

	mu      sync.Mutex
	closed  bool
	started bool
	routers map[string]*Router
}

// New opens the ports. Run must be called, for nothing is forwarded before, and closes them.
func New(o Options) (*Node, error) {
	if o.Writers <= 0 {
		o.Writers = min(runtime.GOMAXPROCS(0), 8)
	}
	o.Writers = min(o.Writers, 64)
	if o.Microphones <= 0 {
		o.Microphones = 12
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m, err := newMetrics(o.Registry)
	if err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	n := &Node{o: o, log: o.Log, m: m, routers: map[string]*Router{}, pool: &packet.Pool{}, done: make(chan struct{})}
	if err := n.open(); err != nil {
		n.closePorts()
		return nil, err
	}
	for i := range o.Writers {
		n.writers = append(n.writers, newWriter(n, i))
	}
	return n, nil
}

func (n *Node) open() error {
	cert, err := newCertificate()
	if err != nil {
		return fmt.Errorf("making the DTLS certificate: %w", err)
	}
	n.cert = []webrtc.Certificate{*cert}
	logs := pionLog{n.log}
	at, err := n.openMedia(logs)
	if err != nil {
		return err
	}
	if n.o.TCPPort >= 0 {
		l, err := net.Listen("tcp", net.JoinHostPort(n.o.Bind, fmt.Sprint(n.o.TCPPort)))
		if err != nil {
			return fmt.Errorf("listening for ICE over TCP: %w", err)
		}
		n.addrs.TCP = l.Addr().(*net.TCPAddr).AddrPort()
		n.tcp = ice.NewTCPMuxDefault(ice.TCPMuxParams{
			Listener: &boundedListener{Listener: l, limit: stream.NewLimit(iceTCPConns, iceTCPSource), refused: n.m.dropped[dropConns]},
			Logger:   logs.NewLogger("tcpmux"), ReadBufferSize: 64, WriteBufferSize: 1 << 20,
			FirstStunBindTimeout: iceTCPShow, AliveDurationForConnFromStun: iceTCPShow,
		})
	}
	if n.o.TURN {
		return n.openTURN(at, logs)
	}
	return nil
}

// openMedia opens the media port at every address, and tells where that is.
func (n *Node) openMedia(logs pionLog) ([]place, error) {
	at, err := places(n.o)
	if err != nil {
		return nil, err
	}
	sockets, err := listenPlaces(at, n.o.UDPPort)
	if err != nil {
		return nil, fmt.Errorf("listening for media: %w", err)
	}
	var outside netip.Addr
	if n.o.STUNServer != "" {
		if outside, err = n.askOutside(at, sockets); err != nil {
			closeAll(sockets)
			return nil, err
		}
	}
	n.addrs.UDP = localAddr(sockets[0])
	n.relays, n.reporters = newRelayTable(n.m), newReporters()
	var media []*mediaConn
	for i, c := range sockets {
		n.addrs.Announced = append(n.addrs.Announced, at[i].announced...)
		media = append(media, newMediaConn(c, at[i].announced, n.relays, n.reporters, n.m.dropped[dropRelay], !n.o.NoSegmentation))
	}
	slices.SortStableFunc(n.addrs.Announced, func(a, b netip.Addr) int { return distance(a, outside) - distance(b, outside) })
	n.relays.reaching(media)
	n.mux = newPortMux(media, n.m, logs)
	return at, nil
}

func (n *Node) openTURN(at []place, logs pionLog) error {
	secret := n.o.TURNSecret
	if len(secret) == 0 {
		secret = make([]byte, 32)
		if _, err := rand.Read(secret); err != nil {
			return fmt.Errorf("making the TURN secret: %w", err)
		}
	}
	sockets, err := listenPlaces(at, n.o.TURNPort)
	if err != nil {
		return fmt.Errorf("listening for TURN: %w", err)
	}
	if n.turn, err = newTURNServer(sockets, secret, n.relays, n.m, logs); err != nil {
		closeAll(sockets)
		return err
	}
	n.addrs.TURN = localAddr(sockets[0])
	if n.o.TURNTCPPort >= 0 {
		if err := n.turn.streams.listen(net.JoinHostPort(n.o.Bind, fmt.Sprint(n.o.TURNTCPPort))); err != nil {
			return fmt.Errorf("listening for TURN over TCP: %w", err)
		}
		n.addrs.TURNTCP = n.turn.streams.addr
	}
	return nil
}

// ServeTURN takes over a connection on which TURN is spoken, under whatever secures it.
func (n *Node) ServeTURN(c net.Conn) {
	if n.turn == nil {
		_ = c.Close()
		return
	}
	n.turn.streams.serve(c)
}

// Run forwards until ctx ends, then closes every peer and port and waits for all goroutines.
func (n *Node) Run(ctx context.Context) error {
	n.mu.Lock()
	if n.started {
		n.mu.Unlock()
		return errors.New("sfu: Run called twice")
	}
	n.started = true
	n.mu.Unlock()
	for _, w := range n.writers {
		n.wg.Go(w.run)
	}
	if n.turn != nil && n.turn.streams.tcp != nil {
		n.wg.Go(n.turn.streams.acceptTCP)
	}
	<-ctx.Done()
	n.mu.Lock()
	n.closed = true
	var routers []*Router
	for _, r := range n.routers {
		routers = append(routers, r)
	}
	n.mu.Unlock()
	for _, r := range routers {
		r.close()
	}
	close(n.done)
	n.closePorts()
	n.wg.Wait()
	return nil
}

func (n *Node) closePorts() {
	if n.turn != nil {
		_ = n.turn.server.Close()
	}
	if n.tcp != nil {
		_ = n.tcp.Close()
	}
	if n.mux != nil {
		_ = n.mux.Close()
	}
}

// Addrs tells the ports really listened on.
func (n *Node) Addrs() Addrs { return n.addrs }

// ICEServers are made for one participant and one join: their credentials are good for a while, as long
// as given where that is more than some minutes.
func (n *Node) ICEServers(participant string, life time.Duration) []ICEServer {
	if n.turn == nil {
		return nil
	}
	return n.turn.iceServers(participant, life, n.addrs.Announced, n.o.TURNTLS)
}

// Router finds a class's router by key, or makes it. It goes when its last peer, and the
// last who is forwarded to it, has gone.
func (n *Node) Router(class string) *Router {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.routers[class]
	if r == nil {
		r = newRouter(n, class)
		if n.closed {
			r.closed = true
			return r
		}
		n.routers[class] = r
		n.m.routers.Inc()
	}
	return r
}

// Find is a class's router if it has one now; unlike Router it makes none.
func (n *Node) Find(class string) (*Router, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.routers[class]
	return r, r != nil
}

// dropRouter forgets a router that has no peers any more.
func (n *Node) dropRouter(r *Router) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.routers[r.class] == r {
		delete(n.routers, r.class)
		n.m.routers.Dec()
	}
}

// nextWriter numbers the classes, so that each begins with another writer.
func (n *Node) nextWriter() int { return int(n.nextOut.Add(1)) }

// guard is deferred in every goroutine and callback that runs for one peer: a panic there costs
// that peer its connection and nobody else anything. So that it can be closed, and the class goes
// on, a lock that is held over more than assignments is let go by a deferred call.
func (n *Node) guard(p *Peer, where string) { n.fault(recover(), p, where) }

// fault is the rest of guard, for a deferred function that finds out itself whom it served: recover
// works in the deferred function alone. v is what it yielded; nil: there was no panic.
func (n *Node) fault(v any, p *Peer, where string) {
	if v == nil {
		return
	}
	n.m.panics.Inc()
	n.log.Error("panic in a peer's goroutine", "where", where, "panic", v, "stack", string(debug.Stack()))
	if p != nil {
		go p.Close() // not from here: the caller may hold the peer's locks
	}
}

// contain does f, which a panic ends alone.
func (n *Node) contain(where string, f func()) {
	defer n.guard(nil, where)
	f()
}
