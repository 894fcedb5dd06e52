package signaling

import (
	"context"
	"net/url"
	"slices"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

// say sends a reliable packet as livekit-client does, numbered.
func (c *rtcClient) say(t *testing.T, sequence uint32, text string, to ...string) {
	t.Helper()
	c.peer.listener.PeerEvent(DataEvent{Kind: DataReliable, Payload: packet(t, &lk.DataPacket{
		Sequence: sequence, DestinationIdentities: to,
		Value: &lk.DataPacket_User{User: &lk.UserPacket{Payload: []byte(text)}},
	})})
}

// heard are the texts a peer was sent, in order.
func (p *fakePeer) heard() (out []string) {
	for _, d := range p.sent() {
		if u := d.GetUser(); u != nil {
			out = append(out, string(u.GetPayload()))
		}
	}
	return out
}

func (p *fakePeer) hears(t *testing.T, text string) {
	t.Helper()
	eventually(t, "hearing "+text, func() bool { return slices.Contains(p.heard(), text) })
}

// After a resume the client replays what the server has not had, and the server what the client has
// not: nothing is lost, and nothing passed on twice.
func TestRTCReliableDataIsReplayed(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	a.say(t, 1, "one")
	a.say(t, 2, "two")
	b.peer.hears(t, "two")
	b.say(t, 1, "uno")
	b.say(t, 2, "due")
	b.say(t, 3, "for eve", "eve")
	a.peer.hears(t, "due")
	_ = a.conn.Close()
	again := s.dial("/rtc", s.foreign("ada", nil), resumeQuery(a.sid))
	if r := again.read().GetReconnect(); r.GetLastMessageSeq() != 2 {
		t.Errorf("reconnect %v", r)
	}
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_SyncState{SyncState: &lk.SyncState{
		DatachannelReceiveStates: []*lk.DataChannelReceiveState{{PublisherSid: b.sid, LastSeq: 1}, {PublisherSid: "PA_gone", LastSeq: 9}},
	}}})
	again.settled()
	for seq, text := range []string{"one", "two", "three"} { // replayed from the first
		a.say(t, uint32(seq+1), text)
	}
	b.peer.hears(t, "three")
	if got := b.peer.heard(); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("bob heard %v", got)
	}
	eventually(t, "the replay", func() bool { return len(a.peer.heard()) >= 3 })
	if got := a.peer.heard(); !slices.Equal(got, []string{"uno", "due", "due"}) {
		t.Errorf("ada heard %v: what is newer than the first, again", got)
	}
}

// Who is just joining hears what was said since it asked to, and who comes back by a full reconnect
// what was said while it was away; nobody hears what was said before.
func TestRTCWhoJustJoinsHearsTheLastSeconds(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	a.say(t, 1, "before")
	b.peer.hears(t, "before")
	b.peer.listener.PeerEvent(StateEvent{Target: TargetSubscriber, State: StateDisconnected})
	session := s.server.rtc.session("/maths", s.id("bob"))
	session.post(func() { session.mediaLost = time.Now().Add(rtcSilence) }) // the media plane found out in no time
	session.post(func() { session.end(nil) })
	<-session.done
	a.say(t, 2, "while bob was away")
	a.say(t, 3, "for eve", "eve")
	a.settled()
	again := s.enter(s.foreign("bob", nil))
	again.peer.hears(t, "while bob was away")
	a.say(t, 4, "and now")
	again.peer.hears(t, "and now")
	if got := again.peer.heard(); !slices.Equal(got, []string{"while bob was away", "and now"}) {
		t.Errorf("bob heard %v", got)
	}
	if got := s.enter(s.foreign("eve", nil)); len(got.peer.heard()) != 0 {
		t.Errorf("who comes for the first time heard %v", got.peer.heard())
	}
}

// What is kept of the class's packets has its bounds, in number, bytes and time.
func TestRTCRecentIsBounded(t *testing.T) {
	var r rtcRecent
	at := time.Unix(1000, 0)
	for range 10 * rtcRecentPackets {
		r.keepLocked(rtcPacket{at: at, payload: make([]byte, 100)})
	}
	if len(r.packets) != rtcRecentPackets || r.bytes != 100*rtcRecentPackets {
		t.Errorf("%d packets, %d bytes", len(r.packets), r.bytes)
	}
	for range 100 {
		r.keepLocked(rtcPacket{at: at, payload: make([]byte, 64<<10)})
	}
	if r.bytes > rtcRecentBytes || len(r.packets) != rtcRecentBytes/(64<<10) {
		t.Errorf("%d packets, %d bytes", len(r.packets), r.bytes)
	}
	r.keepLocked(rtcPacket{at: at.Add(rtcRecentFor + 1), payload: []byte("x")})
	if len(r.packets) != 1 || r.bytes != 1 {
		t.Errorf("%d packets, %d bytes", len(r.packets), r.bytes)
	}
}

