package client

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"preau/loadtest/media"
)

// Layer is one encoding of a video, smallest first in a list.
type Layer struct {
	RID           string // "q", "h", "f"; "" when it is the only one, and for SVC
	Width, Height uint32
	Packets       int // RTP packets a frame
}

// Simulcast is three layers as browsers send them for 720p.
var Simulcast = []Layer{{"q", 320, 180, 1}, {"h", 640, 360, 2}, {"f", 1280, 720, 5}}

// Publication says what to publish: encoded clips, or without them a synthetic
// source, whose packets a receiver can check without having seen the source.
type Publication struct {
	Name   string
	Source livekit.TrackSource
	MIME   string  // webrtc.MimeTypeOpus, …VP8, …; left out where there are clips
	Layers []Layer // of a synthetic video; of clips it is told by the clips
	Clips  []*media.Clip
	SVC    bool // the layers in one stream, two temporal layers each (VP9, AV1)
	RED    bool // sound with the packet before in each, where the server takes it
	DTX    bool // of silence, one packet in twenty
	Stereo bool
	Long   bool // synthetic sound in packets of 60 ms
	Muted  bool

	Encryption livekit.Encryption_Type
}

// PublishMicrophone publishes synthetic Opus at 50 packets a second.
func (c *Client) PublishMicrophone(ctx context.Context) (*LocalTrack, error) {
	return c.Publish(ctx, Publication{Name: "microphone", Source: livekit.TrackSource_MICROPHONE, MIME: webrtc.MimeTypeOpus})
}

// PublishVideo publishes synthetic VP8 of one or several layers.
func (c *Client) PublishVideo(ctx context.Context, source livekit.TrackSource, layers []Layer) (*LocalTrack, error) {
	return c.PublishCodec(ctx, source, webrtc.MimeTypeVP8, layers)
}

// PublishCodec is PublishVideo in a codec by its MIME type: VP8, VP9, AV1 or H.264.
func (c *Client) PublishCodec(ctx context.Context, source livekit.TrackSource, mime string, layers []Layer) (*LocalTrack, error) {
	return c.Publish(ctx, Publication{Source: source, MIME: mime, Layers: layers})
}

// Publish publishes and returns when the server has said yes; its no is a
// *NotAllowedError. Media flows as soon as it is negotiated.
func (c *Client) Publish(ctx context.Context, p Publication) (*LocalTrack, error) {
	if err := p.fill(); err != nil {
		return nil, err
	}
	track := &LocalTrack{client: c, publication: p, sent: make([]counters, len(p.Layers))}
	track.muted.Store(p.Muted)
	if err := track.publish(ctx); err != nil {
		return nil, err
	}
	track.Info = track.Now()
	c.mu.Lock()
	c.locals = append(c.locals, track)
	c.mu.Unlock()
	return track, nil
}

var rids = []string{"q", "h", "f"}

// fill completes what can be told from the rest.
func (p *Publication) fill() error {
	if p.Name == "" {
		p.Name = strings.ToLower(p.Source.String())
	}
	if len(p.Clips) > 0 {
		p.MIME, p.Layers = formatOf(p.Clips[0].Codec).MimeType, nil
		for i, clip := range p.Clips {
			l := Layer{Width: uint32(clip.Width), Height: uint32(clip.Height), Packets: 1}
			if len(p.Clips) > 1 {
				l.RID = rids[i]
			}
			p.Layers = append(p.Layers, l)
		}
	}
	if p.MIME == webrtc.MimeTypeOpus && len(p.Layers) == 0 {
		p.Layers = []Layer{{Packets: 1}}
	}
	if len(p.Layers) == 0 || len(p.Layers) > len(rids) {
		return fmt.Errorf("publish %s: %d layers", p.Name, len(p.Layers))
	}
	if _, err := p.encodings(); err != nil {
		return fmt.Errorf("publish %s: %w", p.Name, err)
	}
	return nil
}

func (p *Publication) audio() bool { return strings.HasPrefix(p.MIME, "audio/") }

