package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// LocalTrack is one published track, sending until it is unpublished or its
// client closes. It outlives full reconnects, in which the server gives it
// another sid.
type LocalTrack struct {
	Info *livekit.TrackInfo // the server's first answer; Now has the newest

	client      *Client
	publication Publication
	sent        []counters // by layer
	muted       atomic.Bool

	mu     sync.Mutex
	cid    string
	info   *livekit.TrackInfo
	sender *webrtc.RTPSender
	stop   context.CancelFunc // of the sources; nil once unpublished
}

// counters of one layer, over all sessions.
type counters struct {
	packets, keyframes atomic.Uint64
	redundant          atomic.Bool
	off                atomic.Bool // nobody takes the layer
}

// publish asks for the track and starts to send it, in the session of now.
func (t *LocalTrack) publish(ctx context.Context) error {
	c := t.client
	c.mu.Lock()
	c.cids++
	cid := fmt.Sprintf("%s-%d", t.publication.Name, c.cids)
	k, s := c.socket, c.session
	c.mu.Unlock()
	if k == nil || s == nil {
		return errNoSocket
	}
	request := t.publication.request(cid)
	request.Muted = t.muted.Load()
	info, err := c.ask(ctx, k, request)
	if err != nil {
		return err
	}
	return t.send(s, cid, info)
}

// send adds the track to the publisher connection and starts its sources.
func (t *LocalTrack) send(s *session, cid string, info *livekit.TrackInfo) error {
	encodings, err := t.publication.encodings()
	if err != nil {
		return err
	}
	var outlets []*outlet
	for i, e := range encodings {
		outlets = append(outlets, newOutlet(e, cid, &t.publication, &t.sent[i]))
	}
	transceiver, err := s.publisher.AddTransceiverFromTrack(outlets[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	sender := transceiver.Sender()
	for _, o := range outlets[1:] {
		if err := sender.AddEncoding(o); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancel(s.ctx)
	t.mu.Lock()
	t.cid, t.info, t.sender, t.stop = cid, info, sender, stop
	t.mu.Unlock()
	for _, o := range outlets {
		s.spawn(func() { o.readRTCP(sender) })
		s.spawn(func() { o.run(ctx, transceiver, &t.muted) })
	}
	s.wantOffer()
	return nil
}

func (t *LocalTrack) current() (cid string, info *livekit.TrackInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cid, t.info
}

// Now is the track as the server knows it in the session of now.
func (t *LocalTrack) Now() *livekit.TrackInfo {
	_, info := t.current()
	return info
}

// Mute tells the server and stops sending, or goes on.
func (t *LocalTrack) Mute(muted bool) error {
	t.muted.Store(muted)
	return t.client.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: t.Now().GetSid(), Muted: muted}}})
}

// Muted reports whether the track sends nothing, by this side's wish or the server's.
func (t *LocalTrack) Muted() bool { return t.muted.Load() }

// Sent is how many packets left on a layer, by its place in the list. With SVC
// all layers are in the first.
func (t *LocalTrack) Sent(layer int) uint64 { return t.sent[layer].packets.Load() }

// Keyframes is how many keyframes a layer has sent.
func (t *LocalTrack) Keyframes(layer int) uint64 { return t.sent[layer].keyframes.Load() }

// Redundant reports whether the server took redundant audio.
func (t *LocalTrack) Redundant() bool { return t.sent[0].redundant.Load() }

// Unpublish removes the track from the connection.
func (t *LocalTrack) Unpublish() error {
	c := t.client
	c.mu.Lock()
	s := c.session
	c.locals = slices.DeleteFunc(c.locals, func(x *LocalTrack) bool { return x == t })
	c.mu.Unlock()
	t.mu.Lock()
	stop, sender := t.stop, t.sender
	t.stop = nil
	t.mu.Unlock()
	if stop == nil || s == nil {
		return errors.New("not published")
	}
	stop()
	if err := s.publisher.RemoveTrack(sender); err != nil {
		return err
	}
	s.wantOffer()
	return nil
}

// Republish publishes an unpublished track again, under another sid.
func (t *LocalTrack) Republish(ctx context.Context) error {
	if err := t.publish(ctx); err != nil {
		return err
	}
	t.client.mu.Lock()
	defer t.client.mu.Unlock()
	t.client.locals = append(t.client.locals, t)
	return nil
}

// local is the published track of that sid, nil if there is none.
func (c *Client) local(sid string) *LocalTrack {
	c.mu.Lock()
	locals := slices.Clone(c.locals)
	c.mu.Unlock()
	for _, t := range locals {
		if t.Now().GetSid() == sid {
			return t
		}
	}
	return nil
}

// mutedByServer obeys a moderator, unless the client is defiant.
func (c *Client) mutedByServer(m *livekit.MuteTrackRequest) {
	if c.opts.Defiant {
		return
	}
	if t := c.local(m.GetSid()); t != nil {
		t.muted.Store(m.GetMuted())
		c.noteChange()
	}
}

// wanted: which layers of a track somebody takes.
func (c *Client) wanted(u *livekit.SubscribedQualityUpdate) {
	t := c.local(u.GetTrackSid())
	if !c.opts.Dynacast || t == nil || t.publication.SVC {
		return
	}
	for _, codec := range u.GetSubscribedCodecs() {
		if !strings.EqualFold("video/"+codec.GetCodec(), t.publication.MIME) {
			continue
		}
		for _, q := range codec.GetQualities() {
			switch at := int(q.GetQuality()); {
			case len(t.sent) > 1 && at < len(t.sent):
				t.sent[at].off.Store(!q.GetEnabled())
			case len(t.sent) == 1 && q.GetQuality() == livekit.VideoQuality_HIGH:
				t.sent[0].off.Store(!q.GetEnabled())
			}
		}
	}
}

// unpublished: the server has ended the track, or confirms that it ended. A defiant client goes on.
func (c *Client) unpublished(sid string) {
	if c.opts.Defiant {
		return
	}
	if t := c.local(sid); t != nil {
		_ = t.Unpublish() // as this side ends it too; gone already is as good
		c.noteChange()
	}
}

// publishAgain brings all tracks into a new session; those that are refused
// there are no longer published.
func (c *Client) publishAgain(ctx context.Context, k *socket) error {
	c.mu.Lock()
	locals := slices.Clone(c.locals)
	if c.permission != nil {
		defer c.sendPermission()
	}
	c.mu.Unlock()
	for _, t := range locals {
		err := t.publish(ctx)
		if refusal := (*NotAllowedError)(nil); errors.As(err, &refusal) {
			c.log.Warn("publish again", "participant", c.Identity(), "track", t.publication.Name, "err", err)
			c.mu.Lock()
			c.locals = slices.DeleteFunc(c.locals, func(x *LocalTrack) bool { return x == t })
			c.mu.Unlock()
			continue
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errSignal, err)
		}
	}
	return nil
}

// AllowSubscribers says who may subscribe to what this client publishes: all, or
// those named, by identity, for all tracks or some. It holds for later sessions too,
// where tracks named by sid have others.
func (c *Client) AllowSubscribers(p *livekit.SubscriptionPermission) error {
	c.mu.Lock()
	c.permission = p
	c.mu.Unlock()
	return c.sendPermission()
}

func (c *Client) sendPermission() error {
	c.mu.Lock()
	p := c.permission
	c.mu.Unlock()
	return c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_SubscriptionPermission{SubscriptionPermission: p}})
}
