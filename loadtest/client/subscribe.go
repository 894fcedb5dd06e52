package client

import (
	"strings"
	"sync"
	"time"

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
	ended bool
}

// Stats is a copy of what has been seen.
func (t *RemoteTrack) Stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.check.stats()
}

// Ended reports whether the stream is over.
func (t *RemoteTrack) Ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// Expect holds the track to clips, where it would be held to the synthetic
// sources; nil: it is not held to anything. To be called in OnTrack.
func (t *RemoteTrack) Expect(c *Catalogue) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.check.contents = nil
	if c != nil {
		t.check.contents = c
	}
}

// AskKeyframe sends a picture loss indication.
func (t *RemoteTrack) AskKeyframe() error {
	return t.pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(t.ssrc)}})
}

// onTrack finds out whose track a section carries and reads it to its end.
func (s *session) onTrack(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	c := s.client
	pc := s.subscriber
	if pc == nil {
		pc = s.publisher
	}
	track := &RemoteTrack{Kind: remote.Kind(), MIME: remote.Codec().MimeType, pc: pc, ssrc: remote.SSRC()}
	track.Participant, track.SID, _ = strings.Cut(remote.StreamID(), "|")
	if !strings.HasPrefix(track.SID, "TR_") {
		track.SID = s.trackOfSection(pc, receiver)
	}
	track.check = checkOf(track, receiver.GetParameters())
	c.mu.Lock()
	if c.session != s {
		c.mu.Unlock()
		return
	}
	c.tracks[track.SID] = track
	c.noteChangeLocked()
	c.mu.Unlock()
	if c.opts.OnTrack != nil {
		c.opts.OnTrack(track)
	}
	s.spawn(func() { // reports of the sender are read so that they do not pile up
		for {
			if _, _, err := receiver.ReadRTCP(); err != nil {
				return
			}
		}
	})
	s.spawn(func() {
		track.read(remote)
		c.noteChange()
	})
}

func checkOf(t *RemoteTrack, p webrtc.RTPParameters) continuity {
	f := formatNamed(t.MIME)
	if t.Kind == webrtc.RTPCodecTypeAudio {
		f = formats()[webrtc.MimeTypeOpus] // also within RED
	}
	check := newContinuity(f, synthetic{f})
	for _, codec := range p.Codecs {
		if strings.EqualFold(codec.MimeType, mimeRED) {
			check.red = uint8(codec.PayloadType)
		}
	}
	for _, e := range p.HeaderExtensions {
		if e.URI == descriptorURI {
			check.described = uint8(e.ID)
		}
	}
	return check
}

func (s *session) trackOfSection(pc *webrtc.PeerConnection, receiver *webrtc.RTPReceiver) string {
	for _, t := range pc.GetTransceivers() {
		if t.Receiver() == receiver {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.mids[t.Mid()]
		}
	}
	return ""
}

func (t *RemoteTrack) read(remote *webrtc.TrackRemote) {
	for {
		packet, _, err := remote.ReadRTP()
		t.mu.Lock()
		if err != nil {
			t.ended = true
			t.mu.Unlock()
			return
		}
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
