package signaling

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	lk "github.com/livekit/protocol/livekit"
)

// permit says whom a publisher lets have its tracks.
func (c *rtcClient) permit(p *lk.SubscriptionPermission) {
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_SubscriptionPermission{SubscriptionPermission: p}})
}

// allowed waits until the client is told whether it may have a track.
func (c *rtcClient) allowed(sid string, want bool) {
	c.t.Helper()
	m := c.expect("subscription_permission_update", func(m *lk.SignalResponse) bool {
		return m.GetSubscriptionPermissionUpdate().GetTrackSid() == sid
	}).GetSubscriptionPermissionUpdate()
	if m.GetAllowed() != want || m.GetParticipantSid() == "" {
		c.t.Errorf("got %v", m)
	}
}

// A publisher lets everyone have its tracks, nobody, some people, or some people some tracks; each
// is told what concerns them, and media follows at once.
func TestRTCSubscriptionPermission(t *testing.T) {
	s := newRTCSchool(t)
	a, b, c := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil)), s.enter(s.foreign("cid", nil))
	mic := a.publish(s, microphone("m"))
	cam := a.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	for _, x := range []*rtcClient{b, c} {
		x.peer.did(t, "all", is(Subscribe{SID: cam, On: true}))
	}
	on := func(x *rtcClient, sid string, want bool) {
		t.Helper()
		eventually(t, fmt.Sprint(sid, " is ", want), func() bool {
			got := false
			for _, cmd := range x.peer.done() {
				if sub, ok := cmd.(Subscribe); ok && sub.SID == sid {
					got = sub.On
				}
			}
			return got == want
		})
	}
	a.permit(&lk.SubscriptionPermission{}) // nobody
	for _, x := range []*rtcClient{b, c} {
		x.allowed(mic, false)
		on(x, mic, false)
		on(x, cam, false)
	}
	a.permit(&lk.SubscriptionPermission{TrackPermissions: []*lk.TrackPermission{
		{ParticipantIdentity: "bob", TrackSids: []string{mic}}, {ParticipantSid: c.sid, AllTracks: true},
	}})
	b.allowed(mic, true)
	on(b, mic, true)
	c.allowed(mic, true)
	on(c, cam, true)
	on(b, cam, false)
	late := s.enter(s.foreign("late", nil))
	late.allowed(mic, false)
	late.allowed(cam, false)
	on(late, mic, false)
	a.permit(&lk.SubscriptionPermission{AllParticipants: true})
	b.allowed(cam, true)
	on(b, cam, true)
	late.allowed(cam, true)
	on(late, cam, true)
}

// Everything a track_setting says reaches the media plane, for each track it names.
func TestRTCTrackSettings(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	cam := a.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	screen := a.publish(s, &lk.AddTrackRequest{Cid: "s", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_SCREEN_SHARE})
	b.peer.did(t, "he sees it", is(Subscribe{SID: screen, On: true}))
	b.peer.did(t, "he sees her", is(Subscribe{SID: cam, On: true}))
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_TrackSetting{TrackSetting: &lk.UpdateTrackSettings{
		TrackSids: []string{cam, screen, "TR_unknown"}, Width: 640, Height: 360, Fps: 15, Priority: 3, Quality: lk.VideoQuality_MEDIUM,
	}}})
	for _, sid := range []string{cam, screen} {
		b.peer.did(t, "the setting", is(Configure{SID: sid, Setting: TrackSetting{Width: 640, Height: 360, FPS: 15, Priority: 3, Quality: QualityMedium}}))
	}
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_TrackSetting{TrackSetting: &lk.UpdateTrackSettings{TrackSids: []string{cam}, Disabled: true}}})
	b.peer.did(t, "off", is(Configure{SID: cam, Setting: TrackSetting{Disabled: true}}))
}

// A client may want the least of a video rather than none.
func TestRTCSubscriberAllowPause(t *testing.T) {
	s := newRTCSchool(t)
	for pause, want := range map[string]bool{"": false, "1": false, "0": true} {
		q := url.Values{}
		if pause != "" {
			q.Set("subscriber_allow_pause", pause)
		}
		if c := s.dial("/rtc", s.token("ada", teacher), q).joined(s); c.peer.options.NoPause != want {
			t.Errorf("%q: %+v", pause, c.peer.options)
		}
	}
}

