package sfu

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// testNode runs a node on loopback until the test ends.
func testNode(t testing.TB, o Options) *Node {
	t.Helper()
	if o.Loopback = true; o.Bind == "" {
		o.Bind = "127.0.0.1"
	}
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = n.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return n
}

// client is a LiveKit client as far as the SFU can tell: it negotiates as livekit-client does, in
// either mode, and records what it receives.
type client struct {
	t    testing.TB
	sid  string
	peer *Peer
	one  bool

	means

	pub *webrtc.PeerConnection
	sub *webrtc.PeerConnection // the same as pub with one connection

	events chan Event
	done   chan struct{}
	ended  sync.WaitGroup
	neg    sync.Mutex // one negotiation at a time

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced whenever something below changes
	seen      []Event
	mids      map[string]string
	tracks    map[string]*received // by track sid
	channels  map[string]*webrtc.DataChannel
	offerID   uint32
	sections  int
	msids     map[string]string // mid → msid of the last description
	firedMids map[string]int    // how often each mid's track event fired
}

func joinWith(t testing.TB, r *Router, sid string, one bool, with means) *client {
	t.Helper()
	c := &client{
		t: t, sid: sid, one: one, means: with, events: make(chan Event, 4096), done: make(chan struct{}),
		changed: make(chan struct{}), mids: map[string]string{}, tracks: map[string]*received{},
		channels: map[string]*webrtc.DataChannel{}, msids: map[string]string{}, firedMids: map[string]int{},
	}
	peer, err := r.Join(PeerOptions{Participant: sid, SinglePC: one, FullICE: c.full}, EventsFunc(func(e Event) {
		if c.hears != nil {
			c.hears(e)
		}
		c.events <- e
	}))
	if err != nil {
		t.Fatal(err)
	}
	c.peer = peer
	c.pub = c.connection()
	c.sub = c.pub
	if !one {
		c.sub = c.connection()
	}
	c.ended.Add(1)
	go c.loop()
	t.Cleanup(c.leave)
	for _, label := range []string{"_reliable", "_lossy", "_data_track"} {
		d, err := c.pub.CreateDataChannel(label, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.keep(d)
	}
	if one {
		c.addSections(3, 3)
		c.negotiate()
	} else {
		peer.StartSubscriber()
		c.negotiate()
	}
	return c
}

func (c *client) connection() *webrtc.PeerConnection {
	s := webrtc.SettingEngine{}
	s.SetIncludeLoopbackCandidate(true)
	if c.settings != nil {
		c.settings(&s)
	}
	m := &webrtc.MediaEngine{}
	register := c.codecs
	if register == nil {
		register = (*webrtc.MediaEngine).RegisterDefaultCodecs
	}
	if err := register(m); err != nil {
		c.t.Fatal(err)
	}
	if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: extAudioLevel}, webrtc.RTPCodecTypeAudio); err != nil {
		c.t.Fatal(err)
	}
	for _, uri := range []string{extDependency, extRID, extMid} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			c.t.Fatal(err)
		}
	}
	reg, err := clientInterceptors(m, c.wire)
	if err != nil {
		c.t.Fatal(err)
	}
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(s), webrtc.WithMediaEngine(m), webrtc.WithInterceptorRegistry(reg)).
		NewPeerConnection(c.conf)
	if err != nil {
		c.t.Fatal(err)
	}
	pc.OnDataChannel(c.keep)
	pc.OnTrack(c.onTrack)
	return pc
}

func (c *client) keep(d *webrtc.DataChannel) {
	d.OnOpen(func() { c.change(func() { c.channels[d.Label()] = d }) })
	d.OnMessage(func(m webrtc.DataChannelMessage) {
		c.change(func() { c.seen = append(c.seen, DataEvent{Payload: m.Data}) })
	})
}

func (c *client) leave() {
	select {
	case <-c.done:
		return
	default:
	}
	close(c.done)
	c.peer.Close()
	_ = c.pub.Close()
	_ = c.sub.Close()
	c.ended.Wait()
}

// change alters the client's record and wakes whoever waits for it.
func (c *client) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// until waits for the record to meet a condition.
func (c *client) until(what string, cond func() bool) {
	c.t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		c.mu.Lock()
		ok, changed := cond(), c.changed
		c.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-poll.C:
		case <-limit.C:
			c.t.Fatalf("%s: gave up waiting for: %s", c.sid, what)
		}
	}
}

func (c *client) loop() {
	defer c.ended.Done()
	for {
		select {
		case <-c.done:
			return
		case e := <-c.events:
			switch e := e.(type) {
			case OfferEvent:
				c.answer(e.Description)
			case SectionsEvent:
				c.change(func() { c.sections++ })
				c.addSections(int(e.Audios), int(e.Videos))
				c.negotiate()
			}
			c.change(func() { c.seen = append(c.seen, e) })
		}
	}
}

