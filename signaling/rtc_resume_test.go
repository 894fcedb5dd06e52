package signaling

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

func resumeQuery(sid string) url.Values {
	return url.Values{"reconnect": {"1"}, "sid": {sid}}
}

func TestRTCResume(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	b := s.enter(s.token("bob", pupil))
	mic := b.publish(s, microphone("m"))
	b.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: user(t, "three")}) // sequence 3
	a.peer.got(t, "the packet", func(_ DataKind, p *lk.DataPacket) bool { return p.GetSequence() == 3 })
	_ = b.conn.Close()
	s.do("ada", &classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: "meanwhile"}}})

	again := s.dial("/rtc", s.token("bob", pupil), resumeQuery(b.sid))
	first := again.read().GetReconnect()
	if first == nil || first.GetLastMessageSeq() != 3 || len(first.GetIceServers()) == 0 {
		t.Fatalf("the first message is %v", first)
	}
	m := again.expect("everyone", func(m *lk.SignalResponse) bool { return m.GetUpdate() != nil }).GetUpdate()
	if !m.GetFullSnapshot() || len(m.GetParticipants()) != 2 {
		t.Errorf("update %v", m)
	}
	again.expect("the class", func(m *lk.SignalResponse) bool { return m.GetRoomUpdate() != nil })
	b.peer.did(t, "ICE is restarted", is(RestartICE{}))
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_SyncState{SyncState: &lk.SyncState{
		PublishTracks: []*lk.TrackPublishedResponse{{Cid: "m", Track: &lk.TrackInfo{Sid: mic}}},
	}}})
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 1}}})
	again.expect("pong: the session goes on", func(m *lk.SignalResponse) bool { return m.GetPongResp() != nil })
	if p := s.state().GetParticipants()[s.id("bob")]; p.GetSid() != b.sid || s.state().GetTracks()[mic] == nil {
		t.Errorf("bob is %v", p)
	}
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_SyncState{SyncState: &lk.SyncState{
		PublishTracks: []*lk.TrackPublishedResponse{{Cid: "x", Track: &lk.TrackInfo{Sid: "TR_unknown"}}},
	}}})
	again.expectLeave(lk.DisconnectReason_STATE_MISMATCH, lk.LeaveRequest_RECONNECT)
}

func TestRTCResumeOfNobody(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	for name, token := range map[string]string{"an unknown sid": s.token("ada", teacher), "another's": s.token("bob", teacher)} {
		sid := "PA_unknown"
		if name == "another's" {
			sid = a.sid
		}
		c := s.dial("/rtc", token, resumeQuery(sid))
		if l := c.read().GetLeave(); l.GetAction() != lk.LeaveRequest_RECONNECT || l.GetReason() != lk.DisconnectReason_STATE_MISMATCH {
			t.Errorf("%s: %v", name, l)
		}
		c.expectClose()
	}
}

// A client that comes back while its session ends is not left to wait: whether the session's goroutine
// takes the new socket or has stopped with it still in its inbox, somebody answers.
func TestRTCResumeOfASessionThatEnds(t *testing.T) {
	for range 50 { // a stopped session's inbox may take one more or not
		s := &rtcSession{inbox: make(chan func(), 1), stopped: make(chan struct{})}
		close(s.stopped)
		if s.offerSocket(nil, livekit.Join{}) {
			t.Fatal("a session that has stopped took a socket")
		}
	}
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	for range 30 {
		b := s.enter(s.token("bob", pupil)) // while the last departs
		b.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
		if m := s.dial("/rtc", s.token("bob", pupil), resumeQuery(b.sid)).read(); m.GetReconnect() == nil && m.GetLeave() == nil {
			t.Fatalf("the first message is %v", m)
		}
	}
}