// What a client changes of its tracks the others are told; of no track of its own, it is told so.
func TestRTCUpdateLocalTracks(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	mic := a.publish(s, microphone("m"))
	cam := a.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA, Width: 640, Height: 360})
	features := []lk.AudioTrackFeature{lk.AudioTrackFeature_TF_STEREO, lk.AudioTrackFeature_TF_NO_DTX}
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateAudioTrack{UpdateAudioTrack: &lk.UpdateLocalAudioTrack{TrackSid: mic, Features: features}}})
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateVideoTrack{UpdateVideoTrack: &lk.UpdateLocalVideoTrack{TrackSid: cam, Width: 1280, Height: 720}}})
	heard, seen := false, false
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
		for _, ti := range p.GetTracks() {
			heard = heard || ti.GetSid() == mic && len(ti.GetAudioFeatures()) == 2
			seen = seen || ti.GetSid() == cam && ti.GetWidth() == 1280 && ti.GetHeight() == 720
		}
		return heard && seen
	})
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateAudioTrack{UpdateAudioTrack: &lk.UpdateLocalAudioTrack{TrackSid: mic}}})
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateVideoTrack{UpdateVideoTrack: &lk.UpdateLocalVideoTrack{TrackSid: cam}}})
	for range 2 {
		r := b.expect("request_response", func(m *lk.SignalResponse) bool { return m.GetRequestResponse() != nil }).GetRequestResponse()
		if r.GetReason() != lk.RequestResponse_NOT_FOUND || r.GetUpdateAudioTrack() == nil && r.GetUpdateVideoTrack() == nil {
			t.Errorf("got %v", r)
		}
	}
}

// What a client changes of a track while the class is still taking it in is told, too.
func TestRTCUpdateOfATrackJustPublished(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	for n := range uint32(20) { // two acts each, within the burst that a client is allowed
		a.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: &lk.AddTrackRequest{
			Cid: fmt.Sprint(n), Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA, Width: 640, Height: 360,
		}}})
		m := a.expect("track_published", func(m *lk.SignalResponse) bool { return m.GetTrackPublished() != nil })
		sid := m.GetTrackPublished().GetTrack().GetSid()
		a.send(&lk.SignalRequest{Message: &lk.SignalRequest_UpdateVideoTrack{UpdateVideoTrack: &lk.UpdateLocalVideoTrack{
			TrackSid: sid, Width: 1000 + n, Height: 720,
		}}})
		b.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
			return slices.ContainsFunc(p.GetTracks(), func(ti *lk.TrackInfo) bool { return ti.GetSid() == sid && ti.GetWidth() == 1000+n })
		})
		a.peer.listener.PeerEvent(TrackGoneEvent{SID: sid})
	}
}

// A track taken back and published again is another track, and who heard the first hears it.
func TestRTCUnpublishAndPublishAgain(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	first := a.publish(s, microphone("m"))
	b.peer.did(t, "the first", is(Subscribe{SID: first, On: true}))
	a.peer.listener.PeerEvent(TrackGoneEvent{SID: first})
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return len(p.GetTracks()) == 0 && !p.GetIsPublisher() })
	again := a.publish(s, microphone("m"))
	if again == first {
		t.Error("the sid is the old one")
	}
	b.peer.did(t, "the second", is(Subscribe{SID: again, On: true}))
}

// That a track is encrypted end to end is told to all, and RED is not added to it.
func TestRTCEncryptedTracks(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	request := microphone("m")
	request.Encryption = lk.Encryption_CUSTOM
	sid := a.publish(s, request)
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
		if len(p.GetTracks()) == 0 {
			return false
		}
		if ti := p.GetTracks()[0]; ti.GetSid() != sid || ti.GetEncryption() != lk.Encryption_CUSTOM || !ti.GetDisableRed() {
			t.Errorf("track %v", ti)
		}
		return true
	})
}

