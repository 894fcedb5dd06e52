package client

import (
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// RemoteTrack is one received track and what was seen of it.
type RemoteTrack struct {
	SID         string // "TR_…"
	Participant string // "PA_…", empty where only the section's id is known
	Kind        webrtc.RTPCodecType
	MIME        string

	pc   *webrtc.PeerConnection
	ssrc webrtc.SSRC

	mu    sync.Mutex
	check continuity
}

// Stats is a copy of what has been seen.
func (t *RemoteTrack) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.check.stats()
}

// AskKeyframe sends a picture loss indication.
func (t *RemoteTrack) AskKeyframe() error {
	return t.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.ssrc)}})
}

// onTrack finds out whose track a section carries and reads it to its end.
func (c *Client) onTrack(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	pc := c.subscriber
	if pc == nil {
		pc = c.publisher
	}
	track := &RemoteTrack{Kind: remote.Kind(), MIME: remote.Codec().MimeType, pc: pc, ssrc: remote.SSRC()}
	track.Participant, track.SID, _ = strings.Cut(remote.StreamID(), "|")
	if !strings.HasPrefix(track.SID, "TR_") {
		track.SID = c.trackOfSection(pc, receiver)
	}
	if remote.Kind() == webrtc.RTPCodecTypeVideo {
		track.check.parse = parserOf(track.MIME)
	}
	c.mu.Lock()
	c.tracks[track.SID] = track
	c.noteChangeLocked()
	c.mu.Unlock()
	if c.opts.OnTrack != nil {
		c.opts.OnTrack(track)
	}
	c.subscribed.Go(func() { // reports of the sender are read so that they do not pile up
		for {
			if _, _, err := receiver.ReadRTCP(); err != nil {
				return
			}
		}
	})
	c.subscribed.Go(func() { track.read(remote) })
}

func (c *Client) trackOfSection(pc *webrtc.PeerConnection, receiver *webrtc.RTPReceiver) string {
	for _, t := range pc.GetTransceivers() {
		if t.Receiver() == receiver {
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.mids[t.Mid()]
		}
	}
	return ""
}

func (t *RemoteTrack) read(remote *webrtc.TrackRemote) {
	for {
		packet, _, err := remote.ReadRTP()
		if err != nil {
			return
		}
		t.mu.Lock()
		t.check.packet(packet, time.Now())
		t.mu.Unlock()
	}
}

// Track is the received track with this sid, nil before its first packet.
func (c *Client) Track(sid string) *RemoteTrack {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tracks[sid]
}

// Tracks are all received ones.
func (c *Client) Tracks() []*RemoteTrack {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []*RemoteTrack
	for _, t := range c.tracks {
		out = append(out, t)
	}
	return out
}

// Configure asks for a size of a video, or pauses it.
func (c *Client) Configure(sid string, width, height uint32, disabled bool) error {
	return c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_TrackSetting{TrackSetting: &livekit.UpdateTrackSettings{
		TrackSids: []string{sid}, Width: width, Height: height, Disabled: disabled,
	}}})
}

// Subscribe wants a track or no longer wants it.
func (c *Client) Subscribe(sid string, on bool) error {
	return c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Subscription{Subscription: &livekit.UpdateSubscription{
		TrackSids: []string{sid}, Subscribe: on,
	}}})
}