func TestRTCResumeWithOneConnection(t *testing.T) {
	s := newRTCSchool(t)
	q := wrapped(t, &lk.JoinRequest{ConnectionSettings: &lk.ConnectionSettings{AutoSubscribe: true}})
	c := s.dial("/rtc/v1", s.token("ada", teacher), q).joined(s)
	id := s.id("ada")
	_ = c.conn.Close()
	session := s.server.rtc.session("/maths", id)
	eventually(t, "the socket is missed", func() bool {
		lost := make(chan bool)
		session.post(func() { lost <- session.socket == nil })
		return <-lost
	})
	c.peer.listener.PeerEvent(SectionsEvent{Audios: 4})
	again := s.dial("/rtc/v1", s.token("ada", teacher), wrapped(t, &lk.JoinRequest{Reconnect: true, ParticipantSid: c.sid}))
	if again.read().GetReconnect() == nil {
		t.Error("the first message is not the reconnect response")
	}
	m := again.expect("sections", func(m *lk.SignalResponse) bool { return m.GetMediaSectionsRequirement() != nil })
	if m.GetMediaSectionsRequirement().GetNumAudios() != 4 {
		t.Errorf("sections %v", m)
	}
}

func TestRTCFailedICEAsksToResume(t *testing.T) {
	s := newRTCSchool(t)
	c := s.enter(s.token("ada", teacher))
	c.peer.listener.PeerEvent(StateEvent{Target: TargetSubscriber, State: StateFailed})
	c.expectLeave(lk.DisconnectReason_MEDIA_FAILURE, lk.LeaveRequest_RESUME)
	again := s.dial("/rtc", s.token("ada", teacher), resumeQuery(c.sid))
	if again.read().GetReconnect() == nil {
		t.Error("the session was not kept")
	}
}

// A peer that closes by itself leaves nothing to resume: its client is told so at once, and if it is
// away, when it comes back. The others see it go.
func TestRTCClosedPeerEndsItsSession(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	c := s.enter(s.token("bob", pupil))
	c.peer.listener.PeerEvent(StateEvent{Target: TargetPublisher, State: StateClosed})
	c.expectLeave(lk.DisconnectReason_MEDIA_FAILURE, lk.LeaveRequest_RECONNECT)
	a.expect("the session is over", func(m *lk.SignalResponse) bool {
		for _, p := range m.GetUpdate().GetParticipants() {
			if p.GetSid() == c.sid && p.GetState() == lk.ParticipantInfo_DISCONNECTED {
				return true
			}
		}
		return false
	})

	d := s.enter(s.token("bob", pupil))
	session := s.server.rtc.session("/maths", s.id("bob"))
	_ = d.conn.Close()
	session.post(func() {})
	d.peer.listener.PeerEvent(StateEvent{Target: TargetPublisher, State: StateClosed})
	<-session.done
	again := s.dial("/rtc", s.token("bob", pupil), resumeQuery(d.sid))
	again.expectLeave(lk.DisconnectReason_STATE_MISMATCH, lk.LeaveRequest_RECONNECT)
}

func TestRTCLingeringEnds(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	c := s.enter(s.token("bob", pupil))
	mic := c.publish(s, microphone("m"))
	session := s.server.rtc.session("/maths", s.id("bob"))
	session.post(func() { session.linger.Reset(time.Millisecond) })
	a.expect("the track is gone", func(m *lk.SignalResponse) bool {
		for _, p := range m.GetUpdate().GetParticipants() {
			if p.GetIdentity() == "bob" && (p.GetState() == lk.ParticipantInfo_DISCONNECTED) {
				return true
			}
		}
		return false
	})
	<-session.done
	if st := s.state(); st.GetTracks()[mic] != nil || st.GetParticipants()[s.id("bob")].GetSid() != "" {
		t.Errorf("left behind: %v", st)
	}
}

func TestRTCGoodbye(t *testing.T) {
	s := newRTCSchool(t)
	c := s.enter(s.token("ada", teacher))
	done := make(chan error)
	go func() { done <- s.server.Goodbye(context.Background()) }()
	c.expectLeave(lk.DisconnectReason_SERVER_SHUTDOWN, lk.LeaveRequest_RECONNECT)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestRTCAPanicEndsOneSession(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", teacher))
	s.server.rtc.session("/maths", s.id("ada")).post(func() { panic("a fault of ours") })
	a.expectLeave(lk.DisconnectReason_UNKNOWN_REASON, lk.LeaveRequest_RECONNECT)
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 1}}})
	b.expect("pong: the others go on", func(m *lk.SignalResponse) bool { return m.GetPongResp() != nil })
}

