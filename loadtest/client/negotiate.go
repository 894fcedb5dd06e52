package client

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/interceptor"
	"github.com/pion/webrtc/v4"
)

var channelLabels = []string{"_reliable", "_lossy", "_data_track"}

// connect builds the peer connections and the data channels.
func (c *Client) connect() error {
	var err error
	if c.publisher, err = c.newPC(livekit.SignalTarget_PUBLISHER); err != nil {
		return err
	}
	for _, label := range channelLabels {
		if err := c.openChannel(label); err != nil {
			return err
		}
	}
	if c.opts.SinglePC {
		return c.addSections(3, 3)
	}
	c.subscriber, err = c.newPC(livekit.SignalTarget_SUBSCRIBER)
	return err
}

func (c *Client) newPC(target livekit.SignalTarget) (*webrtc.PeerConnection, error) {
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		for _, uri := range extensions {
			if err := media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, err
			}
		}
	}
	media.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBNACK}, webrtc.RTPCodecTypeAudio) // as LiveKit's clients do for Opus
	registry := &interceptor.Registry{}
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		return nil, err
	}
	registry.Add(&early{}) // last added, asked first
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	if c.opts.SettingsFunc != nil {
		c.opts.SettingsFunc(&settings)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{ICEServers: iceServers(c.join.GetIceServers())})
	if err != nil {
		return nil, err
	}
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate == nil {
			return
		}
		init, _ := json.Marshal(candidate.ToJSON())
		_ = c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{CandidateInit: string(init), Target: target}}})
	})
	pc.OnConnectionStateChange(func(webrtc.PeerConnectionState) {
		c.mu.Lock()
		c.noteChangeLocked()
		c.mu.Unlock()
	})
	pc.OnTrack(c.onTrack)
	pc.OnDataChannel(c.readChannel)
	return pc, nil
}

func iceServers(in []*livekit.ICEServer) []webrtc.ICEServer {
	var out []webrtc.ICEServer
	for _, s := range in {
		out = append(out, webrtc.ICEServer{URLs: s.GetUrls(), Username: s.GetUsername(), Credential: s.GetCredential()})
	}
	return out
}

// addSections adds receive-only sections to the single peer connection.
func (c *Client) addSections(audios, videos uint32) error {
	add := func(kind webrtc.RTPCodecType, n uint32) error {
		for range n {
			if _, err := c.publisher.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.Join(add(webrtc.RTPCodecTypeAudio, audios), add(webrtc.RTPCodecTypeVideo, videos))
}

// wantOffer asks the offer loop for one more offer.
func (c *Client) wantOffer() {
	select {
	case c.offers <- struct{}{}:
	default: // one is asked for already and will see this change too
	}
}

func (c *Client) offerLoop() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-c.offers:
			if err := c.offer(); err != nil && c.ctx.Err() == nil {
				c.log.Error("offer", "participant", c.Identity(), "err", err)
			}
		}
	}
}

// offer makes one offer on the publisher connection and takes its answer.
func (c *Client) offer() error {
	c.mu.Lock()
	sections := c.sections
	c.sections = nil
	c.offerID++
	id := c.offerID
	c.mu.Unlock()
	if sections != nil {
		if err := c.addSections(sections.GetNumAudios(), sections.GetNumVideos()); err != nil {
			return err
		}
	}
	offer, err := c.publisher.CreateOffer(nil)
	if err != nil {
		return err
	}
	if err := c.publisher.SetLocalDescription(offer); err != nil {
		return err
	}
	if err := c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: offer.SDP, Id: id}}}); err != nil {
		return err
	}
	for {
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-c.leftCh:
			return errors.New("left before the answer")
		case answer := <-c.answers:
			if answer.GetId() != id {
				return fmt.Errorf("answer to offer %d has id %d", id, answer.GetId())
			}
			c.mu.Lock()
			for mid, sid := range answer.GetMidToTrackId() {
				c.mids[mid] = sid
			}
			c.mu.Unlock()
			if err := c.publisher.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.GetSdp()}); err != nil {
				return err
			}
			c.flushCandidates(livekit.SignalTarget_PUBLISHER, c.publisher)
			return nil
		}
	}
}

// answerOffer answers the server's offer on the subscriber connection.
func (c *Client) answerOffer(o *livekit.SessionDescription) error {
	if c.subscriber == nil {
		return errors.New("the server offered on a single peer connection")
	}
	if err := c.subscriber.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.GetSdp()}); err != nil {
		return err
	}
	c.flushCandidates(livekit.SignalTarget_SUBSCRIBER, c.subscriber)
	answer, err := c.subscriber.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := c.subscriber.SetLocalDescription(answer); err != nil {
		return err
	}
	return c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{Type: "answer", Sdp: answer.SDP, Id: o.GetId()}}})
}

// Connected reports whether media can flow both ways it is used.
func (c *Client) Connected() bool {
	main := c.publisher
	if c.subscriber != nil {
		main = c.subscriber
	}
	return main.ConnectionState() == webrtc.PeerConnectionStateConnected
}
