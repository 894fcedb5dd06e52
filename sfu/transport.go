package sfu

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/transport/v5/packetio"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/seal"
)

const (
	iceDisconnected = 7 * time.Second
	// iceFailed leaves a pair alive over a link that is gone for a minute, so that the voice is
	// back as soon as the link is.
	iceFailed    = 95 * time.Second
	iceKeepalive = 2 * time.Second

	// maxStreams and maxFeedback bound what one client can make us keep by inventing SSRCs: buffers
	// of received streams, and streams of feedback, at a time.
	maxStreams  = 96
	maxFeedback = 4096
	streamBytes = 1 << 20
)

// transport is one peer connection, with what pion must be told so that only the needed runs.
type transport struct {
	peer   *Peer
	target Target
	pc     *webrtc.PeerConnection

	streams atomic.Int32 // made by BufferFactory and not closed

	names atomic.Pointer[names] // nil: nothing negotiated yet

	handshake seal.Handshake
	way       atomic.Pointer[way] // nil: nothing was sent yet, or nothing passes any more
	stale     atomic.Bool         // another pair may have been selected since

	mu     sync.Mutex
	layers map[uint32]*layer // by the publisher's SSRC, for its sender reports
	named  map[layerName]*streamBuffer
	opened map[uint32]*streamBuffer // by SSRC
	sinks  map[uint32]*feedbackSink // by SSRC; not those of our own streams that have ended
}

func newTransport(p *Peer, target Target, w *writer) (*transport, error) {
	t := &transport{
		peer: p, target: target, layers: map[uint32]*layer{}, named: map[layerName]*streamBuffer{},
		opened: map[uint32]*streamBuffer{}, sinks: map[uint32]*feedbackSink{},
	}
	media, err := newMediaEngine()
	if err != nil {
		return nil, err
	}
	registry, err := upstreamInterceptors(p.node)
	if err != nil {
		return nil, err
	}
	s, err := t.settings(w)
	if err != nil {
		return nil, err
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithInterceptorRegistry(registry), webrtc.WithSettingEngine(s))
	t.pc, err = api.NewPeerConnection(webrtc.Configuration{
		Certificates: p.node.cert, BundlePolicy: webrtc.BundlePolicyMaxBundle,
		RTPHeaderEncryptionPolicy: webrtc.RTPHeaderEncryptionPolicyDisable,
	})
	if err != nil {
		return nil, fmt.Errorf("making a peer connection: %w", err)
	}
	t.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		defer p.node.guard(p, "connection state")
		p.connectionState(t, s)
		p.noteChecking(t, t.pc.ConnectionState())
	})
	t.pc.SCTP().Transport().ICETransport().OnSelectedCandidatePairChange(func(*webrtc.ICECandidatePair) { t.stale.Store(true) })
	t.pc.OnTrack(func(track *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		defer p.node.guard(p, "track")
		p.mediaArrived(t, track, receiver)
	})
	t.pc.OnDataChannel(func(d *webrtc.DataChannel) {
		defer p.node.guard(p, "data channel")
		p.channelOpened(t, d)
	})
	return t, nil
}

// upstreamInterceptors are those that look at received media only: NACKs, receiver reports and
// transport-wide feedback to the publisher. Nothing stands between a subscription and its socket.
func upstreamInterceptors(n *Node) (*interceptor.Registry, error) {
	logs := pionLog{n.log}
	reg := &interceptor.Registry{}
	generator, err := nack.NewGeneratorInterceptor(nack.WithGeneratorLoggerFactory(logs))
	if err != nil {
		return nil, fmt.Errorf("making the NACK generator: %w", err)
	}
	reports, err := report.NewReceiverInterceptor(report.WithReceiverLoggerFactory(logs))
	if err != nil {
		return nil, fmt.Errorf("making the receiver reports: %w", err)
	}
	feedback, err := twcc.NewSenderInterceptor(twcc.WithLoggerFactory(logs))
	if err != nil {
		return nil, fmt.Errorf("making the transport-wide feedback: %w", err)
	}
	reg.Add(generator)
	reg.Add(reports)
	reg.Add(feedback)
	return reg, nil
}

