package sfu

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// Noise on the ports and nonsense from one client: counted, and nobody else notices.
func TestGarbage(t *testing.T) {
	n := testNode(t, Options{TURN: true})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	pupil := join(t, r, "PA_pupil", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8)
	every(t, 20*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 2, 300) })
	waitFor(teacher, "announced", func(TrackEvent) bool { return true })
	if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	pupil.until("pictures", func() bool { return pupil.count("TR_cam") > 10 })

	for _, to := range []string{n.Addrs().UDP.String(), n.Addrs().TURN.String()} {
		c, err := net.Dial("udp", to)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			b := make([]byte, rand.IntN(1400))
			for j := range b {
				b[j] = byte(rand.Uint32())
			}
			if len(b) > 8 && i%3 == 0 { // looks like STUN
				copy(b, []byte{0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42})
			}
			_, _ = c.Write(b)
		}
		_ = c.Close()
	}
	if c, err := net.Dial("tcp", n.Addrs().TCP.String()); err == nil {
		_, _ = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		_ = c.Close()
	}
	raw := rtcp.RawPacket{0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0xff, 0xff}
	_ = pupil.pub.WriteRTCP([]rtcp.Packet{&raw})
	cam.sources[0].mu.Lock()
	_, _ = cam.sources[0].w.Write([]byte{0x90, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0xff, 0xff})
	cam.sources[0].send(cam.mid(), true, nil, -1)
	cam.sources[0].send(cam.mid(), true, []byte{0xff}, -1)
	cam.sources[0].mu.Unlock()

	pupil.mu.Lock()
	at := pupil.count("TR_cam")
	pupil.mu.Unlock()
	pupil.until("pictures still", func() bool { return pupil.count("TR_cam") > at+20 })
	if got := counted(t, n.m.dropped[dropNotSTUN]); got == 0 {
		t.Error("noise on the media port was not counted")
	}
}

func TestBadDescriptions(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	p, err := r.Join(PeerOptions{Participant: "PA_x", SinglePC: true}, EventsFunc(func(Event) {}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for name, text := range map[string]string{
		"empty":       "",
		"no sdp":      "hello",
		"no sections": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",
		"no mid":      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n",
		"huge":        strings.Repeat("a=x\r\n", maxSDP),
		"twice the mid": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n" +
			"m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n",
	} {
		if _, err := p.Offer(Description{SDP: text}); !errors.Is(err, ErrDescription) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Answer(Description{SDP: "v=0"}); !errors.Is(err, ErrMode) {
		t.Errorf("an answer to one connection: %v", err)
	}
	for _, init := range []string{"", "{", `{"candidate":"nonsense"}`, strings.Repeat("x", 3000)} {
		if err := p.AddCandidate(TargetPublisher, init); !errors.Is(err, ErrCandidate) {
			t.Errorf("candidate %.20q: %v", init, err)
		}
	}
	if err := p.AddCandidate(TargetPublisher, `{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0"}`); err != nil {
		t.Errorf("a good candidate: %v", err)
	}
	if err := p.Subscribe("TR_none", true); !errors.Is(err, ErrNoTrack) {
		t.Errorf("an unknown track: %v", err)
	}
}

// goodOffers are descriptions as clients make them, for others to be made from.
func goodOffers(t testing.TB) []string {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer pc.Close()
	for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
		if _, err := pc.AddTransceiverFromKind(kind); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pc.CreateDataChannel("_reliable", nil); err != nil {
		t.Fatal(err)
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	simulcast := "a=mid:1\r\na=rid:q send\r\na=rid:h send\r\na=simulcast:send q;~h"
	return []string{
		offer.SDP,
		strings.ReplaceAll(offer.SDP, "sendrecv", "recvonly"),
		strings.ReplaceAll(offer.SDP, "sendrecv", "inactive"),
		strings.ReplaceAll(offer.SDP, "a=mid:0", "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=mid:0"),
		strings.ReplaceAll(offer.SDP, "a=mid:1", simulcast),
	}
}

// FuzzOffer holds the first look at a client's description to: an error, or sections and none of
// the client's candidates. It is pure, so that the fuzzer gets far; TestOffersOfNonsense takes
// mutations the whole way.
func FuzzOffer(f *testing.F) {
	for _, text := range goodOffers(f) {
		f.Add(text)
	}
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		clean, sections, err := readOffer(text)
		if err != nil {
			return
		}
		if len(sections) == 0 || strings.Contains(clean, "\na=candidate:") {
			t.Fatalf("read %d sections from:\n%s", len(sections), clean)
		}
		if _, again, err := readOffer(clean); err != nil || len(again) != len(sections) {
			t.Fatalf("its own output is not read again: %v", err)
		}
	})
}

// Descriptions with lines lost, doubled, swapped and spoilt yield an error or an answer, never a
// panic, and leave no peer behind.
func TestOffersOfNonsense(t *testing.T) {
	n := testNode(t, Options{})
	random := rand.New(rand.NewPCG(1, 2))
	good := goodOffers(t)
	answered := 0
	for i := range 400 {
		text := spoil(good[i%len(good)], random)
		p, err := n.Router("t/nonsense").Join(PeerOptions{Participant: fmt.Sprint("PA_", i), SinglePC: true}, EventsFunc(func(Event) {}))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time as a renegotiation
			a, err := p.Offer(Description{Type: "offer", SDP: text, ID: 7})
			switch {
			case err == nil && a.ID != 7:
				t.Error("the answer lost its id")
			case err == nil:
				answered++
			}
		}
		p.Close()
	}
	if answered == 0 {
		t.Error("no description was good enough: the mutations are too wild to show anything")
	}
	if got := counted(t, n.m.panics); got > 0 {
		t.Errorf("%d panics were caught", got)
	}
	waitGauge(t, n, 0)
}

// spoil changes a few lines of a description.
func spoil(text string, random *rand.Rand) string {
	lines := strings.Split(text, "\r\n")
	for range 1 + random.IntN(4) {
		i, j := random.IntN(len(lines)), random.IntN(len(lines))
		switch random.IntN(4) {
		case 0:
			lines = slices.Delete(lines, i, i+1)
		case 1:
			lines = slices.Insert(lines, i, lines[j])
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		case 3:
			if b := []byte(lines[i]); len(b) > 2 {
				b[2+random.IntN(len(b)-2)] = byte(random.Uint32())
				lines[i] = string(b)
			}
		}
	}
	return strings.Join(lines, "\r\n")
}
