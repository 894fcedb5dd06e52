package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/gorilla/websocket"
	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/webrtc/v4"
)

// Link is one client's way to the network, which can be cut and mended. It
// belongs to one client, in Options.Link.
type Link struct {
	media, all atomic.Bool // cut

	mu    sync.Mutex
	conns map[net.Conn]struct{} // of signalling, alive
}

// NewLink is a whole one.
func NewLink() *Link { return &Link{conns: map[net.Conn]struct{}{}} }

// CutMedia lets no datagram through, either way, and leaves signalling alone.
func (l *Link) CutMedia() { l.media.Store(true) }

// Cut is the loss of everything: signalling's connections end, and no others can be made.
func (l *Link) Cut() {
	l.media.Store(true)
	l.all.Store(true)
	l.mu.Lock()
	var conns []net.Conn
	for c := range l.conns {
		conns = append(conns, c)
	}
	l.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
	}
}

// Mend lets everything through again.
func (l *Link) Mend() {
	l.all.Store(false)
	l.media.Store(false)
}

var errCut = errors.New("the link is cut")

func (l *Link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if l.all.Load() {
		return nil, errCut
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	tracked := &linkConn{Conn: conn, link: l}
	l.mu.Lock()
	l.conns[tracked] = struct{}{}
	l.mu.Unlock()
	return tracked, nil
}

type linkConn struct {
	net.Conn
	link *Link
}

func (c *linkConn) Close() error {
	c.link.mu.Lock()
	delete(c.link.conns, c)
	c.link.mu.Unlock()
	return c.Conn.Close()
}

// dialer and asker reach the server for signalling; without a link, as the
// system does.
func (c *Client) dialer() *websocket.Dialer {
	d := *websocket.DefaultDialer
	if c.opts.Link != nil {
		d.NetDialContext = c.opts.Link.dial
	}
	return &d
}

func (c *Client) asker() *http.Client {
	if c.opts.Link == nil {
		return http.DefaultClient
	}
	return &http.Client{Transport: &http.Transport{DialContext: c.opts.Link.dial, DisableKeepAlives: true}}
}

// use puts media on the link.
func (l *Link) use(s *webrtc.SettingEngine) error {
	system, err := stdnet.NewNet()
	if err != nil {
		return err
	}
	s.SetNet(&linkNet{Net: system, link: l})
	return nil
}

// linkNet is the system's network with datagrams that can be lost.
type linkNet struct {
	*stdnet.Net
	link *Link
}

func (n *linkNet) ListenPacket(network, address string) (net.PacketConn, error) {
	conn, err := n.Net.ListenPacket(network, address)
	if err != nil {
		return nil, err
	}
	return &linkPackets{PacketConn: conn, link: n.link}, nil
}

func (n *linkNet) ListenUDP(network string, local *net.UDPAddr) (transport.UDPConn, error) {
	conn, err := n.Net.ListenUDP(network, local)
	if err != nil {
		return nil, err
	}
	return &linkUDP{UDPConn: conn, packets: linkPackets{PacketConn: conn, link: n.link}}, nil
}

type linkPackets struct {
	net.PacketConn
	link *Link
}

func (c *linkPackets) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := c.PacketConn.ReadFrom(b)
		if err != nil || !c.link.media.Load() {
			return n, from, err
		}
	}
}

func (c *linkPackets) WriteTo(b []byte, to net.Addr) (int, error) {
	if c.link.media.Load() {
		return len(b), nil
	}
	return c.PacketConn.WriteTo(b, to)
}

// linkUDP is the form that ICE wants; it reads and writes as a net.PacketConn.
type linkUDP struct {
	transport.UDPConn
	packets linkPackets
}

func (c *linkUDP) ReadFrom(b []byte) (int, net.Addr, error) { return c.packets.ReadFrom(b) }

func (c *linkUDP) WriteTo(b []byte, to net.Addr) (int, error) { return c.packets.WriteTo(b, to) }