// Whatever is lost, socket or media or both, the session, what it publishes and what it hears are
// the same after a resume.
func TestRTCResumeInEachForm(t *testing.T) {
	failed := func(c *rtcClient) {
		c.peer.listener.PeerEvent(StateEvent{Target: TargetSubscriber, State: StateFailed})
	}
	for name, lose := range map[string]func(*rtcClient){
		"the socket": func(c *rtcClient) { _ = c.conn.Close() },
		"the media": func(c *rtcClient) {
			failed(c)
			c.expectLeave(lk.DisconnectReason_MEDIA_FAILURE, lk.LeaveRequest_RESUME)
		},
		"both":    func(c *rtcClient) { _ = c.conn.Close(); failed(c) },
		"neither": func(*rtcClient) {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newRTCSchool(t)
			a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
			hers, his := a.publish(s, microphone("a")), b.publish(s, microphone("b"))
			b.peer.did(t, "bob hears ada", is(Subscribe{SID: hers, On: true}))
			lose(b)
			again := s.dial("/rtc", s.token("bob", pupil), resumeQuery(b.sid))
			if again.read().GetReconnect() == nil {
				t.Fatal("the first message is not the reconnect response")
			}
			again.send(&lk.SignalRequest{Message: &lk.SignalRequest_SyncState{SyncState: &lk.SyncState{
				PublishTracks: []*lk.TrackPublishedResponse{{Cid: "b", Track: &lk.TrackInfo{Sid: his}}},
				Subscription:  &lk.UpdateSubscription{},
			}}})
			b.peer.did(t, "ICE is restarted", is(RestartICE{}))
			again.settled()
			st := s.state()
			if st.GetTracks()[his] == nil || st.GetParticipants()[s.id("bob")].GetSid() != b.sid {
				t.Error("something published was lost")
			}
			for _, c := range b.peer.done() {
				if sub, ok := c.(Subscribe); ok && !sub.On {
					t.Error("something subscribed was lost")
				}
			}
		})
	}
}

// A client that joins anew after its server has gone publishes and hears all it did.
func TestRTCFullReconnect(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	b.publish(s, microphone("b"))
	hers := a.publish(s, microphone("a"))
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_Simulate{Simulate: &lk.SimulateScenario{
		Scenario: &lk.SimulateScenario_NodeFailure{NodeFailure: true},
	}}})
	b.expectClose()
	eventually(t, "the session is forgotten", func() bool { return s.server.rtc.session("/maths", s.id("bob")) == nil })
	l := s.dial("/rtc", s.token("bob", pupil), resumeQuery(b.sid)).read().GetLeave()
	if l.GetReason() != lk.DisconnectReason_STATE_MISMATCH || l.GetAction() != lk.LeaveRequest_RECONNECT {
		t.Errorf("a resume: %v", l)
	}
	again := s.enter(s.token("bob", pupil))
	again.peer.did(t, "he hears her", is(Subscribe{SID: hers, On: true}))
	his := again.publish(s, microphone("b"))
	a.peer.did(t, "she hears him", is(Subscribe{SID: his, On: true}))
	if again.sid == b.sid {
		t.Error("a sid outlived its session")
	}
}

// What the client says it believes is put right: exceptions to its rule, and what it has switched off.
func TestRTCSyncState(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	mic := a.publish(s, microphone("m"))
	cam := a.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	b.peer.did(t, "he sees her", is(Subscribe{SID: cam, On: true}))
	_ = b.conn.Close()
	again := s.dial("/rtc", s.token("bob", pupil), resumeQuery(b.sid))
	again.send(&lk.SignalRequest{Message: &lk.SignalRequest_SyncState{SyncState: &lk.SyncState{
		Subscription:      &lk.UpdateSubscription{TrackSids: []string{mic}, Subscribe: false},
		TrackSidsDisabled: []string{cam},
	}}})
	b.peer.did(t, "the sound is not wanted", is(Subscribe{SID: mic}))
	b.peer.did(t, "the picture is off", is(Configure{SID: cam, Setting: TrackSetting{Disabled: true}}))
}

// A closing server sends everyone away to come back; its log has the class for them.
func TestRTCNodeRestart(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	a.publish(s, microphone("m"))
	session := a.join.GetRoom().GetSid()
	go func() { _ = s.server.Goodbye(context.Background()) }()
	a.expectLeave(lk.DisconnectReason_SERVER_SHUTDOWN, lk.LeaveRequest_RECONNECT)
	status, _ := s.get("/rtc/validate", url.Values{"access_token": {s.token("ada", teacher)}})
	if st := s.state(); st.GetSession() != session || st.GetPhase() == classpb.Phase_PHASE_ENDED || status != 200 {
		t.Errorf("the class: %v, %d", st.GetPhase(), status)
	}
}