func TestRTCSubscriptions(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	cam := a.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	low := a.publish(s, &lk.AddTrackRequest{Cid: "l", Type: lk.TrackType_AUDIO, Source: lk.TrackSource_MICROPHONE, Name: "voice-low"})
	c := s.dial("/rtc", s.token("bob", pupil), url.Values{"auto_subscribe": {"0"}}).joined(s)
	if tracks := c.join.GetOtherParticipants()[0].GetTracks(); len(tracks) != 1 || tracks[0].GetSid() != cam {
		t.Errorf("tracks %v", tracks)
	}
	ask := func(on bool, sids ...string) {
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Subscription{Subscription: &lk.UpdateSubscription{TrackSids: sids, Subscribe: on}}})
	}
	ask(true, "TR_nothing", low, cam)
	for range 2 {
		r := c.expect("an error", func(m *lk.SignalResponse) bool { return m.GetSubscriptionResponse() != nil }).GetSubscriptionResponse()
		if r.GetErr() != lk.SubscriptionError_SE_TRACK_NOTFOUND || r.GetTrackSid() == cam {
			t.Errorf("got %v", r)
		}
	}
	c.peer.did(t, "the camera is subscribed to", is(Subscribe{SID: cam, On: true}))
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_TrackSetting{TrackSetting: &lk.UpdateTrackSettings{TrackSids: []string{cam}, Width: 320, Height: 180}}})
	c.peer.did(t, "and made small", is(Configure{SID: cam, Setting: TrackSetting{Width: 320, Height: 180}}))
	ask(false, cam)
	c.peer.did(t, "and given up", is(Subscribe{SID: cam}))
	ask(true, cam)

	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_SubscriptionPermission{SubscriptionPermission: &lk.SubscriptionPermission{}}})
	u := c.expect("a withdrawal", func(m *lk.SignalResponse) bool { return m.GetSubscriptionPermissionUpdate() != nil }).GetSubscriptionPermissionUpdate()
	if u.GetAllowed() || u.GetTrackSid() != cam || u.GetParticipantSid() != a.sid {
		t.Errorf("got %v", u)
	}
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_SubscriptionPermission{SubscriptionPermission: &lk.SubscriptionPermission{
		TrackPermissions: []*lk.TrackPermission{{ParticipantIdentity: "bob", AllTracks: true}},
	}}})
	c.expect("a permission", func(m *lk.SignalResponse) bool { return m.GetSubscriptionPermissionUpdate().GetAllowed() })
}

func TestRTCReports(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	b := s.enter(s.token("bob", pupil))
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetSid() == b.sid })
	say := a.peer.listener.PeerEvent
	say(SpeakersEvent{[]Speaker{{Participant: b.sid, Level: .5, Active: true}, {Participant: "PA_unseen", Active: true}}})
	sp := a.expect("speakers", func(m *lk.SignalResponse) bool { return m.GetSpeakersChanged() != nil }).GetSpeakersChanged()
	if len(sp.GetSpeakers()) != 1 || sp.GetSpeakers()[0].GetSid() != b.sid {
		t.Errorf("speakers %v", sp)
	}
	say(StreamStateEvent{[]StreamState{{Participant: b.sid, SID: "TR_1", Paused: true}}})
	st := a.expect("stream state", func(m *lk.SignalResponse) bool { return m.GetStreamStateUpdate() != nil }).GetStreamStateUpdate()
	if st.GetStreamStates()[0].GetState() != lk.StreamState_PAUSED {
		t.Errorf("stream state %v", st)
	}
	b.peer.listener.PeerEvent(QualityEvent{Quality: ConnectionGood, Score: 4})
	for _, c := range []*rtcClient{a, b} {
		q := c.expect("quality", func(m *lk.SignalResponse) bool { return m.GetConnectionQuality() != nil }).GetConnectionQuality().GetUpdates()[0]
		if q.GetParticipantSid() != b.sid || q.GetQuality() != lk.ConnectionQuality_GOOD {
			t.Errorf("quality %v", q)
		}
	}
	say(SubscribedQualityEvent{SID: "TR_1", Codecs: []CodecQualities{{Codec: "vp8", Qualities: []QualityEnabled{{QualityHigh, false}}}}})
	q := a.expect("subscribed quality", func(m *lk.SignalResponse) bool { return m.GetSubscribedQualityUpdate() != nil }).GetSubscribedQualityUpdate()
	if c := q.GetSubscribedCodecs()[0]; c.GetCodec() != "vp8" || c.GetQualities()[0].GetQuality() != lk.VideoQuality_HIGH {
		t.Errorf("got %v", q)
	}
}

