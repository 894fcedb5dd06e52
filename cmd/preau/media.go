package main

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"preau/sfu"
	"preau/signaling"
)

// media joins the SFU to signalling. The two know nothing of each other and
// name their fields alike, so that this is conversions alone.
type media struct {
	node *sfu.Node

	mu sync.Mutex
	// privileged are the joins last named by class, kept for a router that is
	// made later. A class where nobody is privileged has no entry.
	privileged map[string][]string
}

func newMedia(node *sfu.Node) *media {
	return &media{node: node, privileged: map[string][]string{}}
}

// Join implements signaling.Media.
func (m *media) Join(class string, o signaling.PeerOptions, l signaling.PeerListener) (signaling.Peer, error) {
	router := m.node.Router(class)
	p, err := router.Join(sfu.PeerOptions(o), sfu.EventsFunc(func(e sfu.Event) {
		if event := peerEvent(e); event != nil {
			l.PeerEvent(event)
		}
	}))
	if err != nil {
		return nil, err
	}
	m.arrived(class)
	return peer{p, m}, nil
}

// arrived tells a router, which may be a new one, who is privileged.
func (m *media) arrived(class string) {
	m.mu.Lock()
	sids := m.privileged[class]
	m.mu.Unlock()
	if now, ok := m.node.Find(class); ok && len(sids) > 0 {
		now.SetPrivileged(sids)
	}
}

// ICEServers implements signaling.Media.
func (m *media) ICEServers(participant string, life time.Duration) []signaling.ICEServer {
	return mapped(m.node.ICEServers(participant, life), func(s sfu.ICEServer) signaling.ICEServer { return signaling.ICEServer(s) })
}

// SetPrivileged implements signaling.Media. It makes no router: one without
// peers would never go.
func (m *media) SetPrivileged(class string, sids []string) {
	m.mu.Lock()
	if len(sids) == 0 {
		delete(m.privileged, class)
	} else {
		m.privileged[class] = sids
	}
	m.mu.Unlock()
	if router, ok := m.node.Find(class); ok {
		router.SetPrivileged(sids)
	}
}

// peer is one participant's connection as signalling knows it.
type peer struct {
	sfu   *sfu.Peer
	media *media
}

// Describe implements signaling.Peer.
func (p peer) Describe(d signaling.Description) (signaling.Description, error) {
	if d.Type == "answer" {
		return signaling.Description{}, p.sfu.Answer(sfu.Description(d))
	}
	answer, err := p.sfu.Offer(sfu.Description(d))
	return signaling.Description(answer), err
}

// Candidate implements signaling.Peer.
func (p peer) Candidate(t signaling.Target, init string) error {
	return p.sfu.AddCandidate(sfu.Target(t), init)
}

// Close implements signaling.Peer.
func (p peer) Close() { p.sfu.Close() }

// Do implements signaling.Peer.
func (p peer) Do(c signaling.PeerCommand) error {
	switch c := c.(type) {
	case signaling.AddTrack:
		return p.sfu.AddTrack(trackSpec(c.Track))
	case signaling.AddCodec:
		return p.sfu.AddCodec(c.SID, sfu.CodecSpec{CID: c.CID, Layers: mapped(c.Layers, layerSpec)})
	case signaling.RemoveTrack:
		p.sfu.RemoveTrack(c.SID)
	case signaling.SetMuted:
		p.sfu.SetMuted(c.SID, c.Muted)
	case signaling.SetBlocked:
		p.sfu.SetBlocked(c.SID, c.Blocked)
	case signaling.Subscribe:
		return p.sfu.Subscribe(c.SID, c.On)
	case signaling.Configure:
		p.sfu.Configure(c.SID, trackSetting(c.Setting))
	case signaling.Send:
		err := p.sfu.Send(sfu.DataKind(c.Kind), c.Payload)
		if errors.Is(err, sfu.ErrSlow) {
			return signaling.ErrSlow
		}
		return err
	case signaling.StartSubscriber:
		p.sfu.StartSubscriber()
	case signaling.LimitBandwidth:
		p.sfu.LimitBandwidth(c.BPS)
	case signaling.RestartICE:
		p.sfu.RestartICE()
	case signaling.Move:
		if err := p.sfu.Move(c.Class, c.Participant); err != nil {
			return err
		}
		p.media.arrived(c.Class)
	case signaling.Forward:
		if err := p.sfu.Forward(c.Class, c.Participant); err != nil {
			return err
		}
		p.media.arrived(c.Class)
	case signaling.OpenForwarded:
		p.sfu.Open(c.Class, c.SID, c.Open)
	case signaling.Unforward:
		p.sfu.Unforward(c.Class)
	default:
		return fmt.Errorf("media: no such command %T", c)
	}
	return nil
}

