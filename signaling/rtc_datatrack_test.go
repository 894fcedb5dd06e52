package signaling

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/datatrack"
	lk "github.com/livekit/protocol/livekit"
)

// publishData publishes a data track and returns what the server says of it.
func (c *rtcClient) publishData(t *testing.T, handle uint32, name string) *lk.DataTrackInfo {
	t.Helper()
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_PublishDataTrackRequest{
		PublishDataTrackRequest: &lk.PublishDataTrackRequest{PubHandle: handle, Name: name, Encryption: lk.Encryption_GCM},
	}})
	info := c.expect("publish_data_track_response", func(m *lk.SignalResponse) bool {
		return m.GetPublishDataTrackResponse() != nil
	}).GetPublishDataTrackResponse().GetInfo()
	if info.GetPubHandle() != handle || info.GetName() != name || info.GetSid() == "" || info.GetEncryption() != lk.Encryption_GCM {
		t.Errorf("published %v", info)
	}
	return info
}

func (c *rtcClient) subscribeData(sid string, on bool, fps uint32) {
	u := &lk.UpdateDataSubscription_Update{TrackSid: sid, Subscribe: on}
	if fps > 0 {
		u.Options = &lk.DataTrackSubscriptionOptions{TargetFps: &fps}
	}
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateDataSubscription{
		UpdateDataSubscription: &lk.UpdateDataSubscription{Updates: []*lk.UpdateDataSubscription_Update{u}},
	}})
}

// handleOf waits until the client is told its handle of a track.
func (c *rtcClient) handleOf(sid string) (handle uint16) {
	c.t.Helper()
	c.expect("a handle of "+sid, func(m *lk.SignalResponse) bool {
		for h, t := range m.GetDataTrackSubscriberHandles().GetSubHandles() {
			if t.GetTrackSid() == sid {
				handle = uint16(h)
			}
		}
		return handle != 0
	})
	return handle
}

// settled waits until the session has done all that was asked of it.
func (c *rtcClient) settled() {
	c.t.Helper()
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_PingReq{PingReq: &lk.Ping{Timestamp: 4711}}})
	c.expect("pong", func(m *lk.SignalResponse) bool { return m.GetPongResp().GetLastPingTimestamp() == 4711 })
}

// frame is one packet of a data track: a whole frame.
func frame(t *testing.T, handle uint16, number uint16, payload string) []byte {
	t.Helper()
	h := datatrack.Header{Handle: handle, IsStartOfFrame: true, IsFinalOfFrame: true, FrameNumber: number, SequenceNumber: number, Timestamp: 90}
	b := make([]byte, h.MarshalSize())
	if _, err := h.MarshalTo(b); err != nil {
		t.Fatal(err)
	}
	return append(b, payload...)
}

// frames are those a peer was sent, as handle and payload.
func (p *fakePeer) frames() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.commands {
		if send, ok := c.(Send); ok && send.Kind == DataTrack {
			var h datatrack.Header
			n, err := h.Unmarshal(send.Payload)
			out = append(out, fmt.Sprintf("%d %s %v", h.Handle, send.Payload[n:], err))
		}
	}
	return out
}

func (p *fakePeer) gotFrame(t *testing.T, handle uint16, payload string) {
	t.Helper()
	want := fmt.Sprintf("%d %s <nil>", handle, payload)
	eventually(t, want, func() bool { return slices.Contains(p.frames(), want) })
}

func (p *fakePeer) says(t *testing.T, handle, number uint16, payload string) {
	p.listener.PeerEvent(DataEvent{Kind: DataTrack, Payload: frame(t, handle, number, payload)})
}

