package sfu

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/allocate"
)

// With TCPOnly a client that could use UDP as well is reached over TCP.
func TestReachedOverTCPAlone(t *testing.T) {
	n := testNode(t, Options{})
	p, err := n.Router("t/class").Join(PeerOptions{Participant: "PA_t", SinglePC: true, TCPOnly: true}, EventsFunc(func(Event) {}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	s.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeTCP4})
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s)).NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	answer := connectOnce(t, pc, p)
	if strings.Contains(strings.ToLower(answer), " udp ") || !strings.Contains(answer, "tcptype passive") {
		t.Errorf("the answer was\n%s", answer)
	}
	if pair := selected(t, pc); pair.Local.Protocol != webrtc.ICEProtocolTCP {
		t.Errorf("connected by %s", pair.Local)
	}
}

// connectOnce makes one offer and waits for a data channel.
func connectOnce(t *testing.T, pc *webrtc.PeerConnection, p *Peer) (answer string) {
	t.Helper()
	d, err := pc.CreateDataChannel("_reliable", nil)
	if err != nil {
		t.Fatal(err)
	}
	open := make(chan struct{})
	d.OnOpen(func() { close(open) })
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		t.Fatal(err)
	}
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(offer); err != nil {
		t.Fatal(err)
	}
	<-gathered
	got, err := p.Offer(Description{Type: "offer", SDP: pc.LocalDescription().SDP, ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: got.SDP}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-open:
	case <-time.After(15 * time.Second):
		t.Fatalf("not connected; the answer was\n%s", got.SDP)
	}
	return got.SDP
}

// Who is told late who speaks is told at once; and a speaker's level follows the voice.
func TestSpeakersLevels(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	first := join(t, r, "PA_first", true)
	mic := teacher.publish(micSpec("TR_mic"), opus)
	var level atomic.Int32
	level.Store(10)
	every(t, 20*time.Millisecond, func() { mic.sources[0].voice(int(level.Load())) })
	var loud float32
	waitFor(first, "a loud speaker", func(e SpeakersEvent) bool {
		for _, s := range e.Speakers {
			if s.Participant == "PA_teacher" && s.Active {
				loud = s.Level
			}
		}
		return loud > 0
	})
	late := join(t, r, "PA_late", true)
	waitFor(late, "who speaks already", func(e SpeakersEvent) bool {
		return len(e.Speakers) == 1 && e.Speakers[0].Participant == "PA_teacher" && e.Speakers[0].Active
	})
	level.Store(30)
	waitFor(first, "a lower level", func(e SpeakersEvent) bool {
		for _, s := range e.Speakers {
			if s.Participant == "PA_teacher" && s.Active && s.Level < loud && s.Level > 0 {
				return true
			}
		}
		return false
	})
}

// A bound on the bandwidth holds without an estimate and with one; what would be paused for it is not
// where the client does not want that, and keeps its time of change.
func TestBandwidthBoundAndNoPause(t *testing.T) {
	o := &outlet{estimate: newEstimate(false), peer: &Peer{}}
	o.peer.out = o
	if o.budget(false) != 0 {
		t.Error("without an estimate there is a bound")
	}
	o.peer.LimitBandwidth(300_000)
	if o.budget(false) != 300_000 {
		t.Errorf("bounded without an estimate: %d", o.budget(false))
	}
	o.heard = true
	if o.budget(false) != 300_000 {
		t.Errorf("bounded below the estimate: %d", o.budget(false))
	}
	o.peer.LimitBandwidth(0)
	if o.budget(false) != startBits {
		t.Errorf("no longer bounded: %d", o.budget(false))
	}

	at := time.Unix(1000, 0)
	low := allocate.Choice{Sending: true, Since: at.Add(-time.Minute)}
	o.subs = []*subscription{{}, {choice: low}, {}, {}}
	o.wants = []allocate.Want{{}, {}, {Off: true}, {}}
	high := allocate.Choice{Sending: true, Layer: allocate.Layer{Spatial: 2}, Since: at}
	o.choices = []allocate.Choice{{}, {}, {}, high}
	o.unpause(at)
	for i, want := range []allocate.Choice{{Sending: true, Since: at}, low, {}, high} {
		if o.choices[i] != want {
			t.Errorf("choice %d: %+v", i, o.choices[i])
		}
	}
}

// A client that sends reliable messages faster than they are taken waits: all arrive, in order, and
// what waits for it here is bounded.
func TestReliableFloodWaits(t *testing.T) {
	n := testNode(t, Options{})
	c := join(t, n.Router("t/class"), "PA_a", true)
	c.until("channels", func() bool { return len(c.channels) >= 3 })
	up := c.channels["_reliable"]
	const messages = reliableBurst + 2*reliableMessages
	payload := strings.Repeat("x", 2<<10)
	for i := range messages {
		if err := up.Send(fmt.Appendf(nil, "%05d %s", i, payload)); err != nil {
			t.Fatal(err)
		}
	}
	c.until("all of them, in order", func() bool {
		next := 0
		for _, e := range c.seen {
			if d, ok := e.(DataEvent); ok && d.Kind == DataReliable && strings.HasPrefix(string(d.Payload), fmt.Sprintf("%05d ", next)) {
				next++
			}
		}
		return next == messages
	})
}

// A client that never answers is offered no more until it does; an answer given twice, to an older
// offer, or made for another connection is refused and harms nothing.
func TestAnswersOutOfTurn(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	offers := make(chan Description, 64)
	two, err := r.Join(PeerOptions{Participant: "PA_two"}, EventsFunc(func(e Event) {
		if o, ok := e.(OfferEvent); ok {
			offers <- o.Description
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(two.Close)
	two.StartSubscriber()
	first := <-offers
	for range 20 { // needs that must wait for the answer
		two.replan()
		two.RestartICE()
	}
	good := answering(t, first)
	refused := func(what string, d Description) {
		t.Helper()
		if err := two.Answer(d); !errors.Is(err, ErrDescription) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("to an offer never made", Description{Type: "answer", SDP: good.SDP, ID: first.ID + 5})
	refused("nonsense", Description{Type: "answer", SDP: "v=0", ID: first.ID})
	before := inUse()
	for i := range uint32(1000) { // 16 MB of them
		refused("without end", Description{Type: "answer", SDP: good.SDP + strings.Repeat("a=x\r\n", 3<<10), ID: first.ID + i + 1})
	}
	if grown := inUse() - before; grown > 4<<20 {
		t.Errorf("%d bytes are kept", grown)
	}
	if err := two.Answer(good); err != nil {
		t.Fatalf("the answer: %v", err)
	}
	var next Description
	for next.ID <= first.ID { // the first, sent again for the restarts, may come before
		next = <-offers
	}
	refused("the first once more", good)
	if err := two.Answer(answering(t, next)); err != nil {
		t.Errorf("the next answer: %v", err)
	}
	refused("the next twice", answering(t, next))

	one := join(t, r, "PA_one", true)
	if err := one.peer.Answer(good); !errors.Is(err, ErrMode) {
		t.Errorf("of another connection: %v", err)
	}
	two.Close()
	if err := two.Answer(good); err == nil {
		t.Error("a closed peer takes an answer")
	}
}

// answering is an answer to an offer, of a connection that is not used further.
func answering(t *testing.T, offer Description) Description {
	t.Helper()
	pc := idle(t)
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer.SDP}); err != nil {
		t.Fatal(err)
	}
	a, err := pc.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Description{Type: "answer", SDP: a.SDP, ID: offer.ID}
}
