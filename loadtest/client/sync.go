package client

import (
	"slices"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// wish is what this client wants of one track beyond the rule for all.
type wish struct {
	subscribe *bool // nil: never said
	setting   *livekit.UpdateTrackSettings
}

// sendSyncState tells a server that resumes a session what this side believes.
func (c *Client) sendSyncState(k *socket, s *session) error {
	state := &livekit.SyncState{DataChannels: s.channelInfos()}
	pc := s.publisher
	if s.subscriber != nil {
		pc = s.subscriber
	}
	offer, answer := pc.LocalDescription(), pc.RemoteDescription()
	if s.subscriber != nil {
		offer, answer = answer, offer
	}
	state.Offer, state.Answer = described(offer), described(answer)
	c.mu.Lock()
	state.Subscription = c.exceptionsLocked()
	for sid, w := range c.wishes {
		if w.setting.GetDisabled() {
			state.TrackSidsDisabled = append(state.TrackSidsDisabled, sid)
		}
	}
	for _, t := range c.locals {
		cid, info := t.current()
		state.PublishTracks = append(state.PublishTracks, &livekit.TrackPublishedResponse{Cid: cid, Track: info})
	}
	for sid, sequence := range c.heard {
		state.DatachannelReceiveStates = append(state.DatachannelReceiveStates, &livekit.DataChannelReceiveState{PublisherSid: sid, LastSeq: sequence})
	}
	c.mu.Unlock()
	return k.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_SyncState{SyncState: state}})
}

func described(d *webrtc.SessionDescription) *livekit.SessionDescription {
	if d == nil {
		return nil
	}
	return &livekit.SessionDescription{Type: d.Type.String(), Sdp: d.SDP}
}

// exceptionsLocked lists the tracks for which the rule (subscribe to all, or to
// none) was overridden.
func (c *Client) exceptionsLocked() *livekit.UpdateSubscription {
	u := &livekit.UpdateSubscription{Subscribe: c.opts.NoSubscribe}
	for sid, w := range c.wishes {
		if w.subscribe != nil && *w.subscribe == c.opts.NoSubscribe {
			u.TrackSids = append(u.TrackSids, sid)
		}
	}
	slices.Sort(u.TrackSids)
	return u
}

// wishAgain tells a new session all that the old one was told.
func (c *Client) wishAgain() error {
	c.mu.Lock()
	u := c.exceptionsLocked()
	var settings []*livekit.UpdateTrackSettings
	for _, w := range c.wishes {
		if w.setting != nil {
			settings = append(settings, w.setting)
		}
	}
	c.mu.Unlock()
	if len(u.GetTrackSids()) > 0 {
		if err := c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{Subscription: u}}); err != nil {
			return err
		}
	}
	for _, set := range settings {
		if err := c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_TrackSetting{TrackSetting: set}}); err != nil {
			return err
		}
	}
	return nil
}

// Configure asks for a size of a video, or pauses it.
func (c *Client) Configure(sid string, width, height uint32, disabled bool) error {
	return c.Set(&livekit.UpdateTrackSettings{TrackSids: []string{sid}, Width: width, Height: height, Disabled: disabled})
}

// Set asks for all that a track setting can say, for one track.
func (c *Client) Set(u *livekit.UpdateTrackSettings) error {
	c.mu.Lock()
	for _, sid := range u.GetTrackSids() {
		w := c.wishes[sid]
		w.setting = u
		c.wishes[sid] = w
	}
	c.mu.Unlock()
	return c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_TrackSetting{TrackSetting: u}})
}

// Subscribe wants a track or no longer wants it.
func (c *Client) Subscribe(sid string, on bool) error {
	c.mu.Lock()
	w := c.wishes[sid]
	w.subscribe = &on
	c.wishes[sid] = w
	c.mu.Unlock()
	return c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{Subscription: &livekit.UpdateSubscription{
		TrackSids: []string{sid}, Subscribe: on,
	}}})
}
