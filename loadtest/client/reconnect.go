package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// State is where a client stands.
//
//	            socket or ICE lost,                  refused with another error,
//	            leave RESUME                         leave RECONNECT
//	Connected ──────────────────────▶ Resuming ──────────────────────▶ Restarting
//	    ▲                                 │                                 │
//	    └──────────── media is up again ──┴───────────────── joined anew ───┘
//
//	any ── leave DISCONNECT, token refused, tried ten times, Close ──▶ Over
type State uint8

// The states; Connected is the first.
const (
	Connected State = iota
	Resuming
	Restarting
	Over
)

// State is the current one.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *Client) become(next State) {
	c.mu.Lock()
	same := c.state == next
	c.state = next
	c.noteChangeLocked()
	c.mu.Unlock()
	if !same && c.opts.OnState != nil {
		c.opts.OnState(next)
	}
}

// supervise waits for the end of each socket and brings the client back.
func (c *Client) supervise() {
	defer close(c.leftCh)
	for {
		c.mu.Lock()
		k := c.socket
		c.mu.Unlock()
		<-k.ended
		k.running.Wait()
		cause := k.cause
		if !c.opts.Reconnect || c.ctx.Err() != nil || final(cause) || !c.comeBack(cause) {
			c.mu.Lock()
			if c.left == nil {
				c.left = goodbye(k.cause)
			}
			c.leftCause = k.cause
			c.mu.Unlock()
			c.become(Over)
			return
		}
	}
}

// leftFor is why the last socket ended, of a client that is over.
func (c *Client) leftFor() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leftCause
}

// comeBack tries until the client is connected again; false: it never will be.
func (c *Client) comeBack(cause error) bool {
	full := needsRestart(cause)
	for attempt := 0; ; attempt++ {
		full = full || c.neverConnected()
		c.become(map[bool]State{false: Resuming, true: Restarting}[full])
		if !c.pause(attempt) {
			return false
		}
		err := c.attempt(full)
		if err == nil {
			c.become(Connected)
			return true
		}
		c.log.Info("coming back", "participant", c.Identity(), "attempt", attempt, "anew", full, "err", err)
		if c.ctx.Err() != nil || final(err) {
			c.mu.Lock()
			c.left = goodbye(err)
			c.mu.Unlock()
			return false
		}
		full = full || needsRestart(err)
	}
}

func (c *Client) attempt(full bool) error {
	if full {
		if err := c.restart(c.ctx); err != nil {
			return err
		}
		c.restarts.Add(1)
		return nil
	}
	if err := c.resume(c.ctx); err != nil {
		return err
	}
	c.resumes.Add(1)
	return nil
}

// neverConnected: a session whose connections never came up cannot be resumed.
func (c *Client) neverConnected() bool {
	s := c.current()
	if s == nil {
		return true
	}
	for _, pc := range s.pcs() {
		if pc.ConnectionState() != webrtc.PeerConnectionStateNew {
			return false
		}
	}
	return true
}

// final errors are those after which no attempt can go better.
func final(err error) bool {
	if refusal := (*RefusedError)(nil); errors.As(err, &refusal) {
		return refusal.forbidden()
	}
	return goodbye(err) != nil && goodbye(err).GetAction() == livekit.LeaveRequest_DISCONNECT
}

func goodbye(err error) *livekit.LeaveRequest {
	if leave := (*leaveError)(nil); errors.As(err, &leave) {
		return leave.LeaveRequest
	}
	return nil
}

// errSignal marks failures of the socket, after which a resume may be tried again.
var errSignal = errors.New("signalling")

func needsRestart(err error) bool {
	leave := goodbye(err)
	switch {
	case leave != nil:
		return leave.GetAction() == livekit.LeaveRequest_RECONNECT
	case errors.Is(err, errNegotiation), errors.Is(err, errNotUp):
		return true
	}
	return false
}

var errNotUp = errors.New("media did not come up")

// resume takes the session up again on a new socket.
func (c *Client) resume(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, firstMessage+peerTimeout)
	defer cancel()
	c.mu.Lock()
	s, v := c.session, visit{token: c.token, form: c.form(c.single), resume: c.self.GetSid(), reason: livekit.ReconnectReason_RR_SIGNAL_DISCONNECTED}
	publishing := len(c.locals) > 0
	c.mu.Unlock()
	conn, err := c.open(ctx, v)
	if err != nil {
		return fmt.Errorf("%w: %w", errSignal, err)
	}
	if conn == nil {
		return fmt.Errorf("%w: the server has lost its /rtc/v1", errNegotiation)
	}
	k := c.newSocket(conn)
	first, err := k.first(ctx, func(m *livekit.SignalResponse) bool { return m.GetReconnect() != nil })
	if err != nil {
		k.abandon()
		return fmt.Errorf("%w: %w", errSignal, err)
	}
	c.mu.Lock() // nothing of the socket may be handled before it is the one to answer on
	c.socket = k
	k.start(c.join.GetPingInterval(), c.join.GetPingTimeout())
	c.mu.Unlock()
	s.useICE(first.GetReconnect().GetIceServers())
	if err := c.sendSyncState(k, s); err != nil {
		return fmt.Errorf("%w: %w", errSignal, err)
	}
	if s.single || s.publisher.RemoteDescription() != nil {
		s.restartICE.Store(true)
		s.wantOffer()
	}
	if err := c.awaitMedia(ctx, k, s, publishing); err != nil {
		return err
	}
	c.replay(s, first.GetReconnect().GetLastMessageSeq())
	return nil
}

// restart joins anew and publishes and asks for all that there was.
func (c *Client) restart(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, firstMessage+2*peerTimeout)
	defer cancel()
	c.drop()
	c.mu.Lock()
	c.session, c.socket = nil, nil
	clear(c.tracks)
	clear(c.published)
	c.mu.Unlock()
	if err := c.enter(ctx); err != nil {
		c.drop()
		return err
	}
	c.mu.Lock()
	k, s := c.socket, c.session
	c.mu.Unlock()
	if err := c.wishAgain(); err != nil {
		return fmt.Errorf("%w: %w", errSignal, err)
	}
	if err := c.awaitMedia(ctx, k, s, false); err != nil {
		return err
	}
	return c.publishAgain(ctx, k)
}

// awaitMedia waits until the session is up, or the socket has ended, whose
// server may have told why.
func (c *Client) awaitMedia(ctx context.Context, k *socket, s *session, publishing bool) error {
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if s.connected(publishing) && !s.restartICE.Load() && s.publisher.SignalingState() == webrtc.SignalingStateStable {
			return nil
		}
		select {
		case <-changed:
		case <-k.ended:
			return fmt.Errorf("%w: %w", errSignal, k.cause)
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", errNotUp, ctx.Err())
		}
	}
}
