package main

import (
	"testing"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
)

// A client that never reads what it is sent is let go, to begin anew, when too much waits for it; the
// others hear every word.
func TestReaderOfNoDataIsLetGo(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	release := make(chan struct{})
	defer close(release) // before the clients are closed
	lea, basile := s.talker(t, "deaf", "lea", teacher, true), s.talker(t, "deaf", "basile", teacher, true)
	zoe := s.talker(t, "deaf", "zoe", pupil, true)
	amina := s.join(t, "deaf", "amina", pupil, client.Options{OnData: func(*livekit.DataPacket) { <-release }})
	amina.EnsurePublisher()
	if err := amina.Wait(ctx, "open data channels", amina.DataReady); err != nil {
		t.Fatal(err)
	}
	long, sent := string(make([]byte, 48<<10)), 0
	eventually(ctx, t, "the deaf one to be let go", func() bool {
		if zoe.count() == sent { // a slow machine must not make her the deaf one
			for range 2 {
				lea.say(long, true)
				basile.say(long, true)
				sent += 2
			}
		}
		select {
		case <-amina.Left():
			return true
		default:
			return sent > 1000
		}
	})
	if why := amina.Reason(); why.GetAction() != livekit.LeaveRequest_RECONNECT || why.GetReason() != livekit.DisconnectReason_MEDIA_FAILURE {
		t.Errorf("let go with %v", why)
	}
	zoe.until(ctx, "every word", func() bool { return zoe.count() == sent })
	for _, k := range []*talker{lea, basile, zoe} {
		if k.Reason() != nil {
			t.Errorf("%s was sent away: %v", k.Identity(), k.Reason())
		}
	}
}
