package signaling

import (
	"slices"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

// What breaks while a session is taken apart costs nobody else anything, and the participant leaves.
func TestRTCPanicOnTheWayOut(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", teacher))
	a.peer.fatal.Store(true)
	a.send(&lk.SignalRequest{Message: &lk.SignalRequest_Leave{Leave: &lk.LeaveRequest{}}})
	eventually(t, "she has left the class", func() bool {
		return s.state().GetParticipants()[s.id("ada")].GetPresence() == classpb.Presence_PRESENCE_GONE
	})
	mic := b.publish(s, microphone("m"))
	c := s.enter(s.token("eve", teacher))
	c.peer.did(t, "the others go on", is(Subscribe{SID: mic, On: true}))
}

// Each word on who may have a track makes the whole class look again: they are heard twice a second,
// and the last one always.
func TestRTCPermissionsAreHeardNowAndThen(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", teacher))
	mic := a.publish(s, microphone("m"))
	b.peer.did(t, "he hears her", is(Subscribe{SID: mic, On: true}))
	begun := time.Now()
	a.permit(&lk.SubscriptionPermission{}) // heard at once
	b.peer.did(t, "he hears her no more", is(Subscribe{SID: mic}))
	for range 20 {
		a.permit(&lk.SubscriptionPermission{})
	}
	a.permit(&lk.SubscriptionPermission{AllParticipants: true})
	eventually(t, "the last word is heard", func() bool { return len(b.peer.changes(mic)) == 3 })
	if after := time.Since(begun); after < permitEvery {
		t.Errorf("the second word was heard %v after the first", after)
	}
}

// changes are what was wanted of a track, one after the other.
func (p *fakePeer) changes(sid string) (on []bool) {
	for _, c := range p.done() {
		if sub, ok := c.(Subscribe); ok && sub.SID == sid {
			on = append(on, sub.On)
		}
	}
	return slices.Clip(on)
}

func TestRTCJoinsAreThrottled(t *testing.T) {
	s := newRTCSchool(t)
	refused := 0
	for range 700 {
		if status, _ := s.get("/rtc", nil); status == 429 {
			refused++
		}
	}
	if refused == 0 || refused > 300 {
		t.Errorf("%d of 700 were turned away", refused)
	}
}