// Above a size, who comes is told a few times a second, however many come.
func TestRTCALargeClassIsCoalesced(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	seen, updates := map[string]bool{}, 0
	everyone := func(n int) {
		a.expect("everyone", func(m *lk.SignalResponse) bool {
			if m.GetUpdate() != nil {
				updates++
			}
			for _, p := range m.GetUpdate().GetParticipants() {
				if p.GetState() == lk.ParticipantInfo_ACTIVE {
					seen[p.GetIdentity()] = true
				}
			}
			return len(seen) >= n
		})
	}
	const n = 60
	for i := range rtcCoalesceAbove {
		s.enter(s.token(fmt.Sprintf("early-%d", i), pupil))
	}
	everyone(rtcCoalesceAbove)
	updates = 0
	for i := range n {
		s.enter(s.token(fmt.Sprintf("pupil-%d", i), pupil))
	}
	everyone(rtcCoalesceAbove + n)
	if updates > n { // each by itself would be two, of joining and of being connected
		t.Errorf("%d updates for %d pupils", updates, n)
	}
}

// On a thin link they are told with the next track, or much later; in a small class, too.
func TestRTCPresenceWaitsOnAThinLink(t *testing.T) {
	for _, others := range []int{0, rtcCoalesceAbove} {
		t.Run(fmt.Sprint(others), func(t *testing.T) { presenceWaits(t, others) })
	}
}

func presenceWaits(t *testing.T, others int) {
	s := newRTCSchool(t, func(o *Options) { o.Limits.CoalesceThin = time.Hour })
	ada := s.enter(s.token("ada", teacher))
	weak := s.enter(s.token("weak", pupil))
	anybody := func(*lk.ParticipantInfo) bool { return true }
	for i := range others {
		s.enter(s.token(fmt.Sprintf("early-%d", i), pupil))
	}
	if others > 0 {
		weak.expectInfo(fmt.Sprintf("early-%d", others-1), anybody)
	}
	weak.peer.listener.PeerEvent(SpareEvent{BPS: thinLink - 1})
	k := seatKey{"", s.state().GetName(), s.id("weak")}
	eventually(t, "a thin link", func() bool { return s.server.seats.pacing.thin(k) })
	for i := range 10 {
		s.enter(s.token(fmt.Sprintf("pupil-%d", i), pupil))
	}
	mic := ada.publish(s, microphone("m"))
	updates, told := 0, map[string]bool{}
	weak.expect("the track", func(m *lk.SignalResponse) (tracks bool) {
		late := false
		for _, p := range m.GetUpdate().GetParticipants() {
			if strings.HasPrefix(p.GetIdentity(), "pupil-") {
				late = true
				told[p.GetIdentity()] = true
			}
			for _, t := range p.GetTracks() {
				tracks = tracks || t.GetSid() == mic
			}
		}
		if late {
			updates++
		}
		return tracks
	})
	if updates > 2 || len(told) != 10 { // the first may go at once
		t.Errorf("told of %d pupils in %d updates, not of 10 in one or two", len(told), updates)
	}
}

// When a page is reloaded its livekit-client says leave, whether /class has been open, closed already or
// never came: that does not cost a pupil the raised hand.
func TestRTCLeaveOfAPage(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	for _, c := range []struct {
		page string
		stay bool
	}{{"one", true}, {"", false}} {
		b := s.dial("/rtc", s.token("bob", pupil), url.Values{"protocol": {"17"}, "page": {c.page}}).joined(s)
		id := s.id("bob")
		s.do("bob", &classpb.Command{Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}}})
		b.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
		eventually(t, "the session is over", func() bool {
			p := s.state().GetParticipants()[id]
			return p.GetSid() == "" || p.GetPresence() == classpb.Presence_PRESENCE_GONE
		})
		if up := slices.Contains(s.state().GetHands(), id); up != c.stay {
			t.Errorf("page %q: the hand is up: %v", c.page, up)
		}
	}
}
