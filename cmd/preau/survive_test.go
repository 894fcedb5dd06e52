package main

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
	"preau/signaling/classpb"
)

// The program goes down and comes back on the same directory and port: the class is the same class.
func TestClassOutlivesTheProgram(t *testing.T) {
	data, quiet := t.TempDir(), slog.New(slog.DiscardHandler)
	before := startWith(t, Config{Data: data}, quiet)
	teaching, raising := before.page(t, "kept", "lea", teacher), before.page(t, "kept", "amina", pupil)
	raising.do(&classpb.Command{Body: &classpb.Command_RaiseHand{RaiseHand: &classpb.RaiseHand{}}})
	teaching.say("page 12, please")
	before.talker(t, "kept", "basile", pupil, true)
	base, err := url.Parse(before.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(base.Port())
	if err != nil {
		t.Fatal(err)
	}
	before.stop()

	after := startWith(t, Config{Data: data, Port: port}, quiet)
	if after.URL != before.URL {
		t.Fatalf("it was at %s and is at %s", before.URL, after.URL)
	}
	s := after.page(t, "kept", "lea", teacher).state
	if s.GetSession() == "" || s.GetSession() != teaching.state.GetSession() || s.GetCode() != teaching.state.GetCode() {
		t.Errorf("session %s %s, was %s %s", s.GetSession(), s.GetCode(), teaching.state.GetSession(), teaching.state.GetCode())
	}
	if hands := s.GetHands(); len(hands) != 1 || hands[0] != raising.participant {
		t.Errorf("hands raised: %v", hands)
	}
	if chat := s.GetChat(); len(chat) != 1 || chat[0].GetText() != "page 12, please" || chat[0].GetFrom() != teaching.participant {
		t.Errorf("chat: %v", chat)
	}
	if p := after.page(t, "kept", "amina", pupil); p.participant != raising.participant {
		t.Errorf("amina was %s and is %s", raising.participant, p.participant)
	}

	ctx := inTime(t)
	marc, basile := after.talker(t, "kept", "marc", teacher, true), after.talker(t, "kept", "basile", pupil, false)
	voice, err := marc.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	receives(ctx, t, basile.Client, voice.Info.GetSid(), 25)
	basile.say("here again", true)
	marc.hears(ctx, "here again", basile)
}

// Noise on every port while a class runs costs it nothing, and is counted.
func TestNoiseOnThePortsHarmsNobody(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	lea := s.join(t, "noise", "lea", teacher, client.Options{SinglePC: true})
	voice, err := lea.PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	camera, err := lea.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast[:1])
	if err != nil {
		t.Fatal(err)
	}
	pupils := []*client.Client{
		s.join(t, "noise", "amina", pupil, client.Options{SinglePC: true}),
		s.join(t, "noise", "basile", pupil, client.Options{}),
	}
	for _, p := range pupils {
		receives(ctx, t, p, voice.Info.GetSid(), 25)
		receives(ctx, t, p, camera.Info.GetSid(), 15)
	}
	const dropped = `preau_sfu_dropped_total{reason="unknown"}`
	before := s.metric(t, dropped)

	random := rand.New(rand.NewPCG(1, 2))
	noiseUDP(t, random, net.UDPAddrFromAddrPort(s.Media.UDP))
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		noiseTCP(t, random, s.Media.TCP.String())
		noiseTCP(t, random, base.Host)
	}

	for _, p := range pupils {
		for _, sid := range []string{voice.Info.GetSid(), camera.Info.GetSid()} {
			receives(ctx, t, p, sid, p.Track(sid).Stats().Packets+25)
			seamless(t, p, p.Track(sid))
		}
	}
	if now := s.metric(t, dropped); now <= before {
		t.Errorf("%s was %v and is %v", dropped, before, now)
	}
	late := s.join(t, "noise", "zoe", pupil, client.Options{SinglePC: true})
	receives(ctx, t, late, voice.Info.GetSid(), 25)
}

// noiseUDP sends a thousand datagrams a second, for a second: nonsense, and
// nonsense that begins like STUN, DTLS, RTP and RTCP (RFC 7983).
func noiseUDP(t *testing.T, random *rand.Rand, to *net.UDPAddr) {
	t.Helper()
	conn, err := net.DialUDP("udp", nil, to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for i := range 1000 {
		<-tick.C
		b := noise(random, 1+random.IntN(1200))
		switch i % 5 {
		case 0:
			b[0] = 0
		case 1:
			b[0] = 22
		case 2:
			b[0] = 0x80
		case 3:
			copy(b, []byte{0x80, 200})
		}
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

// noiseTCP says nonsense and listens until the server hangs up, or a moment.
func noiseTCP(t *testing.T, random *rand.Rand, to string) {
	t.Helper()
	conn, err := net.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(100 * time.Millisecond))
	_, _ = conn.Write(noise(random, 1+random.IntN(1<<16))) // the server may have hung up already
	_, _ = io.Copy(io.Discard, conn)
}

func noise(random *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}
