package client

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/interceptor"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// extensions are the RTP header extensions that the client offers.
var extensions = []string{sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdesRepairedURI, sdp.AudioLevelURI, sdp.TransportCCURI, descriptorURI}

const sdesRepairedURI = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"

// iceChecks of a pair of candidates, 200 ms apart, before it is given up: browsers go on for half a
// minute, too. After pion's own 7 a machine that was busy for 1.4 s is never reached.
const iceChecks = 150

var channelLabels = []string{"_reliable", "_lossy", "_data_track"}

// session is one full join.
type session struct {
	// fixed after construction
	client     *Client
	single     bool
	publisher  *webrtc.PeerConnection // the only one with single
	subscriber *webrtc.PeerConnection // nil with single
	offers     chan struct{}          // wants an offer made; capacity 1, coalesced
	answers    chan *livekit.SessionDescription
	ctx        context.Context
	cancel     context.CancelFunc
	restartICE atomic.Bool // the next offer restarts ICE

	mu       sync.Mutex
	closed   bool
	running  sync.WaitGroup                    // begun under mu, while not closed
	mids     map[string]string                 // single: mid to track sid
	sections *livekit.MediaSectionsRequirement // asked for and not yet offered
	channels map[string]*webrtc.DataChannel    // by label, those to write on
	offerID  uint32
	embedded *webrtc.SessionDescription // sent in the join request, not yet set
	remote   map[livekit.SignalTarget][]webrtc.ICECandidateInit
}

// newSession builds the peer connections and the data channels.
func (c *Client) newSession() (*session, error) {
	s := &session{
		client: c, single: c.SinglePC(), offers: make(chan struct{}, 1), answers: make(chan *livekit.SessionDescription, 1),
		mids: map[string]string{}, channels: map[string]*webrtc.DataChannel{}, remote: map[livekit.SignalTarget][]webrtc.ICECandidateInit{},
	}
	s.ctx, s.cancel = context.WithCancel(c.ctx)
	if err := s.build(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) build() error {
	var err error
	if s.publisher, err = s.newPC(livekit.SignalTarget_PUBLISHER); err != nil {
		return err
	}
	for _, label := range channelLabels {
		if err := s.openChannel(label); err != nil {
			return err
		}
	}
	if s.single {
		return s.addSections(3, 3)
	}
	s.subscriber, err = s.newPC(livekit.SignalTarget_SUBSCRIBER)
	return err
}

// begin starts the negotiation after the join response.
func (s *session) begin(join *livekit.JoinResponse) {
	s.useICE(join.GetIceServers())
	first := s.single || join.GetFastPublish() || !join.GetSubscriberPrimary()
	if first && s.embedded == nil {
		s.wantOffer()
	}
	s.spawn(s.offerLoop)
}

func (s *session) pcs() []*webrtc.PeerConnection {
	var out []*webrtc.PeerConnection
	for _, pc := range []*webrtc.PeerConnection{s.publisher, s.subscriber} {
		if pc != nil {
			out = append(out, pc)
		}
	}
	return out
}

// useICE takes the servers of a join or a resume for what is gathered from now on.
func (s *session) useICE(servers []*livekit.ICEServer) {
	var list []webrtc.ICEServer
	for _, x := range servers {
		list = append(list, webrtc.ICEServer{URLs: x.GetUrls(), Username: x.GetUsername(), Credential: x.GetCredential()})
	}
	for _, pc := range s.pcs() {
		if err := pc.SetConfiguration(webrtc.Configuration{ICEServers: list}); err != nil {
			s.client.log.Warn("ICE servers", "participant", s.client.Identity(), "err", err)
		}
	}
}

// spawn starts a goroutine that close waits for; not after that.
func (s *session) spawn(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.running.Go(f)
	}
}

// close ends the session and waits for its goroutines.
func (s *session) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	for _, pc := range s.pcs() {
		_ = pc.GracefulClose()
	}
	s.running.Wait()
}

