package crowd

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
)

const (
	tokenTTL = 24 * time.Hour
	// patience is how long a join, or what is published, is waited for.
	patience = 30 * time.Second
)

// smallest is a pupil's camera.
var smallest = client.Simulcast[:1]

// member is one person of a class.
type member struct {
	// fixed after construction
	plan     *Plan
	room     string
	identity string
	teacher  bool
	camera   bool

	mu     sync.Mutex
	now    *client.Client        // nil: not there
	tracks []*client.RemoteTrack // of all stays
	joins  []time.Duration       // from the call to the first packet of media, or to being in where none is to come
	failed []error
}

func (m *member) token() (string, error) {
	grant := &auth.VideoGrant{RoomJoin: true, Room: m.room}
	text, err := auth.NewAccessToken(m.plan.Key, m.plan.Secret).
		SetIdentity(m.identity).SetName(m.identity).SetValidFor(tokenTTL).SetVideoGrant(grant).ToJWT()
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return text, nil
}

// join comes in, publishes what the member has, and waits for media, if there is to be any.
func (m *member) join(ctx context.Context, hears bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := m.enter(ctx, hears)
	if err != nil {
		m.mu.Lock()
		m.failed = append(m.failed, fmt.Errorf("%s: %w", m.identity, err))
		m.mu.Unlock()
		m.leave()
	}
	return err
}

func (m *member) enter(ctx context.Context, hears bool) error {
	token, err := m.token()
	if err != nil {
		return err
	}
	begun := time.Now()
	c, err := client.Join(ctx, m.plan.URL, token, client.Options{SinglePC: true, Reconnect: true, Dynacast: true, NoSubscribe: m.plan.Deaf, OnTrack: m.takes})
	if err != nil {
		return err
	}
	m.mu.Lock()
	m.now = c
	m.mu.Unlock()
	if err := m.publish(ctx, c); err != nil {
		return err
	}
	in := time.Now()
	if hears {
		if err := c.Wait(ctx, "the first packet of media", func() bool { return !earliest(c).IsZero() }); err != nil {
			return err
		}
		in = earliest(c)
	}
	if !m.teacher {
		m.mu.Lock()
		m.joins = append(m.joins, in.Sub(begun))
		m.mu.Unlock()
	}
	return nil
}

// publish shows and sounds what a member has from the first; a pupil's microphone comes when they talk.
func (m *member) publish(ctx context.Context, c *client.Client) error {
	if m.camera {
		if _, err := c.PublishVideo(ctx, livekit.TrackSource_CAMERA, smallest); err != nil {
			return err
		}
	}
	if !m.teacher {
		return nil
	}
	if _, err := c.PublishMicrophone(ctx); err != nil {
		return err
	}
	if _, err := c.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast); err != nil {
		return err
	}
	if m.plan.Screen {
		if _, err := c.PublishVideo(ctx, livekit.TrackSource_SCREEN_SHARE, client.Simulcast[2:]); err != nil {
			return err
		}
	}
	return nil
}

// talks publishes a pupil's microphone for a while.
func (m *member) talks(ctx context.Context, length time.Duration) {
	c := m.client()
	if c == nil {
		return
	}
	mic, err := c.PublishMicrophone(ctx)
	if err != nil {
		return // who has no word is refused; what is heard tells
	}
	defer func() { _ = mic.Unpublish() }()
	wait(ctx, length)
}

// writes sends a line of chat to all.
func (m *member) writes(text string) {
	c := m.client()
	if c == nil {
		return
	}
	line := &livekit.DataPacket{Value: &livekit.DataPacket_ChatMessage{ChatMessage: &livekit.ChatMessage{
		Id: text, Timestamp: time.Now().UnixMilli(), Message: text,
	}}}
	_ = c.SendData(line, true) // who is just coming back writes later
}

func (m *member) client() *client.Client {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *member) takes(t *client.RemoteTrack) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tracks = append(m.tracks, t)
}

func (m *member) leave() {
	m.mu.Lock()
	c := m.now
	m.now = nil
	m.mu.Unlock()
	if c != nil {
		c.Leave()
	}
}

// earliest is when the first packet of any track came; zero: none has.
func earliest(c *client.Client) (first time.Time) {
	for _, t := range c.Tracks() {
		if at := t.Stats().First; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// wait pauses, and says whether the context still holds.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