// LOST makes a client reconnect: who sends nothing that could be missed is not said to be lost.
func TestRTCNobodySilentIsLost(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.foreign("ada", nil))
	quality := func(what string, want lk.ConnectionQuality) {
		t.Helper()
		a.peer.listener.PeerEvent(QualityEvent{Quality: ConnectionLost})
		q := a.expect("quality", func(m *lk.SignalResponse) bool { return m.GetConnectionQuality() != nil })
		if got := q.GetConnectionQuality().GetUpdates()[0].GetQuality(); got != want {
			t.Errorf("%s: %v", what, got)
		}
	}
	quality("who publishes nothing", lk.ConnectionQuality_POOR)
	mic := a.publish(s, microphone("m"))
	quality("who speaks", lk.ConnectionQuality_LOST)
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_Mute{Mute: &lk.MuteTrackRequest{Sid: mic, Muted: true}}})
	a.settled()
	quality("who is muted", lk.ConnectionQuality_POOR)
}

// Blobs are kept for the others while their owner is here, within their bounds.
func TestRTCDataBlobs(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	store := func(c *rtcClient, id uint32, key string, contents string) *lk.SignalResponse {
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_StoreDataBlobRequest{StoreDataBlobRequest: &lk.StoreDataBlobRequest{
			RequestId: id, Blob: &lk.DataBlob{Key: &lk.DataBlobKey{Key: &lk.DataBlobKey_Generic{Generic: key}}, Contents: []byte(contents)},
		}}})
		return c.expect("an answer", func(m *lk.SignalResponse) bool {
			return m.GetStoreDataBlobResponse().GetRequestId() == id || m.GetRequestResponse().GetRequestId() == id
		})
	}
	get := func(c *rtcClient, id uint32, identity, key string) *lk.SignalResponse {
		c.send(&lk.SignalRequest{Message: &lk.SignalRequest_GetDataBlobRequest{GetDataBlobRequest: &lk.GetDataBlobRequest{
			RequestId: id, ParticipantIdentity: identity, Key: &lk.DataBlobKey{Key: &lk.DataBlobKey_Generic{Generic: key}},
		}}})
		return c.expect("an answer", func(m *lk.SignalResponse) bool {
			return m.GetGetDataBlobResponse().GetRequestId() == id || m.GetRequestResponse().GetRequestId() == id
		})
	}
	for i, text := range []string{"first", "second"} {
		if r := store(a, uint32(1+i), "schema", text).GetStoreDataBlobResponse(); r.GetKey().GetGeneric() != "schema" {
			t.Errorf("stored %v", r)
		}
	}
	if got := get(b, 3, "ada", "schema").GetGetDataBlobResponse().GetBlob().GetContents(); string(got) != "second" {
		t.Errorf("got %q", got)
	}
	for what, m := range map[string]*lk.SignalResponse{
		"no such key":   get(b, 4, "ada", "nothing"),
		"no such owner": get(b, 5, "eve", "schema"),
	} {
		if m.GetRequestResponse().GetReason() != lk.RequestResponse_NOT_FOUND {
			t.Errorf("%s: %v", what, m)
		}
	}
	if r := store(a, 6, "", "x").GetRequestResponse(); r.GetReason() != lk.RequestResponse_INVALID_REQUEST {
		t.Errorf("no key: %v", r)
	}
	if r := store(a, 7, "large", strings.Repeat("x", 50<<10+1)).GetRequestResponse(); r.GetReason() != lk.RequestResponse_LIMIT_EXCEEDED {
		t.Errorf("too large: %v", r)
	}
	for i := range rtcBlobsEach - 1 {
		store(a, uint32(100+i), fmt.Sprint("key ", i), "x")
	}
	if r := store(a, 8, "one more", "x").GetRequestResponse(); r.GetReason() != lk.RequestResponse_LIMIT_EXCEEDED {
		t.Errorf("too many: %v", r)
	}
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	a.expectClose()
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool { return p.GetState() == lk.ParticipantInfo_DISCONNECTED })
	eventually(t, "her session is over", func() bool { return s.server.rtc.session("/maths", s.id("ada")) == nil })
	if r := get(b, 9, "ada", "schema").GetRequestResponse(); r.GetReason() != lk.RequestResponse_NOT_FOUND {
		t.Errorf("of who has left: %v", r)
	}
}