// request is what the server is told before media comes.
func (p *Publication) request(cid string) *livekit.AddTrackRequest {
	r := &livekit.AddTrackRequest{Cid: cid, Name: p.Name, Source: p.Source, Muted: p.Muted, Encryption: p.Encryption, Type: livekit.TrackType_AUDIO}
	if p.audio() {
		r.DisableRed = !p.RED
		r.AudioFeatures = p.audioFeatures()
		return r
	}
	r.Type = livekit.TrackType_VIDEO
	largest := p.Layers[len(p.Layers)-1]
	r.Width, r.Height = largest.Width, largest.Height
	for i, l := range p.Layers {
		quality := livekit.VideoQuality(i)
		if len(p.Layers) == 1 {
			quality = livekit.VideoQuality_HIGH
		}
		layer := &livekit.VideoLayer{Quality: quality, Width: l.Width, Height: l.Height, Bitrate: uint32(l.Packets) * 300_000, Rid: l.RID}
		if p.SVC {
			layer.SpatialLayer, layer.Rid = int32(i), ""
		}
		r.Layers = append(r.Layers, layer)
	}
	codec := &livekit.SimulcastCodec{
		Codec: strings.ToLower(strings.TrimPrefix(p.MIME, "video/")), Cid: cid, Layers: r.Layers,
		VideoLayerMode: livekit.VideoLayer_ONE_SPATIAL_LAYER_PER_STREAM,
	}
	if p.SVC {
		codec.VideoLayerMode = livekit.VideoLayer_MULTIPLE_SPATIAL_LAYERS_PER_STREAM
	}
	r.SimulcastCodecs = []*livekit.SimulcastCodec{codec}
	return r
}

func (p *Publication) audioFeatures() []livekit.AudioTrackFeature {
	var out []livekit.AudioTrackFeature
	if p.Stereo {
		out = append(out, livekit.AudioTrackFeature_TF_STEREO)
	}
	if !p.DTX {
		out = append(out, livekit.AudioTrackFeature_TF_NO_DTX)
	}
	return out
}

// NotAllowedError is the server's refusal of a publication.
type NotAllowedError struct{ Reason, Message string }

func (e *NotAllowedError) Error() string { return e.Reason + ": " + e.Message }

// publishAnswer is one or the other.
type publishAnswer struct {
	info    *livekit.TrackInfo
	refusal *livekit.RequestResponse
}

var errPublishLost = errors.New("the connection was lost before the answer")

// ask sends the request and waits for the answer.
func (c *Client) ask(ctx context.Context, k *socket, request *livekit.AddTrackRequest) (*livekit.TrackInfo, error) {
	answer := make(chan publishAnswer, 1)
	c.mu.Lock()
	c.published[request.GetCid()] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.published, request.GetCid())
		c.mu.Unlock()
	}()
	if err := k.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: request}}); err != nil {
		return nil, err
	}
	select {
	case a := <-answer:
		if a.refusal != nil {
			return nil, &NotAllowedError{Reason: a.refusal.GetReason().String(), Message: a.refusal.GetMessage()}
		}
		return a.info, nil
	case <-k.ended:
		return nil, fmt.Errorf("publish %s: %w", request.GetName(), errPublishLost)
	case <-ctx.Done():
		return nil, fmt.Errorf("publish %s: no track_published: %w", request.GetName(), context.Cause(ctx))
	}
}

func (c *Client) answerPublish(cid string, a publishAnswer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ch := c.published[cid]; ch != nil {
		delete(c.published, cid)
		ch <- a // has room: it is answered once
	}
}

// refused finds the publication that a refusal is for: servers repeat the
// request, but not all do.
func (c *Client) refused(r *livekit.RequestResponse) {
	if r.GetReason() == livekit.RequestResponse_OK {
		return
	}
	cid := r.GetAddTrack().GetCid()
	if cid == "" && r.GetRequest() == nil {
		c.mu.Lock()
		for any := range c.published {
			cid = any
		}
		c.mu.Unlock()
	}
	c.answerPublish(cid, publishAnswer{refusal: r})
}
