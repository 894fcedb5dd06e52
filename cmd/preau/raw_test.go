package main

import (
	"encoding/base64"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
	samples "github.com/pion/webrtc/v4/pkg/media"
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// raw is a LiveKit client of one connection taken apart, so that a test can lose its socket, its
// media or both, and put them together again.
type raw struct {
	t        *testing.T
	server   *testServer
	token    string
	sid      string
	pc       *webrtc.PeerConnection
	channels map[string]*webrtc.DataChannel
	packets  atomic.Int64 // of audio received

	mu      sync.Mutex
	ws      *websocket.Conn
	offers  uint32
	signals []*livekit.SignalResponse
	frames  [][]byte // of the data track channel
	data    []*livekit.DataPacket
}

// raw joins with an embedded offer and waits until its channels are open.
func (s *testServer) raw(t *testing.T, class, identity string, role classpb.Role) *raw {
	t.Helper()
	r := &raw{t: t, server: s, token: s.token(t, class, identity, role), channels: map[string]*webrtc.DataChannel{}}
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	var err error
	if r.pc, err = webrtc.NewAPI(webrtc.WithSettingEngine(settings)).NewPeerConnection(webrtc.Configuration{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.pc.Close() })
	r.pc.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := track.ReadRTP(); err != nil {
				return
			}
			r.packets.Add(1)
		}
	})
	for label, ordered := range map[string]bool{"_reliable": true, "_lossy": false, "_data_track": false} {
		r.open(label, ordered)
	}
	for range 3 {
		if _, err := r.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
			t.Fatal(err)
		}
	}
	r.connect(&livekit.JoinRequest{
		ConnectionSettings: &livekit.ConnectionSettings{AutoSubscribe: true}, PublisherOffer: r.describe(false),
	})
	r.until("the join", func() bool {
		r.sid = r.signals[0].GetJoin().GetParticipant().GetSid()
		return r.sid != ""
	})
	for _, d := range r.channels {
		r.until(d.Label(), func() bool { return d.ReadyState() == webrtc.DataChannelStateOpen })
	}
	return r
}

func (r *raw) open(label string, ordered bool) {
	init := &webrtc.DataChannelInit{Ordered: &ordered}
	if !ordered {
		init.MaxRetransmits = new(uint16)
	}
	d, err := r.pc.CreateDataChannel(label, init)
	if err != nil {
		r.t.Fatal(err)
	}
	r.channels[label] = d
	d.OnMessage(func(m webrtc.DataChannelMessage) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if label == "_data_track" {
			r.frames = append(r.frames, m.Data)
			return
		}
		p := &livekit.DataPacket{}
		if err := proto.Unmarshal(m.Data, p); err != nil {
			r.t.Error(err)
		}
		r.data = append(r.data, p)
	})
}

// describe makes an offer, with all its candidates.
func (r *raw) describe(restart bool) *livekit.SessionDescription {
	r.t.Helper()
	offer, err := r.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	if err != nil {
		r.t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(r.pc)
	if err := r.pc.SetLocalDescription(offer); err != nil {
		r.t.Fatal(err)
	}
	<-gathered
	r.offers++
	return &livekit.SessionDescription{Type: "offer", Sdp: r.pc.LocalDescription().SDP, Id: r.offers}
}

// connect opens a socket with a join request and follows it.
func (r *raw) connect(request *livekit.JoinRequest) {
	r.t.Helper()
	inner, err := proto.Marshal(request)
	if err != nil {
		r.t.Fatal(err)
	}
	outer, err := proto.Marshal(&livekit.WrappedJoinRequest{JoinRequest: inner})
	if err != nil {
		r.t.Fatal(err)
	}
	q := url.Values{"access_token": {r.token}, "join_request": {base64.URLEncoding.EncodeToString(outer)}}
	ws, _, err := websocket.DefaultDialer.Dial(strings.Replace(r.server.URL, "http", "ws", 1)+"/rtc/v1?"+q.Encode(), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = ws.Close() })
	r.mu.Lock()
	r.ws, r.signals = ws, nil
	r.mu.Unlock()
	go r.follow(ws)
}

func (r *raw) follow(ws *websocket.Conn) {
	for {
		_, frame, err := ws.ReadMessage()
		if err != nil {
			return
		}
		m := &livekit.SignalResponse{}
		if err := proto.Unmarshal(frame, m); err != nil {
			r.t.Error(err)
			return
		}
		if a := m.GetAnswer(); a != nil {
			if err := r.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.GetSdp()}); err != nil {
				r.t.Error(err)
			}
		}
		r.mu.Lock()
		r.signals = append(r.signals, m)
		r.mu.Unlock()
	}
}

func (r *raw) send(m *livekit.SignalRequest) {
	r.t.Helper()
	frame, err := proto.Marshal(m)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.ws.WriteMessage(websocket.BinaryMessage, frame); err != nil {
		r.t.Fatal(err)
	}
}

// until waits for a condition, asked under the lock once there is something to see.
func (r *raw) until(what string, ok func() bool) {
	r.t.Helper()
	eventually(inTime(r.t), r.t, what, func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return len(r.signals) > 0 && ok()
	})
}

// told waits for a message and returns what it says.
func told[T any](r *raw, what string, want func(*livekit.SignalResponse) (T, bool)) (found T) {
	r.t.Helper()
	r.until(what, func() bool {
		for _, m := range r.signals {
			if v, ok := want(m); ok {
				found = v
				return true
			}
		}
		return false
	})
	return found
}

// speak publishes a microphone of 50 packets a second and returns its sid.
func (r *raw) speak() string {
	r.t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2}, "mic", "mic")
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.pc.AddTransceiverFromTrack(track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly}); err != nil {
		r.t.Fatal(err)
	}
	r.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_AddTrack{AddTrack: &livekit.AddTrackRequest{
		Cid: "mic", Type: livekit.TrackType_AUDIO, Source: livekit.TrackSource_MICROPHONE, DisableRed: true,
	}}})
	sid := told(r, "track_published", func(m *livekit.SignalResponse) (string, bool) {
		return m.GetTrackPublished().GetTrack().GetSid(), m.GetTrackPublished() != nil
	})
	r.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: r.describe(false)}})
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = track.WriteSample(samples.Sample{Data: []byte{0x78, 1, 2, 3}, Duration: 20 * time.Millisecond})
			}
		}
	})
	r.t.Cleanup(func() { close(done); ended.Wait() })
	return sid
}
