package signaling

import (
	"testing"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

// offer sends a publisher's offer.
func (c *rtcClient) offer(sdp string, id uint32) {
	c.t.Helper()
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Offer{
		Offer: &lk.SessionDescription{Type: "offer", Sdp: sdp, Id: id},
	}})
}

func TestRTCATeachersWordDoesNotWaitForNegotiation(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	b := s.enter(s.token("bob", pupil))
	mic := b.publish(s, microphone("m"))
	cam := b.publish(s, &lk.AddTrackRequest{Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA})
	b.offer("slow", 1)
	<-b.peer.begun // and the line stands still
	defer close(b.peer.answer)
	for id := range uint32(100) {
		b.offer("more", 2+id)
	}
	s.do("ada", &classpb.Command{Body: &classpb.Command_MuteAll{MuteAll: &classpb.MuteAll{}}})
	b.peer.did(t, "the microphone is muted", is(SetMuted{SID: mic, Muted: true}))
	s.do("ada", locks(func(l *classpb.SetLocks) { lock(&l.Microphone, true); lock(&l.Camera, true) }))
	b.peer.did(t, "the microphone is blocked", is(SetBlocked{SID: mic, Blocked: true}))
	b.peer.did(t, "the camera is removed", is(RemoveTrack{SID: cam}))
	s.do("ada", &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: s.id("bob")}}})
	b.expectLeave(lk.DisconnectReason_PARTICIPANT_REMOVED, lk.LeaveRequest_DISCONNECT)
	eventually(t, "the peer is closed", func() bool {
		b.peer.mu.Lock()
		defer b.peer.mu.Unlock()
		return b.peer.closed
	})
}

func TestRTCWhatIsTakenAwayBeforeItWasAddedStaysAway(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	b := s.enter(s.token("bob", pupil))
	b.offer("slow", 1)
	<-b.peer.begun
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: microphone("m")}})
	b.send(&lk.SignalRequest{Message: &lk.SignalRequest_Ping{Ping: 1}})
	b.expect("all before is taken in", func(m *lk.SignalResponse) bool { return m.GetPong() != 0 })
	s.do("ada", locks(func(l *classpb.SetLocks) { lock(&l.Microphone, true) }))
	b.expect("the track is gone", func(m *lk.SignalResponse) bool { return m.GetTrackUnpublished() != nil })
	close(b.peer.answer)
	r := b.expect("a refusal", func(m *lk.SignalResponse) bool { return m.GetRequestResponse() != nil }).GetRequestResponse()
	if r.GetReason() != lk.RequestResponse_NOT_ALLOWED || r.GetAddTrack().GetCid() != "m" {
		t.Errorf("got %v", r)
	}
	b.peer.mu.Lock()
	defer b.peer.mu.Unlock()
	last := b.peer.commands[len(b.peer.commands)-1]
	if _, ok := last.(RemoveTrack); !ok {
		t.Errorf("the last the peer heard is %#v", last)
	}
}
