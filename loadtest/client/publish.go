package client

import (
	"context"
	"fmt"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// extensions are the RTP header extensions that the client offers.
var extensions = []string{sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdesRepairedURI, sdp.AudioLevelURI, sdp.TransportCCURI}

const sdesRepairedURI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"

// Layer is one simulcast encoding of a video, smallest first in a list.
type Layer struct {
	RID           string // "q", "h", "f"; "" when it is the only one
	Width, Height uint32
	Packets       int // RTP packets a frame
}

// Simulcast is three layers as browsers send them for 720p.
var Simulcast = []Layer{{"q", 320, 180, 1}, {"h", 640, 360, 2}, {"f", 1280, 720, 5}}

// LocalTrack is one published track, sending until its client closes or Stop.
type LocalTrack struct {
	Info   *livekit.TrackInfo
	client *Client
	sender *webrtc.RTPSender
	layers []*localLayer
	stop   context.CancelFunc
}

// PublishMicrophone publishes synthetic Opus at 50 packets a second.
func (c *Client) PublishMicrophone(ctx context.Context) (*LocalTrack, error) {
	request := &livekit.AddTrackRequest{Name: "microphone", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE, DisableRed: true}
	return c.publish(ctx, request, opusFormat(), []Layer{{Packets: 1}})
}

// PublishVideo publishes synthetic VP8 of one or several layers.
func (c *Client) PublishVideo(ctx context.Context, source livekit.TrackSource, layers []Layer) (*LocalTrack, error) {
	return c.PublishCodec(ctx, source, webrtc.MimeTypeVP8, layers)
}

// PublishCodec is PublishVideo in a codec by its MIME type: VP8, VP9, AV1 or H.264.
func (c *Client) PublishCodec(ctx context.Context, source livekit.TrackSource, mime string, layers []Layer) (*LocalTrack, error) {
	f, ok := formats()[mime]
	if !ok {
		return nil, fmt.Errorf("publish %s: %w", mime, errCodec)
	}
	largest := layers[len(layers)-1]
	request := &livekit.AddTrackRequest{
		Name: strings.ToLower(source.String()), Type: livekit.TrackType_VIDEO, Source: source,
		Width: largest.Width, Height: largest.Height,
	}
	for i, l := range layers {
		quality := livekit.VideoQuality(i)
		if len(layers) == 1 {
			quality = livekit.VideoQuality_HIGH
		}
		request.Layers = append(request.Layers, &livekit.VideoLayer{Quality: quality, Width: l.Width, Height: l.Height, Bitrate: uint32(l.Packets) * 300_000, Rid: l.RID})
	}
	name := strings.ToLower(strings.TrimPrefix(mime, "video/"))
	request.SimulcastCodecs = []*livekit.SimulcastCodec{{Codec: name, Layers: request.Layers}}
	return c.publish(ctx, request, f, layers)
}

// NotAllowedError is the server's refusal of a publication.
type NotAllowedError struct{ Reason, Message string }

func (e *NotAllowedError) Error() string { return e.Reason + ": " + e.Message }

func (c *Client) publish(ctx context.Context, request *livekit.AddTrackRequest, f format, layers []Layer) (*LocalTrack, error) {
	c.mu.Lock()
	c.cids++
	request.Cid = fmt.Sprintf("%s-%d", request.GetName(), c.cids)
	answered := make(chan *livekit.TrackInfo, 1)
	c.published[request.GetCid()] = answered
	c.mu.Unlock()
	for _, s := range request.GetSimulcastCodecs() {
		s.Cid = request.GetCid()
	}
	if err := c.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: request}}); err != nil {
		return nil, err
	}
	var info *livekit.TrackInfo
	select {
	case info = <-answered:
	case refusal := <-c.refusals:
		return nil, &NotAllowedError{Reason: refusal.GetReason().String(), Message: refusal.GetMessage()}
	case <-c.leftCh:
		return nil, fmt.Errorf("publish %s: the server left", request.GetName())
	case <-ctx.Done():
		return nil, fmt.Errorf("publish %s: no track_published: %w", request.GetName(), context.Cause(ctx))
	}
	return c.send(info, request.GetCid(), f, layers)
}

// send adds the track to the publisher connection and starts its sources.
func (c *Client) send(info *livekit.TrackInfo, cid string, f format, layers []Layer) (*LocalTrack, error) {
	track := &LocalTrack{Info: info, client: c}
	ctx, stop := context.WithCancel(c.ctx)
	track.stop = stop
	for i, l := range layers {
		var options []func(*webrtc.TrackLocalStaticRTP)
		if l.RID != "" {
			options = append(options, webrtc.WithRTPStreamID(l.RID))
		}
		local, err := webrtc.NewTrackLocalStaticRTP(f.RTPCodecCapability, cid, "stream-"+cid, options...)
		if err != nil {
			return nil, err
		}
		track.layers = append(track.layers, &localLayer{Layer: l, index: i, track: local, keyframe: make(chan struct{}, 1)})
	}
	transceiver, err := c.publisher.AddTransceiverFromTrack(track.layers[0].track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, err
	}
	track.sender = transceiver.Sender()
	for _, l := range track.layers[1:] {
		if err := track.sender.AddEncoding(l.track); err != nil {
			return nil, err
		}
	}
	for _, l := range track.layers {
		c.subscribed.Go(func() { l.readRTCP(track.sender) })
		c.running.Go(func() { l.run(ctx, transceiver, f) })
	}
	c.wantOffer()
	return track, nil
}

// Mute tells the server and stops sending, or goes on.
func (t *LocalTrack) Mute(muted bool) error {
	for _, l := range t.layers {
		l.muted.Store(muted)
	}
	return t.client.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Mute{Mute: &livekit.MuteTrackRequest{Sid: t.Info.GetSid(), Muted: muted}}})
}

// Sent is how many packets left on a layer, by its place in the list.
func (t *LocalTrack) Sent(layer int) uint64 { return t.layers[layer].sent.Load() }

// Keyframes is how many keyframes a layer has sent.
func (t *LocalTrack) Keyframes(layer int) uint64 { return t.layers[layer].keyframes.Load() }

// Unpublish removes the track from the connection.
func (t *LocalTrack) Unpublish() error {
	t.stop()
	if err := t.client.publisher.RemoveTrack(t.sender); err != nil {
		return err
	}
	t.client.wantOffer()
	return nil
}