// A data track is announced, subscribed to by who asks, under a handle of each subscriber's own.
func TestRTCDataTracks(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	c := s.dial("/rtc", s.foreign("cid", nil), url.Values{"auto_subscribe_data_track": {"1"}}).joined(s)
	first, second := a.publishData(t, 700, "place"), a.publishData(t, 701, "heat")
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
		return len(p.GetDataTracks()) == 2 && p.GetDataTracks()[0].GetSid() == first.GetSid() && p.GetDataTracks()[0].GetName() == "place"
	})
	handles := map[string]uint16{} // told one by one, or both at once
	c.expect("handles of both", func(m *lk.SignalResponse) bool {
		for h, t := range m.GetDataTrackSubscriberHandles().GetSubHandles() {
			handles[t.GetTrackSid()] = uint16(h)
		}
		return handles[first.GetSid()] != 0 && handles[second.GetSid()] != 0
	})
	hc := handles[second.GetSid()]
	b.subscribeData(second.GetSid(), true, 0)
	hb := b.handleOf(second.GetSid())
	a.peer.says(t, 701, 1, "20 degrees")
	b.peer.gotFrame(t, hb, "20 degrees")
	c.peer.gotFrame(t, hc, "20 degrees")
	if hb == 701 || hc == 701 || hc == handles[first.GetSid()] {
		t.Errorf("handles %d and %v of the publisher's 700 and 701: each subscriber has its own, and one a track", hb, handles)
	}
	a.peer.says(t, 700, 1, "not for bob")
	b.subscribeData(second.GetSid(), false, 0)
	b.settled()
	a.peer.says(t, 701, 2, "21 degrees")
	c.peer.gotFrame(t, hc, "21 degrees")
	if got := b.peer.frames(); len(got) != 1 {
		t.Errorf("bob has %v", got)
	}

	late := s.enter(s.foreign("late", nil))
	if d := late.join.GetOtherParticipants(); len(d[0].GetDataTracks())+len(d[1].GetDataTracks())+len(d[2].GetDataTracks()) != 2 {
		t.Errorf("who comes late is told %v", d)
	}
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_UnpublishDataTrackRequest{UnpublishDataTrackRequest: &lk.UnpublishDataTrackRequest{PubHandle: 700}}})
	r := a.expect("the response", func(m *lk.SignalResponse) bool { return m.GetUnpublishDataTrackResponse() != nil })
	if r.GetUnpublishDataTrackResponse().GetInfo().GetSid() != first.GetSid() {
		t.Errorf("got %v", r)
	}
	late.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetDataTracks()) == 1 })
	late.subscribeData(first.GetSid(), true, 0)
	e := late.expect("an error", func(m *lk.SignalResponse) bool { return m.GetSubscriptionResponse() != nil })
	if e.GetSubscriptionResponse().GetErr() != lk.SubscriptionError_SE_TRACK_NOTFOUND {
		t.Errorf("got %v", e)
	}
}

// Whole frames are left out for who wants fewer a second.
func TestRTCDataTrackRate(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	info := a.publishData(t, 1, "place")
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetDataTracks()) == 1 })
	b.subscribeData(info.GetSid(), true, 1)
	h := b.handleOf(info.GetSid())
	for i := range uint16(50) {
		a.peer.says(t, 1, i, "at once")
	}
	b.peer.gotFrame(t, h, "at once")
	a.settled() // all that she said has gone its way before another rate is asked for
	b.settled()
	b.subscribeData(info.GetSid(), true, 0)
	b.settled()
	a.peer.says(t, 1, 60, "all again")
	b.peer.gotFrame(t, h, "all again")
	if n := len(b.peer.frames()); n > 3 { // a slow machine may take a second
		t.Errorf("one frame a second: %d of 50 at once", n)
	}
}

// What cannot be published is refused, with the reason that clients know.
func TestRTCDataTracksRefused(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.foreign("ada", nil))
	ask := func(c *rtcClient, handle uint32, name string) lk.RequestResponse_Reason {
		t.Helper()
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_PublishDataTrackRequest{
			PublishDataTrackRequest: &lk.PublishDataTrackRequest{PubHandle: handle, Name: name},
		}})
		m := c.expect("an answer", func(m *lk.SignalResponse) bool {
			return m.GetRequestResponse().GetPublishDataTrack() != nil || m.GetPublishDataTrackResponse() != nil
		})
		if r := m.GetRequestResponse(); r != nil && r.GetPublishDataTrack().GetPubHandle() != handle {
			t.Errorf("the refusal is of another: %v", r)
		}
		return m.GetRequestResponse().GetReason()
	}
	for _, c := range []struct {
		what   string
		handle uint32
		name   string
		want   lk.RequestResponse_Reason
	}{
		{"no handle", 0, "x", lk.RequestResponse_INVALID_HANDLE},
		{"a handle of 17 bits", 1 << 16, "x", lk.RequestResponse_INVALID_HANDLE},
		{"no name", 1, "", lk.RequestResponse_INVALID_NAME},
		{"a long name", 1, string(make([]byte, 257)), lk.RequestResponse_INVALID_NAME},
		{"a good one", 1, "x", lk.RequestResponse_OK},
		{"the handle again", 1, "y", lk.RequestResponse_DUPLICATE_HANDLE},
		{"the name again", 2, "x", lk.RequestResponse_DUPLICATE_NAME},
	} {
		if got := ask(a, c.handle, c.name); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	for i := uint32(10); i < 10+maxDataTracks-1; i++ {
		if got := ask(a, i, fmt.Sprint(i)); got != lk.RequestResponse_OK {
			t.Errorf("track %d: %v", i, got)
		}
	}
	if got := ask(a, 99, "one more"); got != lk.RequestResponse_LIMIT_EXCEEDED {
		t.Errorf("one too many: %v", got)
	}
	mute := s.enter(s.foreign("bob", func(g *auth.VideoGrant) { g.SetCanPublishData(false) }))
	if got := ask(mute, 1, "x"); got != lk.RequestResponse_NOT_ALLOWED {
		t.Errorf("without permission: %v", got)
	}
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_UnpublishDataTrackRequest{UnpublishDataTrackRequest: &lk.UnpublishDataTrackRequest{PubHandle: 77}}})
	r := a.expect("an answer", func(m *lk.SignalResponse) bool { return m.GetRequestResponse().GetUnpublishDataTrack() != nil })
	if r.GetRequestResponse().GetReason() != lk.RequestResponse_INVALID_HANDLE {
		t.Errorf("got %v", r)
	}
}

