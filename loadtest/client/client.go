// Package client is a LiveKit client on pion, for tests and load.
//
// It speaks only the public protocol, in both connection modes, so it can be
// pointed at any LiveKit-compatible server and knows nothing of Préau. It owns
// the websocket, the peer connections, published tracks and the statistics of
// received ones.
//
// Goroutines: one reads signalling and handles its messages in order; one makes
// the offers, one at a time; one pings; one per received track reads it. Close
// ends them all and waits.
package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"
)

// Options of a join; the zero value subscribes to everything over two peer
// connections.
type Options struct {
	SinglePC     bool // one peer connection, client-offered (join_request form)
	NoSubscribe  bool // auto_subscribe off
	Log          *slog.Logger
	OnTrack      func(*RemoteTrack)            // called before its first packet is counted
	OnData       func(*livekit.DataPacket)     // from the data channels
	OnSignal     func(*livekit.SignalResponse) // every message, before it is handled
	SettingsFunc func(*webrtc.SettingEngine)   // e.g. to forbid UDP
}

// Client is one participant.
type Client struct {
	opts Options
	log  *slog.Logger
	ws   *websocket.Conn
	join *livekit.JoinResponse

	publisher  *webrtc.PeerConnection // the only one with SinglePC
	subscriber *webrtc.PeerConnection // nil with SinglePC
	offers     chan struct{}          // wants an offer made; capacity 1, coalesced
	answers    chan *livekit.SessionDescription
	ctx        context.Context // the client's life; ends in Close
	cancel     context.CancelFunc
	running    sync.WaitGroup
	subscribed sync.WaitGroup

	writeMu sync.Mutex // guards writes to ws

	mu           sync.Mutex
	participants map[string]*livekit.ParticipantInfo // by sid, self included
	published    map[string]chan *livekit.TrackInfo  // by cid, until answered
	mids         map[string]string                   // single pc: mid to track sid
	tracks       map[string]*RemoteTrack             // by track sid
	sections     *livekit.MediaSectionsRequirement   // asked for and not yet offered
	channels     map[string]*webrtc.DataChannel      // by label, those to write on
	offerID      uint32
	cids         uint32                                             // tracks published so far
	remote       map[livekit.SignalTarget][]webrtc.ICECandidateInit // before the description came
	left         *livekit.LeaveRequest
	leftCh       chan struct{}
	refusals     chan *livekit.RequestResponse // of publications
	changed      chan struct{}                 // closed and replaced at each change of what Wait looks at
}

// Join connects to the server at base ("http://127.0.0.1:7880") with a token
// and returns when the join response has come.
func Join(ctx context.Context, base, token string, o Options) (*Client, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &Client{
		opts: o, log: o.Log,
		offers: make(chan struct{}, 1), answers: make(chan *livekit.SessionDescription, 4),
		participants: map[string]*livekit.ParticipantInfo{}, published: map[string]chan *livekit.TrackInfo{},
		mids: map[string]string{}, tracks: map[string]*RemoteTrack{}, channels: map[string]*webrtc.DataChannel{},
		remote: map[livekit.SignalTarget][]webrtc.ICECandidateInit{},
		leftCh: make(chan struct{}), refusals: make(chan *livekit.RequestResponse, 8), changed: make(chan struct{}),
	}
	c.ctx, c.cancel = context.WithCancel(context.WithoutCancel(ctx))
	target, err := joinURL(base, token, o)
	if err != nil {
		return nil, err
	}
	ws, resp, err := websocket.DefaultDialer.DialContext(ctx, target, nil)
	if err != nil {
		return nil, refused(resp, err)
	}
	c.ws = ws
	if err := c.start(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// RefusedError is the server's answer to a join that it did not accept.
type RefusedError struct {
	Status int // HTTP
	Body   string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("join refused: %d: %s", e.Status, e.Body) }

func refused(resp *http.Response, err error) error {
	if resp == nil {
		return fmt.Errorf("join: %w", err)
	}
	body := make([]byte, 4096)
	n, _ := resp.Body.Read(body)
	_ = resp.Body.Close()
	return &RefusedError{Status: resp.StatusCode, Body: string(body[:n])}
}

// start reads the join response, builds the peer connections and the loops.
func (c *Client) start(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.ws.SetReadDeadline(deadline)
	}
	first, err := c.read()
	if err != nil {
		return fmt.Errorf("join response: %w", err)
	}
	_ = c.ws.SetReadDeadline(time.Time{})
	if leave := first.GetLeave(); leave != nil {
		return fmt.Errorf("join: server said leave: %s", leave.GetReason())
	}
	if c.join = first.GetJoin(); c.join == nil {
		return fmt.Errorf("join: first message is %T", first.GetMessage())
	}
	if c.opts.OnSignal != nil {
		c.opts.OnSignal(first)
	}
	c.mu.Lock()
	c.participants[c.join.GetParticipant().GetSid()] = c.join.GetParticipant()
	for _, p := range c.join.GetOtherParticipants() {
		c.participants[p.GetSid()] = p
	}
	c.mu.Unlock()
	if err := c.connect(); err != nil {
		return err
	}
	c.running.Go(c.readLoop)
	c.running.Go(c.offerLoop)
	c.running.Go(c.pingLoop)
	if c.opts.SinglePC || c.join.GetFastPublish() || !c.join.GetSubscriberPrimary() {
		c.wantOffer()
	}
	return nil
}

func (c *Client) read() (*livekit.SignalResponse, error) {
	_, frame, err := c.ws.ReadMessage()
	if err != nil {
		return nil, err
	}
	m := &livekit.SignalResponse{}
	return m, proto.Unmarshal(frame, m)
}

// Send writes one signalling message.
func (c *Client) Send(m *livekit.SignalRequest) error {
	frame, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	return c.ws.WriteMessage(websocket.BinaryMessage, frame)
}

func (c *Client) pingLoop() {
	interval := time.Duration(max(c.join.GetPingInterval(), 1)) * time.Second
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case now := <-tick.C:
			_ = c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_PingReq{PingReq: &livekit.Ping{Timestamp: now.UnixMilli()}}})
		}
	}
}

// Identity and SID are this participant's own.
func (c *Client) Identity() string { return c.join.GetParticipant().GetIdentity() }

// SID is this join's "PA_…".
func (c *Client) SID() string { return c.join.GetParticipant().GetSid() }

// JoinResponse is the server's first message.
func (c *Client) JoinResponse() *livekit.JoinResponse { return c.join }

// Leave says goodbye and closes.
func (c *Client) Leave() {
	_ = c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{
		Reason: livekit.DisconnectReason_CLIENT_INITIATED, Action: livekit.LeaveRequest_DISCONNECT,
	}}})
	c.Close()
}

// Close drops everything without a goodbye, as a lost link would.
func (c *Client) Close() {
	c.cancel()
	_ = c.ws.Close()
	for _, pc := range []*webrtc.PeerConnection{c.publisher, c.subscriber} {
		if pc != nil {
			_ = pc.Close()
		}
	}
	c.running.Wait()
	c.subscribed.Wait()
}

// Left is closed when the server said leave or the socket ended; Reason tells.
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
			return errors.New(c.Identity() + ": left while waiting for " + what)
		case <-changed:
		case <-tick.C:
		}
	}
}

func (c *Client) noteChangeLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}