func (t *transport) settings(w *writer) (webrtc.SettingEngine, error) {
	n := t.peer.node
	s := webrtc.SettingEngine{LoggerFactory: pionLog{n.log}, BufferFactory: t.buffer}
	s.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AEAD_AES_256_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	if err := s.SetAnsweringDTLSRole(webrtc.DTLSRoleServer); err != nil {
		return s, err
	}
	// A round trip less: whose address it is has been shown by ICE already.
	s.SetDTLSInsecureSkipHelloVerify(true)
	if s.SetLite(!t.peer.o.FullICE); !t.peer.o.FullICE {
		s.SetICEBindingRequestHandler(new(firstCheck).came)
	}
	s.SetDTLSKeyLogWriter(&t.handshake)
	s.SetDTLSServerHelloMessageHook(t.handshake.Hello)
	s.SetICEUDPMux(burstMux{n.mux, w, t})
	types := []webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6}
	if n.tcp != nil {
		s.SetICETCPMux(wayMux{n.tcp, t})
		types = append(types, webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6)
	}
	s.SetNetworkTypes(types)
	s.DisableActiveTCP(true) // never connect to an address a client names
	s.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	s.SetIncludeLoopbackCandidate(n.o.Loopback || n.addrs.UDP.Addr().IsLoopback())
	s.SetICETimeouts(iceDisconnected, iceFailed, iceKeepalive)
	s.SetIPFilter(func(ip net.IP) bool { return !ip.IsLinkLocalUnicast() })
	s.SetSCTPMaxReceiveBufferSize(receiveWindow)
	s.SetSCTPMaxMessageSize(maxData) // browsers refuse to send larger ones, and say so
	s.DetachDataChannels()           // see readChannel
	s.SetIgnoreRidPauseForRecv(true) // Chrome pauses layers by itself; an answer that echoes it stops them
	return s, nil
}

// buffer is pion's BufferFactory: it gives received RTP a bounded queue, and takes RTCP of every
// SSRC (pion reads that of a sender's primary SSRC only) straight to who is concerned.
func (t *transport) buffer(kind packetio.BufferPacketType, ssrc uint32) io.ReadWriteCloser {
	if kind == packetio.RTCPBufferPacket {
		return t.openSink(ssrc)
	}
	if t.streams.Add(1) == maxStreams {
		go t.peer.Close()
	}
	return t.openStream(ssrc)
}

func (t *transport) openSink(ssrc uint32) *feedbackSink {
	s := &feedbackSink{t: t, ssrc: ssrc, closed: make(chan struct{})}
	t.mu.Lock()
	t.sinks[ssrc] = s
	full := len(t.sinks) == maxFeedback
	t.mu.Unlock()
	if full {
		go t.peer.Close()
	}
	return s
}

// retire is told of a stream of ours that has ended. pion keeps what it has for the feedback on a
// repair stream as long as the connection; it is not the client's invention.
func (t *transport) retire(ssrc uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sinks, ssrc)
}

// feedbackSink takes the RTCP that names one SSRC. Write runs in the connection's SRTCP reader.
type feedbackSink struct {
	t      *transport
	ssrc   uint32
	once   sync.Once
	closed chan struct{}
}

// Write takes one RTCP packet of a compound (RFC 3550, 6.1); b is only lent.
func (s *feedbackSink) Write(b []byte) (int, error) {
	defer s.t.peer.node.guard(s.t.peer, "feedback")
	s.t.feedback(s.ssrc, b)
	return len(b), nil
}

// Read waits for the end: nothing is kept for readers.
func (s *feedbackSink) Read([]byte) (int, error) {
	<-s.closed
	return 0, io.EOF
}

// Close ends waiting reads.
func (s *feedbackSink) Close() error {
	s.once.Do(func() {
		close(s.closed)
		s.t.mu.Lock()
		defer s.t.mu.Unlock()
		if s.t.sinks[s.ssrc] == s {
			delete(s.t.sinks, s.ssrc)
		}
	})
	return nil
}

// feedback sorts one RTCP packet: sender reports concern a layer we receive, all else what we send.
func (t *transport) feedback(ssrc uint32, b []byte) {
	var h rtcp.Header
	if h.Unmarshal(b) != nil {
		t.peer.node.m.drop(dropFeedback)
		return
	}
	if h.Type == rtcp.TypeSenderReport {
		t.mu.Lock()
		l := t.layers[ssrc]
		t.mu.Unlock()
		if l != nil {
			l.senderReport(b)
		}
	}
	switch h.Type {
	case rtcp.TypeSenderReport, rtcp.TypeReceiverReport, rtcp.TypeTransportSpecificFeedback, rtcp.TypePayloadSpecificFeedback:
		if t.peer.out.transport == t {
			t.peer.out.offerFeedback(ssrc, b)
		}
	case rtcp.TypeExtendedReport: // of the publisher's connection too: see tripMeter
		t.peer.out.offerFeedback(ssrc, b)
	}
}

func (t *transport) addLayer(l *layer) {
	t.mu.Lock()
	t.layers[l.ssrc] = l
	b := t.opened[l.ssrc]
	t.mu.Unlock()
	if b != nil {
		t.peer.unannounced.announce(b)
	}
}

// stream is the one of an SSRC that comes now, nil if there is none.
func (t *transport) stream(ssrc uint32) *streamBuffer {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.opened[ssrc]
}

func (t *transport) removeLayer(l *layer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.layers, l.ssrc)
}
