package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
	"preau/signaling/classpb"
)

// talker is a client that keeps the data it hears.
type talker struct {
	*client.Client
	t *testing.T

	mu    sync.Mutex
	heard []*livekit.DataPacket
}

// talker joins and waits until it can send data.
func (s *testServer) talker(t *testing.T, class, identity string, role classpb.Role, single bool) *talker {
	t.Helper()
	k := &talker{t: t}
	k.Client = s.join(t, class, identity, role, client.Options{SinglePC: single, Defiant: true, OnData: func(p *livekit.DataPacket) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.heard = append(k.heard, p)
	}})
	k.EnsurePublisher()
	k.until(inTime(t), "open data channels", k.DataReady)
	return k
}

func (k *talker) until(ctx context.Context, what string, ok func() bool) {
	k.t.Helper()
	if err := k.Wait(ctx, what, ok); err != nil {
		k.t.Fatal(err)
	}
}

// say sends text under a false name, to everyone or to the identities named.
func (k *talker) say(text string, reliable bool, to ...string) {
	k.t.Helper()
	err := k.SendData(&livekit.DataPacket{
		ParticipantIdentity: "somebody else", ParticipantSid: "PA_somebodyelse", DestinationIdentities: to,
		Value: &livekit.DataPacket_User{User: &livekit.UserPacket{Payload: []byte(text)}},
	}, reliable)
	if err != nil {
		k.t.Error(err)
	}
}

// got is the packet with that text, nil if it has not come.
func (k *talker) got(text string) *livekit.DataPacket {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.heard, func(p *livekit.DataPacket) bool { return string(p.GetUser().GetPayload()) == text })
	if i < 0 {
		return nil
	}
	return k.heard[i]
}

// hears waits for a text, and holds it to its true sender.
func (k *talker) hears(ctx context.Context, text string, from *talker) {
	k.t.Helper()
	k.until(ctx, text, func() bool { return k.got(text) != nil })
	p := k.got(text)
	if p.GetParticipantIdentity() != from.Identity() || p.GetParticipantSid() != from.SID() {
		k.t.Errorf("%s heard %q from %s %s", k.Identity(), text, p.GetParticipantIdentity(), p.GetParticipantSid())
	}
}

// all is what was heard so far.
func (k *talker) all() []*livekit.DataPacket {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.heard)
}

func TestDataBetweenParticipants(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	lea := s.talker(t, "talk", "lea", teacher, true)
	amina := s.talker(t, "talk", "amina", pupil, false)
	basile := s.talker(t, "talk", "basile", pupil, true)

	lea.say("to all", true)
	amina.hears(ctx, "to all", lea)
	basile.hears(ctx, "to all", lea)
	basile.say("to amina", true, "amina")
	basile.say("and now everyone", true)
	amina.hears(ctx, "to amina", basile)
	lea.hears(ctx, "and now everyone", basile)
	if lea.got("to amina") != nil {
		t.Error("reliable data for one came to another")
	}

	lossy := func(from *talker, text string, to *talker, only ...string) {
		to.until(ctx, text, func() bool { // lossy: said until it is heard
			from.say(text, false, only...)
			return to.got(text) != nil
		})
		to.hears(ctx, text, from)
	}
	lossy(amina, "lossy to all", lea)
	lossy(amina, "lossy to all", basile)
	lossy(lea, "lossy to basile", basile, "basile")
	lossy(lea, "lossy, the last", amina)
	if amina.got("lossy to basile") != nil {
		t.Error("lossy data for one came to another")
	}
	for _, k := range []*talker{lea, amina, basile} {
		for _, p := range k.all() {
			if p.GetParticipantIdentity() == k.Identity() {
				t.Errorf("%s hears itself", k.Identity())
			}
		}
	}
}

// Who waits at the door neither hears nor is heard, in data as in media; let in, both begin.
func TestLobbyLetsNothingThrough(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	desk := s.page(t, "door", "desk", teacher)
	desk.do(&classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	lea := s.talker(t, "door", "lea", teacher, true)
	marc := s.talker(t, "door", "marc", teacher, false)
	voice, err := lea.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	receives(ctx, t, marc.Client, voice.Info.GetSid(), 25)

	for _, single := range []bool{true, false} {
		name := map[bool]string{true: "amina", false: "basile"}[single]
		waits := s.talker(t, "door", name, pupil, single)
		lea.say("not for "+name, true)
		marc.hears(ctx, "not for "+name, lea)
		dropped := s.metric(t, `preau_signaling_drops_total{reason="data_forbidden"}`)
		waits.say("let me in", true)
		waits.say("let me in", true, "lea")
		waits.until(ctx, "its data to be dropped", func() bool {
			return s.metric(t, `preau_signaling_drops_total{reason="data_forbidden"}`) == dropped+2
		})
		if _, err := waits.PublishMicrophone(ctx); !errors.As(err, new(*client.NotAllowedError)) {
			t.Errorf("who waits publishes: %v", err)
		}
		at := voice.Sent(0)
		lea.until(ctx, "a second of speech", func() bool { return voice.Sent(0) > at+50 })
		if len(waits.Tracks()) > 0 || waits.Others() > 0 || len(waits.JoinResponse().GetOtherParticipants()) > 0 {
			t.Errorf("who waits has %d tracks and knows of %d others", len(waits.Tracks()), waits.Others())
		}
		if lea.Participant(name) != nil || lea.got("let me in") != nil || marc.got("let me in") != nil {
			t.Error("who waits is seen or heard")
		}

		desk.do(&classpb.Command{Body: &classpb.Command_Admit{Admit: &classpb.Admit{All: true}}})
		receives(ctx, t, waits.Client, voice.Info.GetSid(), 25)
		waits.until(ctx, "the others", func() bool { return waits.Participant("lea") != nil && waits.Participant("marc") != nil })
		lea.say("welcome, "+name, true)
		waits.hears(ctx, "welcome, "+name, lea)
		if waits.got("not for "+name) != nil {
			t.Error("data from before the admission was heard")
		}
		mine, err := waits.PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		receives(ctx, t, lea.Client, mine.Info.GetSid(), 25)
		receives(ctx, t, marc.Client, mine.Info.GetSid(), 25)
		waits.say("thank you, "+name, true)
		lea.hears(ctx, "thank you, "+name, waits)
	}
}
