// Package client is a LiveKit client on pion, for tests and load.
//
// It speaks only the public protocol, in every form that clients join by, so it
// can be pointed at any LiveKit-compatible server and knows nothing of Préau. It
// owns the websocket, the peer connections, published tracks and the statistics
// of received ones, and with Options.Reconnect comes back after losses as
// LiveKit's clients do.
//
// A Client outlives its connections. A session is one full join: a "PA_…" and
// its peer connections. A socket is one websocket: a session that is resumed has
// several, one after the other.
//
// Goroutines: supervise waits for the end of a socket and brings the client back
// or ends it; one a socket reads signalling and handles its messages in order,
// one pings; of each session one makes the offers, one at a time, and one or two
// a track send, read and listen for reports. Close ends them all and waits.
package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// Options of a join; the zero value subscribes to everything over two peer
// connections and is over when its socket is.
type Options struct {
	SinglePC    bool // one peer connection, client-offered (join_request form)
	NoSubscribe bool // auto_subscribe off
	Form        Form // of the address; zero: /rtc/v1 with SinglePC, /rtc with a query without
	Plain       bool // the join request is not compressed
	JSON        bool // text frames
	EmbedOffer  bool // the first offer travels in the join request (needs SinglePC)
	Reconnect   bool // come back after losses
	Defiant     bool // send on though the server mutes or ends a track: shows what the server itself stops
	Dynacast    bool // stop sending layers that the server says nobody takes
	NoRED       bool // do not offer to receive or send redundant audio
	Attributes  map[string]string

	Link *Link // to lose packets and connections; nil: the system's network

	Log          *slog.Logger
	OnTrack      func(*RemoteTrack)            // called before its first packet is counted
	OnData       func(*livekit.DataPacket)     // from the data channels; not twice
	OnSignal     func(*livekit.SignalResponse) // every message, before it is handled
	OnState      func(State)                   // after each change
	SettingsFunc func(*webrtc.SettingEngine)   // e.g. to forbid UDP
}

// Client is one participant.
type Client struct {
	// fixed after construction
	opts    Options
	log     *slog.Logger
	base    string
	ctx     context.Context // the client's life; ends in Close
	cancel  context.CancelFunc
	running sync.WaitGroup // supervise
	leftCh  chan struct{}  // closed when supervise is over

	resumes, restarts atomic.Int64
	data              outgoing

	mu           sync.Mutex
	token        string // the newest
	single       bool   // the mode in use, after a fallback perhaps not the one asked for
	state        State
	session      *session
	socket       *socket
	join         *livekit.JoinResponse
	self         *livekit.ParticipantInfo
	room         *livekit.Room
	participants map[string]*livekit.ParticipantInfo // by sid, self included
	published    map[string]chan publishAnswer       // by cid, until answered
	locals       []*LocalTrack                       // in order of publication
	tracks       map[string]*RemoteTrack             // by track sid
	wishes       map[string]wish                     // by track sid, what differs from the default
	permission   *livekit.SubscriptionPermission     // nil: never said
	cids         uint32                              // tracks published so far
	heard        map[string]uint32                   // by sender's sid, the newest reliable sequence number
	left         *livekit.LeaveRequest
	leftCause    error
	changed      chan struct{} // closed and replaced at each change of what Wait looks at
}

// Join connects to the server at base ("http://127.0.0.1:7880") with a token
// and returns when the join response has come. A refusal is a *RefusedError.
func Join(ctx context.Context, base, token string, o Options) (*Client, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{
		opts: o, log: o.Log, base: base, token: token, leftCh: make(chan struct{}),
		single:       o.SinglePC || o.Form == FormRequest || o.Form == FormV1,
		participants: map[string]*livekit.ParticipantInfo{}, published: map[string]chan publishAnswer{},
		tracks: map[string]*RemoteTrack{}, wishes: map[string]wish{}, heard: map[string]uint32{},
		changed: make(chan struct{}),
	}
	if o.Form == FormQuery {
		c.single = false
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.enter(ctx); err != nil {
		c.cancel()
		c.drop()
		return nil, err
	}
	c.running.Go(c.supervise)
	return c, nil
}

// drop ends the socket and the session, if there are any, and waits for them.
func (c *Client) drop() {
	c.mu.Lock()
	socket, session := c.socket, c.session
	c.mu.Unlock()
	if socket != nil {
		socket.close(errClosed)
		socket.running.Wait()
	}
	if session != nil {
		session.close()
	}
}

var errClosed = errors.New("closed by this client")

// current is the session of now, nil while there is none.
func (c *Client) current() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Identity and SID are this participant's own.
func (c *Client) Identity() string { return c.me().GetIdentity() }

// SID is this join's "PA_…".
func (c *Client) SID() string { return c.me().GetSid() }

func (c *Client) me() *livekit.ParticipantInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.self
}

// JoinResponse is the server's first message, of the newest full join.
func (c *Client) JoinResponse() *livekit.JoinResponse {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.join
}

// Token is the newest one: the server refreshes it.
func (c *Client) Token() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token
}

// Room is the room as the server last told of it.
func (c *Client) Room() *livekit.Room {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room
}

// SinglePC reports whether one peer connection is in use.
func (c *Client) SinglePC() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.single
}

// Resumes is how often the client came back within its session, Restarts how
// often by a new one.
func (c *Client) Resumes() int { return int(c.resumes.Load()) }

// Restarts is how often the client joined anew.
func (c *Client) Restarts() int { return int(c.restarts.Load()) }

// Leave says goodbye and closes.
func (c *Client) Leave() {
	_ = c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED, Action: livekit.LeaveRequest_DISCONNECT,
	}}})
	c.Close()
}

// Close drops everything without a goodbye, as a lost link would, and returns
// when all of the client's goroutines have.
func (c *Client) Close() {
	c.cancel()
	c.drop() // also of what supervise may be waiting for
	c.running.Wait()
	c.drop() // and of what it may have been making
}

// Left is closed when the client is over for good; Reason tells.
func (c *Client) Left() <-chan struct{} { return c.leftCh }

// Reason is the server's goodbye, nil when the socket ended without one.
func (c *Client) Reason() *livekit.LeaveRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}

// Wait returns when ok holds; it is asked again after every change of
// participants, tracks and connection state, and 20 times a second for counters.
func (c *Client) Wait(ctx context.Context, what string, ok func() bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok() {
			return nil
		}
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: waited for %s: %w", c.Identity(), what, context.Cause(ctx))
		case <-c.leftCh:
			if ok() {
				return nil
			}
			return fmt.Errorf("%s: left while waiting for %s: %w", c.Identity(), what, c.leftFor())
		case <-changed:
		case <-tick.C:
		}
	}
}

func (c *Client) noteChange() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noteChangeLocked()
}

func (c *Client) noteChangeLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}