func (c *client) addSections(audios, videos int) {
	c.neg.Lock()
	defer c.neg.Unlock()
	init := webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}
	for range audios {
		if _, err := c.pub.AddTransceiverFromKind(webrtc.RTPCodecTypeAudio, init); err != nil {
			c.t.Error(err)
		}
	}
	for range videos {
		if _, err := c.pub.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, init); err != nil {
			c.t.Error(err)
		}
	}
}

// negotiate offers the publisher's connection; restart does so with new ICE credentials.
func (c *client) negotiate() { c.negotiateWith(nil) }

func (c *client) negotiateWith(o *webrtc.OfferOptions) {
	c.neg.Lock()
	defer c.neg.Unlock()
	select {
	case <-c.done:
		return
	default:
	}
	offer, err := c.pub.CreateOffer(o)
	if c.failed("creating an offer", err) {
		return
	}
	gathered := webrtc.GatheringCompletePromise(c.pub)
	if c.failed("setting the offer", c.pub.SetLocalDescription(offer)) {
		return
	}
	<-gathered
	c.offerID++
	id := c.offerID
	text := c.pub.LocalDescription().SDP
	if c.spell != nil {
		text = c.spell(text)
	}
	answer, err := c.peer.Offer(Description{Type: "offer", SDP: text, ID: id})
	if c.failed("offering", err) {
		return
	}
	if answer.ID != id {
		c.t.Errorf("answer's id %d to offer %d", answer.ID, id)
	}
	if c.one {
		c.noteMids(answer)
	}
	if c.hear != nil {
		answer.SDP = c.hear(answer.SDP)
	}
	c.failed("taking the answer", c.pub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.SDP}))
}

// failed reports an error, unless the client has left meanwhile.
func (c *client) failed(what string, err error) bool {
	if err == nil {
		return false
	}
	select {
	case <-c.done:
	default:
		c.t.Errorf("%s: %s: %v", c.sid, what, err)
	}
	return true
}

func (c *client) answer(d Description) {
	c.noteMids(d)
	err := c.sub.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: d.SDP})
	if c.failed("taking the offer", err) {
		return
	}
	a, err := c.sub.CreateAnswer(nil)
	if c.failed("creating an answer", err) {
		return
	}
	gathered := webrtc.GatheringCompletePromise(c.sub)
	if c.failed("setting the answer", c.sub.SetLocalDescription(a)) {
		return
	}
	<-gathered
	err = c.peer.Answer(Description{Type: "answer", SDP: c.sub.LocalDescription().SDP, ID: d.ID})
	c.failed("answering", err)
}

// noteMids checks what a browser's livekit-client relies on: a section whose track changes was
// inactive in between, and every section that sends names "PA_…|TR_…" and stands in the map.
func (c *client) noteMids(d Description) {
	now := map[string]string{}
	for _, part := range strings.Split(d.SDP, "\nm=")[1:] {
		var mid, msid string
		sends := false
		for _, line := range strings.Split(part, "\n") {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, "a=mid:"):
				mid = line[len("a=mid:"):]
			case strings.HasPrefix(line, "a=msid:"):
				msid = line[len("a=msid:"):]
			case line == "a=sendonly", line == "a=sendrecv":
				sends = true
			}
		}
		if strings.HasPrefix(part, "application") || !sends {
			continue
		}
		now[mid] = msid
		sid, track, _ := strings.Cut(msid, " ")
		if _, tr, ok := strings.Cut(sid, "|"); !ok || tr != track || d.Mids[mid] != track {
			c.t.Errorf("section %s sends %q, the map says %q", mid, msid, d.Mids[mid])
		}
		c.mu.Lock()
		before := c.msids[mid]
		c.mu.Unlock()
		if before != "" && before != msid {
			c.t.Errorf("section %s went from %s to %s without a pause", mid, before, msid)
		}
	}
	c.change(func() { c.mids, c.msids = d.Mids, now })
}

// carries says whether a section of the last description sends a track; called under the lock.
func (c *client) carries(sid string) bool {
	for _, track := range c.mids {
		if track == sid {
			return true
		}
	}
	return false
}

// find is the first event of a kind seen so far that satisfies cond.
func find[E Event](c *client, cond func(E) bool) (E, bool) {
	for _, e := range c.seen {
		if e, ok := e.(E); ok && cond(e) {
			return e, true
		}
	}
	var none E
	return none, false
}

// waitFor waits for such an event.
func waitFor[E Event](c *client, what string, cond func(E) bool) (found E) {
	c.t.Helper()
	c.until(what, func() bool {
		var ok bool
		found, ok = find(c, cond)
		return ok
	})
	return found
}