func trackSpec(t signaling.TrackSpec) sfu.TrackSpec {
	return sfu.TrackSpec{
		CID: t.CID, SID: t.SID, Kind: sfu.Kind(t.Kind), Source: sfu.Source(t.Source), MIMEs: t.MIMEs, Muted: t.Muted,
		Backup: t.Backup, Sealed: t.Sealed, NoRED: t.NoRED, Low: t.Low, Layers: mapped(t.Layers, layerSpec),
	}
}

func layerSpec(l signaling.LayerSpec) sfu.LayerSpec {
	return sfu.LayerSpec{Quality: sfu.Quality(l.Quality), Width: l.Width, Height: l.Height, Bitrate: l.Bitrate, RID: l.RID}
}

func trackSetting(s signaling.TrackSetting) sfu.TrackSetting {
	return sfu.TrackSetting{
		Disabled: s.Disabled, Width: s.Width, Height: s.Height, FPS: s.FPS,
		Quality: sfu.Quality(s.Quality), Priority: s.Priority,
	}
}

// peerEvent is the event in signalling's words; nil where it has none.
func peerEvent(e sfu.Event) signaling.PeerEvent {
	switch e := e.(type) {
	case sfu.OfferEvent:
		return signaling.OfferEvent{Description: signaling.Description(e.Description)}
	case sfu.CandidateEvent:
		return signaling.CandidateEvent{Target: signaling.Target(e.Target), Init: e.Init}
	case sfu.SectionsEvent:
		return signaling.SectionsEvent(e)
	case sfu.TrackEvent:
		return signaling.TrackEvent{CID: e.CID, SID: e.SID, Kind: signaling.Kind(e.Kind), MIME: e.MIME, Mid: e.Mid, RIDs: e.RIDs}
	case sfu.TrackGoneEvent:
		return signaling.TrackGoneEvent(e)
	case sfu.StateEvent:
		return signaling.StateEvent{Target: signaling.Target(e.Target), State: signaling.ConnState(e.State)}
	case sfu.DataEvent:
		return signaling.DataEvent{Kind: signaling.DataKind(e.Kind), Payload: e.Payload}
	case sfu.SpeakersEvent:
		return signaling.SpeakersEvent{Speakers: mapped(e.Speakers, func(s sfu.Speaker) signaling.Speaker { return signaling.Speaker(s) })}
	case sfu.StreamStateEvent:
		return signaling.StreamStateEvent{Streams: mapped(e.Streams, func(s sfu.StreamState) signaling.StreamState { return signaling.StreamState(s) })}
	case sfu.QualityEvent:
		return signaling.QualityEvent{Quality: signaling.Connection(e.Quality), Score: e.Score}
	case sfu.SubscribedQualityEvent:
		return signaling.SubscribedQualityEvent{SID: e.SID, Codecs: mapped(e.Codecs, codecQualities)}
	case sfu.SpareEvent:
		return signaling.SpareEvent(e)
	case sfu.SubscribedEvent:
		return signaling.SubscribedEvent(e)
	default:
		return nil
	}
}

func codecQualities(c sfu.CodecQualities) signaling.CodecQualities {
	return signaling.CodecQualities{
		Codec: c.Codec,
		Qualities: mapped(c.Qualities, func(q sfu.QualityEnabled) signaling.QualityEnabled {
			return signaling.QualityEnabled{Quality: signaling.Quality(q.Quality), Enabled: q.Enabled}
		}),
	}
}

func mapped[A, B any](in []A, f func(A) B) []B {
	if in == nil {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = f(a)
	}
	return out
}
