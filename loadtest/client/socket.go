package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const (
	writeTimeout = 10 * time.Second
	maxFrame     = 8 << 20 // bytes of one message of the server
)

// socket is one websocket of signalling.
type socket struct {
	// fixed after construction
	client  *Client
	conn    *websocket.Conn
	running sync.WaitGroup // read and ping
	ended   chan struct{}  // closed when read is over
	closing sync.Once
	cause   error // set once, by closing; to be read when ended is closed

	writeMu sync.Mutex // guards writes to conn
}

func (c *Client) newSocket(conn *websocket.Conn) *socket {
	conn.SetReadLimit(maxFrame)
	return &socket{client: c, conn: conn, ended: make(chan struct{})}
}

// first reads until the message that the caller waits for; before it, others
// are thrown away. A goodbye is a *leaveError.
func (k *socket) first(ctx context.Context, is func(*livekit.SignalResponse) bool) (*livekit.SignalResponse, error) {
	deadline := time.Now().Add(firstMessage)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	_ = k.conn.SetReadDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { _ = k.conn.Close() })
	defer stop()
	for {
		m, err := k.read()
		if err != nil {
			return nil, err
		}
		if f := k.client.opts.OnSignal; f != nil {
			f(m)
		}
		if leave := m.GetLeave(); leave != nil {
			return nil, &leaveError{leave}
		}
		if is(m) {
			return m, k.conn.SetReadDeadline(time.Time{})
		}
	}
}

// abandon closes a socket that was never started.
func (k *socket) abandon() {
	_ = k.conn.Close()
	close(k.ended)
}

// start reads and pings until the socket ends. A server that says nothing for
// as long as the timeout, in seconds, is taken to be lost.
func (k *socket) start(interval, timeout int32) {
	k.running.Go(func() { k.readAll(time.Duration(timeout) * time.Second) })
	k.running.Go(func() { k.ping(time.Duration(max(interval, 1)) * time.Second) })
}

func (k *socket) readAll(timeout time.Duration) {
	defer close(k.ended)
	defer k.conn.Close()
	for {
		if timeout > 0 {
			_ = k.conn.SetReadDeadline(time.Now().Add(timeout))
		}
		m, err := k.read()
		if err != nil {
			k.closing.Do(func() { k.cause = fmt.Errorf("socket: %w", err) })
			return
		}
		if f := k.client.opts.OnSignal; f != nil {
			f(m)
		}
		if leave := m.GetLeave(); leave != nil {
			k.closing.Do(func() { k.cause = &leaveError{leave} })
			return
		}
		k.client.handle(k, m)
	}
}

func (k *socket) read() (*livekit.SignalResponse, error) {
	kind, frame, err := k.conn.ReadMessage()
	if err != nil {
		return nil, err
	}
	m := &livekit.SignalResponse{}
	if kind == websocket.TextMessage {
		return m, protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(frame, m)
	}
	return m, proto.Unmarshal(frame, m)
}

func (k *socket) ping(interval time.Duration) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-k.ended:
			return
		case now := <-tick.C:
			_ = k.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: now.UnixMilli()}}})
		}
	}
}

// close ends the socket for a cause; the first one counts.
func (k *socket) close(cause error) {
	k.closing.Do(func() { k.cause = cause })
	_ = k.conn.Close()
}

func (k *socket) send(m *livekit.SignalRequest) error {
	kind := websocket.BinaryMessage
	frame, err := proto.Marshal(m)
	if k.client.opts.JSON {
		kind = websocket.TextMessage
		frame, err = protojson.Marshal(m)
	}
	if err != nil {
		return err
	}
	k.writeMu.Lock()
	defer k.writeMu.Unlock()
	_ = k.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	return k.conn.WriteMessage(kind, frame)
}

var errNoSocket = errors.New("not connected")

// Send writes one signalling message.
func (c *Client) Send(m *livekit.SignalRequest) error {
	c.mu.Lock()
	k := c.socket
	c.mu.Unlock()
	if k == nil {
		return errNoSocket
	}
	err := k.send(m)
	select {
	case <-k.ended: // that is why
		if err != nil {
			err = fmt.Errorf("%s: not connected any more: %w", c.Identity(), k.cause)
		}
	default:
	}
	return err
}

// CutSocket drops the websocket's connection without a word, as a lost link does.
func (c *Client) CutSocket() {
	c.mu.Lock()
	k := c.socket
	c.mu.Unlock()
	if k != nil {
		_ = k.conn.NetConn().Close()
	}
}