func (c *Client) newMedia() (*webrtc.MediaEngine, error) {
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	if !c.opts.NoRED {
		red := webrtc.RTPCodecParameters{RTPCodecCapability: redFormat(), PayloadType: redPayload}
		if err := media.RegisterCodec(red, webrtc.RTPCodecTypeAudio); err != nil {
			return nil, err
		}
	}
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		for _, uri := range extensions {
			if err := media.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return nil, err
			}
		}
	}
	media.RegisterFeedback(webrtc.RTCPFeedback{Type: webrtc.TypeRTCPFBNACK}, webrtc.RTPCodecTypeAudio) // as LiveKit's clients do for Opus
	return media, nil
}

func (s *session) newPC(target livekit.SignalTarget) (*webrtc.PeerConnection, error) {
	c := s.client
	media, err := c.newMedia()
	if err != nil {
		return nil, err
	}
	registry := &interceptor.Registry{}
	registry.Add(&repaired{}) // first added, next to the wire
	if err := webrtc.RegisterDefaultInterceptors(media, registry); err != nil {
		return nil, err
	}
	registry.Add(&early{}) // last added, asked first
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	settings.SetICEMaxBindingRequests(iceChecks)
	if c.opts.Link != nil {
		if err := c.opts.Link.use(&settings); err != nil {
			return nil, err
		}
	}
	if c.opts.SettingsFunc != nil {
		c.opts.SettingsFunc(&settings)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(settings))
	pc, err := api.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		return nil, err
	}
	pc.OnICECandidate(func(candidate *webrtc.ICECandidate) { s.trickle(target, candidate) })
	pc.OnConnectionStateChange(func(state webrtc.PeerConnectionState) {
		c.noteChange()
		if state == webrtc.PeerConnectionStateFailed {
			s.broken(errICE)
		}
	})
	pc.OnTrack(s.onTrack)
	pc.OnDataChannel(s.readChannel)
	return pc, nil
}

var errICE = errors.New("a peer connection failed")

// broken ends the socket, so that supervise mends what can be mended: a
// connection that is lost is brought back by resuming, on another socket.
func (s *session) broken(cause error) {
	c := s.client
	c.mu.Lock()
	k, mine := c.socket, c.session == s
	c.mu.Unlock()
	if mine && k != nil && c.opts.Reconnect {
		k.close(cause)
	}
}

func (s *session) trickle(target livekit.SignalTarget, candidate *webrtc.ICECandidate) {
	if candidate == nil {
		return
	}
	init, err := json.Marshal(candidate.ToJSON())
	if err != nil {
		return
	}
	_ = s.client.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{Trickle: &livekit.TrickleRequest{CandidateInit: string(init), Target: target}}})
}

// addCandidate keeps candidates that come before the description.
func (s *session) addCandidate(t *livekit.TrickleRequest) {
	var init webrtc.ICECandidateInit
	if json.Unmarshal([]byte(t.GetCandidateInit()), &init) != nil {
		return
	}
	pc := s.publisher
	if t.GetTarget() == livekit.SignalTarget_SUBSCRIBER && s.subscriber != nil {
		pc = s.subscriber
	}
	s.mu.Lock()
	defer s.mu.Unlock() // so that none is kept after the others were flushed
	if pc.RemoteDescription() == nil {
		if waiting := s.remote[t.GetTarget()]; len(waiting) < maxCandidates {
			s.remote[t.GetTarget()] = append(waiting, init)
		}
		return
	}
	_ = pc.AddICECandidate(init)
}

// maxCandidates bounds those that wait for a description.
const maxCandidates = 64

// flushCandidates adds those that came before the description.
func (s *session) flushCandidates(target livekit.SignalTarget, pc *webrtc.PeerConnection) {
	s.mu.Lock()
	waiting := s.remote[target]
	delete(s.remote, target)
	s.mu.Unlock()
	for _, init := range waiting {
		_ = pc.AddICECandidate(init)
	}
}

// connected reports whether what the session receives on is up, and with publishing,
// what it sends on.
func (s *session) connected(publishing bool) bool {
	up := func(pc *webrtc.PeerConnection) bool {
		return pc.ConnectionState() == webrtc.PeerConnectionStateConnected
	}
	if s.subscriber == nil {
		return up(s.publisher)
	}
	return up(s.subscriber) && (!publishing || up(s.publisher))
}

// Connected reports whether media can flow both ways it is used.
func (c *Client) Connected() bool {
	s := c.current()
	return s != nil && s.connected(false)
}
