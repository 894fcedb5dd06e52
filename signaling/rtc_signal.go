package signaling

import (
	"errors"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"golang.org/x/time/rate"

	"preau/signaling/livekit"
)

// errGarbage: a client that sends what cannot be read is cut off.
var errGarbage = errors.New("malformed signal frame")

// rtcLimits bound how fast a client may ask for things.
type rtcLimits struct {
	acts   *rate.Limiter // what becomes a command of the class, or a negotiation
	tweaks *rate.Limiter // candidates, settings, pings
}

// rtcMeter bounds what comes over one data channel.
type rtcMeter struct{ packets, bytes *rate.Limiter }

// allow says whether a packet of that size may be taken.
func (m rtcMeter) allow(size int) bool {
	return m.packets.Allow() && m.bytes.AllowN(time.Now(), size)
}

// Rates of the messages that are no commands: a page of 300 tiles sets that many sizes at once, a
// client with many interfaces trickles many candidates.
const (
	rtcTweaks      = 200
	rtcTweakBurst  = 2000
	rtcPackets     = 200 // the media plane lets a client wait that sends reliable ones faster
	rtcPacketBurst = 1000
	rtcBytes       = 512 << 10
	rtcBytesBurst  = 4 << 20
	rtcFrames      = 1000 // packets of data tracks
	rtcFrameBurst  = 2000
)

// newRTCMeters are those of the data channels, by DataKind.
func newRTCMeters() (m [3]rtcMeter) {
	for kind := range m {
		m[kind] = rtcMeter{rate.NewLimiter(rtcPackets, rtcPacketBurst), rate.NewLimiter(rtcBytes, rtcBytesBurst)}
	}
	m[DataTrack].packets = rate.NewLimiter(rtcFrames, rtcFrameBurst)
	return m
}

func newRTCLimits(l Limits) rtcLimits {
	return rtcLimits{
		acts:   rate.NewLimiter(rate.Limit(l.CommandsPerSecond), l.CommandsPerSecond),
		tweaks: rate.NewLimiter(rtcTweaks, rtcTweakBurst),
	}
}

// receive reads one frame, on the socket's goroutine, and hands it to the session's.
func (s *rtcSession) receive(k *rtcSocket, frame []byte, text bool) error {
	m, err := livekit.DecodeRequest(frame, text)
	switch {
	case errors.Is(err, livekit.ErrEmpty): // of a newer client
		return nil
	case err != nil:
		s.count("malformed_frame")
		return errGarbage
	}
	s.post(func() {
		switch s := s.last(); {
		case s.socket != k:
		case s.moving != nil:
			s.hold(m)
		case s.view != nil:
			s.dispatch(m)
		}
	})
	return nil
}

// dispatch sends a message to the file of its topic: rtc_negotiate, rtc_publish, rtc_subscribe,
// rtc_profile, rtc_datatrack, rtc_blobs, rtc_simulate, rtc_depart.
func (s *rtcSession) dispatch(m *lk.SignalRequest) {
	if s.tweak(m) {
		return
	}
	if !s.acts.Allow() {
		s.tooFast(m)
		return
	}
	switch v := m.GetMessage().(type) {
	case *lk.SignalRequest_Offer:
		s.offered(v.Offer)
	case *lk.SignalRequest_Answer:
		s.answered(v.Answer)
	case *lk.SignalRequest_AddTrack:
		s.addTrack(v.AddTrack)
	case *lk.SignalRequest_Mute:
		s.mute(v.Mute)
	case *lk.SignalRequest_UpdateAudioTrack:
		s.updateAudio(v.UpdateAudioTrack)
	case *lk.SignalRequest_UpdateVideoTrack:
		s.updateVideo(v.UpdateVideoTrack)
	case *lk.SignalRequest_SubscriptionPermission:
		s.subscriptionPermission(v.SubscriptionPermission)
	case *lk.SignalRequest_SyncState:
		s.syncState(v.SyncState)
	case *lk.SignalRequest_UpdateMetadata:
		s.updateMetadata(v.UpdateMetadata)
	case *lk.SignalRequest_Leave:
		s.leave(v.Leave)
	case *lk.SignalRequest_PublishDataTrackRequest:
		s.publishDataTrack(v.PublishDataTrackRequest)
	case *lk.SignalRequest_UnpublishDataTrackRequest:
		s.unpublishDataTrack(v.UnpublishDataTrackRequest)
	case *lk.SignalRequest_StoreDataBlobRequest:
		s.storeBlob(v.StoreDataBlobRequest)
	case *lk.SignalRequest_GetDataBlobRequest:
		s.getBlob(v.GetDataBlobRequest)
	case *lk.SignalRequest_Simulate:
		s.simulate(v.Simulate)
	}
}

// tweak handles the messages that come often and cost little, by a wider limit.
func (s *rtcSession) tweak(m *lk.SignalRequest) bool {
	var do func()
	switch v := m.GetMessage().(type) {
	case *lk.SignalRequest_Trickle:
		do = func() { s.trickle(v.Trickle) }
	case *lk.SignalRequest_Subscription: // one for each tile of a large class
		do = func() { s.subscription(v.Subscription) }
	case *lk.SignalRequest_UpdateDataSubscription:
		do = func() { s.updateDataSubscription(v.UpdateDataSubscription) }
	case *lk.SignalRequest_TrackSetting:
		do = func() { s.trackSetting(v.TrackSetting) }
	case *lk.SignalRequest_Ping:
		do = func() { s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Pong{Pong: time.Now().UnixMilli()}}) }
	case *lk.SignalRequest_PingReq:
		do = func() { s.pong(v.PingReq) }
	default:
		return false
	}
	if !s.tweaks.Allow() {
		s.count("rtc_rate")
		return true
	}
	do()
	return true
}

func (s *rtcSession) pong(p *lk.Ping) {
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_PongResp{PongResp: &lk.Pong{
		LastPingTimestamp: p.GetTimestamp(), Timestamp: time.Now().UnixMilli(),
	}}})
}

// tooFast answers what the limit refused, where LiveKit has an answer.
func (s *rtcSession) tooFast(m *lk.SignalRequest) {
	s.count("rtc_rate")
	r := &lk.RequestResponse{Reason: lk.RequestResponse_LIMIT_EXCEEDED, Message: "too many requests"}
	switch v := m.GetMessage().(type) {
	case *lk.SignalRequest_AddTrack:
		r.Request = &lk.RequestResponse_AddTrack{AddTrack: v.AddTrack}
	case *lk.SignalRequest_Mute:
		r.Request = &lk.RequestResponse_Mute{Mute: v.Mute}
	case *lk.SignalRequest_UpdateMetadata:
		r.RequestId = v.UpdateMetadata.GetRequestId()
		r.Request = &lk.RequestResponse_UpdateMetadata{UpdateMetadata: v.UpdateMetadata}
	case *lk.SignalRequest_PublishDataTrackRequest:
		r.Request = &lk.RequestResponse_PublishDataTrack{PublishDataTrack: v.PublishDataTrackRequest}
	case *lk.SignalRequest_StoreDataBlobRequest:
		r.RequestId = v.StoreDataBlobRequest.GetRequestId()
	case *lk.SignalRequest_GetDataBlobRequest:
		r.RequestId = v.GetDataBlobRequest.GetRequestId()
	case *lk.SignalRequest_Leave:
		s.leave(v.Leave) // leaving is never too much
		return
	default:
		return
	}
	s.respond(r)
}

func (s *rtcSession) respond(r *lk.RequestResponse) {
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_RequestResponse{RequestResponse: r}})
}
