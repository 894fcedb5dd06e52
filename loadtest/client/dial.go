package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
)

// How long LiveKit's clients wait for the parts of a join.
const (
	validateTimeout = 3 * time.Second
	firstMessage    = 5 * time.Second
	peerTimeout     = 15 * time.Second
)

// noSuchRoom are the words by which a 404 is final and does not mean that the
// server is too old for a path.
const noSuchRoom = "requested room does not exist"

// RefusedError is the server's answer to a join that it did not accept.
type RefusedError struct {
	Status int // HTTP
	Body   string
}

func (e *RefusedError) Error() string { return fmt.Sprintf("join refused: %d: %s", e.Status, e.Body) }

// forbidden says that no other attempt with this token can go better.
func (e *RefusedError) forbidden() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// leaveError is a goodbye in place of a welcome.
type leaveError struct{ *livekit.LeaveRequest }

func (e *leaveError) Error() string {
	return fmt.Sprintf("server said leave: %s, %s", e.GetAction(), e.GetReason())
}

// open upgrades a socket. Where the server has no such path, as its validation
// tells, the older form is to be tried: then there is neither socket nor error.
func (c *Client) open(ctx context.Context, v visit) (*websocket.Conn, error) {
	target, err := c.address(v)
	if err != nil {
		return nil, err
	}
	conn, resp, err := c.dialer().DialContext(ctx, target.String(), nil)
	if err == nil {
		return conn, nil
	}
	if resp == nil {
		return nil, fmt.Errorf("join: %w", err)
	}
	body, _ := io.ReadAll(resp.Body) // what the websocket library kept of it
	_ = resp.Body.Close()
	refusal, err := c.validate(ctx, target) // as browsers must, which cannot read the answer to an upgrade
	switch {
	case err != nil || refusal == nil:
		return nil, &RefusedError{Status: resp.StatusCode, Body: string(body)}
	case refusal.Status == http.StatusNotFound && v.form == FormV1 && !strings.Contains(refusal.Body, noSuchRoom):
		return nil, nil
	}
	return nil, refusal
}

// validate asks why an upgrade failed.
func (c *Client) validate(ctx context.Context, target *url.URL) (*RefusedError, error) {
	ctx, cancel := context.WithTimeout(ctx, validateTimeout)
	defer cancel()
	u := *target
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	u.Path += "/validate"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := c.asker().Do(request)
	if err != nil {
		return nil, withoutQuery(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil || resp.StatusCode == http.StatusOK {
		return nil, err
	}
	return &RefusedError{Status: resp.StatusCode, Body: string(body)}, nil
}

// withoutQuery keeps the token out of an error's words.
func withoutQuery(err error) error {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err
	}
	return err
}

// enter joins anew: the session, its peer connections and its first socket.
func (c *Client) enter(ctx context.Context) error {
	s, err := c.newSession()
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.session = s
	c.mu.Unlock()
	v := visit{token: c.Token(), form: c.form(s.single)}
	if s.single && c.opts.EmbedOffer {
		if v.offer, err = s.firstOffer(); err != nil {
			return err
		}
	}
	conn, err := c.open(ctx, v)
	if err == nil && conn == nil {
		return c.fallBack(ctx, s)
	}
	if err != nil {
		return err
	}
	k := c.newSocket(conn)
	first, err := k.first(ctx, func(m *livekit.SignalResponse) bool { return true })
	if err != nil {
		k.abandon()
		return fmt.Errorf("join response: %w", err)
	}
	join := first.GetJoin()
	if join == nil {
		k.abandon()
		return fmt.Errorf("join: the first message is %T", first.GetMessage())
	}
	c.joined(k, join)
	s.begin(join)
	return nil
}

// fallBack joins a server that has no /rtc/v1.
func (c *Client) fallBack(ctx context.Context, s *session) error {
	s.close()
	c.mu.Lock()
	c.single = false
	c.session = nil
	c.mu.Unlock()
	return c.enter(ctx)
}

// joined takes in the welcome and starts the socket.
func (c *Client) joined(k *socket, join *livekit.JoinResponse) {
	c.mu.Lock()
	c.join, c.self, c.room, c.socket = join, join.GetParticipant(), join.GetRoom(), k
	clear(c.participants)
	clear(c.heard)
	c.participants[join.GetParticipant().GetSid()] = join.GetParticipant()
	for _, p := range join.GetOtherParticipants() {
		c.participants[p.GetSid()] = p
	}
	k.start(join.GetPingInterval(), join.GetPingTimeout())
	c.noteChangeLocked()
	c.mu.Unlock()
}
