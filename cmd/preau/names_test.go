package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
	"preau/signaling/access"
	"preau/signaling/classpb"
)

// kept is everything that was logged.
type kept struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.Write(p)
}

func (k *kept) text() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.b.String()
}

// Names, identities and what was said stand neither in the log of an operator
// nor in the metrics, whatever happens in a class.
func TestNamesStayInTheClass(t *testing.T) {
	log := &kept{}
	s := startWith(t, Config{}, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo})))
	ctx := inTime(t)
	name := func(identity, name string, role classpb.Role) access.Token {
		return access.Token{Class: "5e-b", Identity: identity, Name: name, Role: role}
	}
	desk := s.pageOf(t, name("u-quince", "Léa Quetsche", teacher))
	zoe := s.pageOf(t, name("u-medlar", "Zoé Mirabelle", pupil))
	desk.say("rhubarb compote")
	zoe.do(&classpb.Command{Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}}})
	desk.do(&classpb.Command{Body: &classpb.Command_GiveWord{GiveWord: &classpb.GiveWord{Participant: zoe.participant}}})
	speaks := s.joinAs(t, name("u-sorb", "Basile Framboise", teacher))
	hears := s.joinAs(t, name("u-sloe", "Amina Groseille", pupil))
	voice, err := speaks.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	receives(ctx, t, hears, voice.Info.GetSid(), 25)
	if _, err := hears.PublishVideo(ctx, livekit.TrackSource_SCREEN_SHARE, client.Simulcast[:1]); err == nil {
		t.Error("a pupil shares a screen unasked")
	}
	for _, bad := range []string{"sorry", "m=audio 9 u-sloe Groseille"} { // refused and logged
		_ = hears.Send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: bad}}})
	}
	api, rooms := s.rooms(t, "5e-b")
	if _, err := rooms.RemoveParticipant(api, &livekit.RoomParticipantIdentity{Room: "5e-b", Identity: "u-medlar"}); err != nil {
		t.Fatal(err)
	}
	if _, err := rooms.RemoveParticipant(api, &livekit.RoomParticipantIdentity{Room: "5e-b", Identity: "u-nobody"}); err == nil {
		t.Error("nobody was removed")
	}
	if resp, err := http.Get(s.URL + "/class?access_token=quince.medlar.sorb"); err == nil {
		_ = resp.Body.Close()
	}
	metrics := s.metrics(t)
	desk.send(&classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
	if got := desk.goodbye(); got != classpb.GoodbyeReason_GOODBYE_REASON_ENDED {
		t.Errorf("goodbye: %v", got)
	}
	s.stop()
	if logged := log.text(); !strings.Contains(logged, "ready") || !strings.Contains(metrics, "preau_classes 1") {
		t.Fatalf("nothing was looked at: %s %s", logged, metrics)
	}
	for _, secret := range []string{
		"Quetsche", "Mirabelle", "Framboise", "Groseille", "Léa", "quince", "medlar", "sorb", "sloe", "nobody",
		"rhubarb", devSecret + `"`, "access_token", "eyJ",
	} {
		for where, text := range map[string]string{"the log": log.text(), "/metrics": metrics} {
			for line := range strings.Lines(text) {
				if strings.Contains(line, secret) {
					t.Errorf("%q stands in %s: %s", secret, where, line)
				}
			}
		}
	}
}

// joinAs joins with a name of its own.
func (s *testServer) joinAs(t *testing.T, who access.Token) *client.Client {
	t.Helper()
	token, err := s.keys.Sign(devKey, who)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := client.Join(ctx, s.URL, token, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}