// A resume keeps what was published and subscribed; a track that the server has not got forces a
// full reconnect, after which the new publication has a new sid.
func TestRTCDataTracksSurviveAResume(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	info := a.publishData(t, 5, "place")
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetDataTracks()) == 1 })
	b.subscribeData(info.GetSid(), true, 0)
	h := b.handleOf(info.GetSid())
	_, _ = a.conn.Close(), b.conn.Close()
	again := s.dial("/rtc", s.foreign("bob", nil), resumeQuery(b.sid))
	if got := again.handleOf(info.GetSid()); got != h {
		t.Errorf("the handle is %d, was %d", got, h)
	}
	sync := func(sid string) *lk.SignalRequest {
		return &lk.SignalRequest{Message: &lk.SignalRequest_SyncState{SyncState: &lk.SyncState{
			PublishDataTracks: []*lk.PublishDataTrackResponse{{Info: &lk.DataTrackInfo{PubHandle: 5, Sid: sid}}},
		}}}
	}
	pub := s.dial("/rtc", s.foreign("ada", nil), resumeQuery(a.sid))
	pub.send(sync(info.GetSid()))
	pub.settled()
	a.peer.says(t, 5, 1, "still here")
	b.peer.gotFrame(t, h, "still here")
	pub.send(sync("DTR_unknown"))
	pub.expectLeave(lk.DisconnectReason_STATE_MISMATCH, lk.LeaveRequest_RECONNECT)

	anew := s.enter(s.foreign("ada", nil))
	second := anew.publishData(t, 5, "place")
	if second.GetSid() == info.GetSid() {
		t.Error("a sid outlived its session")
	}
	again.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
		return len(p.GetDataTracks()) == 1 && p.GetDataTracks()[0].GetSid() == second.GetSid()
	})
	again.subscribeData(second.GetSid(), true, 0)
	h = again.handleOf(second.GetSid())
	anew.peer.says(t, 5, 2, "here again")
	b.peer.gotFrame(t, h, "here again")
}

// Who may not send data any more has its data tracks ended at once; who may not subscribe gets none.
func TestRTCDataTrackPermissionsAreLive(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	deaf := s.enter(s.foreign("cid", func(g *auth.VideoGrant) { g.SetCanSubscribe(false) }))
	info := a.publishData(t, 1, "place")
	for _, c := range []*rtcClient{b, deaf} {
		c.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetDataTracks()) == 1 })
		c.subscribeData(info.GetSid(), true, 0)
		c.settled()
	}
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_SubscriptionPermission{SubscriptionPermission: &lk.SubscriptionPermission{}}})
	a.settled()
	b.settled()
	a.peer.says(t, 1, 1, "nobody hears")
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_SubscriptionPermission{SubscriptionPermission: &lk.SubscriptionPermission{AllParticipants: true}}})
	b.handleOf(info.GetSid())
	a.peer.says(t, 1, 2, "bob hears")
	eventually(t, "bob hears", func() bool { return len(b.peer.frames()) > 0 })
	if got := append(b.peer.frames(), deaf.peer.frames()...); len(got) != 1 {
		t.Errorf("heard %v", got)
	}
	s.allowData("ada", false)
	a.expect("the track is gone", func(m *lk.SignalResponse) bool {
		return m.GetUnpublishDataTrackResponse().GetInfo().GetSid() == info.GetSid()
	})
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetDataTracks()) == 0 })
}

// Nonsense on the data track channel is counted and goes nowhere.
func TestRTCDataTrackNonsense(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	info := a.publishData(t, 1, "place")
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetDataTracks()) == 1 })
	b.subscribeData(info.GetSid(), true, 0)
	h := b.handleOf(info.GetSid())
	newer := frame(t, 1, 1, "of a version to come")
	newer[0] |= 1 << 5
	for _, payload := range [][]byte{nil, {0}, make([]byte, 12), newer, frame(t, 2, 1, "of nobody's track")} {
		a.peer.listener.PeerEvent(DataEvent{Kind: DataTrack, Payload: payload})
	}
	a.peer.says(t, 1, 2, "good")
	b.peer.gotFrame(t, h, "good")
	if got := b.peer.frames(); len(got) != 1 {
		t.Errorf("heard %v", got)
	}
	if n := s.drops("bad_packet") + s.drops("data_track"); n != 5 {
		t.Errorf("%v were counted", n)
	}
}
