package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"preau/loadtest/client"
	"preau/signaling/classpb"
)

// pair is a teacher who publishes a voice and a picture and a pupil who
// publishes a voice, both of whom come back after losses.
type pair struct {
	lea, amina    *talker
	voice, camera *client.LocalTrack // lea's
	reply         *client.LocalTrack // amina's
	links         map[string]*client.Link

	mu     sync.Mutex
	leaves map[string][]*livekit.LeaveRequest // by identity
}

func startPair(ctx context.Context, t *testing.T, s *testServer, class string, o client.Options) *pair {
	t.Helper()
	p := &pair{links: map[string]*client.Link{}, leaves: map[string][]*livekit.LeaveRequest{}}
	p.lea, p.amina = p.join(ctx, t, s, class, "lea", teacher, o), p.join(ctx, t, s, class, "amina", pupil, o)
	var err error
	if p.voice, err = p.lea.PublishMicrophone(ctx); err != nil {
		t.Fatal(err)
	}
	if p.camera, err = p.lea.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast); err != nil {
		t.Fatal(err)
	}
	if p.reply, err = p.amina.PublishMicrophone(ctx); err != nil {
		t.Fatal(err)
	}
	p.flows(ctx, t)
	return p
}

// join with a link of its own, on which a dead path is noticed within a second.
func (p *pair) join(ctx context.Context, t *testing.T, s *testServer, class, identity string, role classpb.Role, o client.Options) *talker {
	t.Helper()
	k := &talker{t: t}
	p.links[identity] = client.NewLink()
	o.Reconnect, o.Link = true, p.links[identity]
	o.SettingsFunc = func(e *webrtc.SettingEngine) {
		e.SetICETimeouts(500*time.Millisecond, time.Second, 200*time.Millisecond)
	}
	o.OnSignal = func(m *livekit.SignalResponse) {
		if leave := m.GetLeave(); leave != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.leaves[identity] = append(p.leaves[identity], leave)
		}
	}
	o.OnData = func(d *livekit.DataPacket) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.heard = append(k.heard, d)
	}
	k.Client = s.join(t, class, identity, role, o)
	k.EnsurePublisher()
	k.until(ctx, "open data channels", k.DataReady)
	return k
}

// flows waits for new packets of each track at the other's, and for a word each
// way, which is heard once.
func (p *pair) flows(ctx context.Context, t *testing.T) {
	t.Helper()
	for _, x := range []struct {
		to    *talker
		track *client.LocalTrack
	}{{p.amina, p.voice}, {p.amina, p.camera}, {p.lea, p.reply}} {
		sid := x.track.Now().GetSid()
		n := uint64(15)
		if now := x.to.Track(sid); now != nil {
			n += now.Stats().Packets
		}
		receives(ctx, t, x.to.Client, sid, n)
	}
	for _, x := range [][2]*talker{{p.lea, p.amina}, {p.amina, p.lea}} {
		x[0].until(ctx, "open data channels", x[0].DataReady)
		text := fmt.Sprintf("%s at %d", x[0].Identity(), x[1].count())
		x[0].say(text, true)
		x[1].hears(ctx, text, x[0])
	}
}

// sees is what a track of someone is said to be, nil if there is none such.
func (k *talker) sees(identity, sid string) *livekit.TrackInfo {
	for _, info := range k.Participant(identity).GetTracks() {
		if info.GetSid() == sid {
			return info
		}
	}
	return nil
}

func (k *talker) count() int { return len(k.all()) }

// times is how often a text was heard.
func (k *talker) times(text string) int {
	n := 0
	for _, p := range k.all() {
		if string(p.GetUser().GetPayload()) == text {
			n++
		}
	}
	return n
}

func (p *pair) told(identity string) []*livekit.LeaveRequest {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.leaves[identity]
}

// inEachMode runs a test over two connections and over one.
func inEachMode(t *testing.T, f func(t *testing.T, o client.Options)) {
	for mode, o := range modes() {
		if mode != "request" { // as v1, apart from the address
			t.Run(mode, func(t *testing.T) {
				t.Parallel() // they wait for media more than they compute
				f(t, o)
			})
		}
	}
}

// A lost socket is resumed: the same session, no packet of media missing, and
// what was said meanwhile comes once.
func TestResumeAfterTheSocketIsLost(t *testing.T) {
	s := startServer(t, "")
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		p := startPair(ctx, t, s, "socket-"+t.Name(), o)
		for i, k := range []*talker{p.lea, p.amina} {
			sid, other := k.SID(), []*talker{p.amina, p.lea}[i]
			k.CutSocket()
			k.until(ctx, "the loss to be noticed", func() bool { return k.State() != client.Connected || k.Resumes() > 0 })
			for n := range 5 {
				k.say(fmt.Sprintf("%s meanwhile %d", k.Identity(), n), true)
			}
			k.until(ctx, "the resume", func() bool { return k.State() == client.Connected && k.Resumes() == 1 })
			p.flows(ctx, t)
			for n := range 5 {
				if got := other.times(fmt.Sprintf("%s meanwhile %d", k.Identity(), n)); got != 1 {
					t.Errorf("what %s said meanwhile (%d) was heard %d times", k.Identity(), n, got)
				}
			}
			if k.SID() != sid || k.Restarts() != 0 {
				t.Errorf("%s was %s and is %s, %d restarts", k.Identity(), sid, k.SID(), k.Restarts())
			}
		}
		for _, k := range []*talker{p.lea, p.amina} {
			for _, track := range k.Tracks() {
				seamless(t, k.Client, track)
			}
		}
	})
}

// A dead path under a living socket: the client resumes and restarts ICE.
func TestResumeAfterICEIsLost(t *testing.T) {
	s := startServer(t, "")
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		p := startPair(ctx, t, s, "ice-"+t.Name(), o)
		for _, k := range []*talker{p.lea, p.amina} {
			sid := k.SID()
			p.links[k.Identity()].CutMedia()
			k.until(ctx, "the loss to be noticed", func() bool { return k.State() == client.Resuming })
			p.links[k.Identity()].Mend()
			k.until(ctx, "the resume", func() bool { return k.State() == client.Connected })
			p.flows(ctx, t)
			if k.SID() != sid || k.Resumes() == 0 || k.Restarts() != 0 {
				t.Errorf("%s: %d resumes, %d restarts, was %s and is %s", k.Identity(), k.Resumes(), k.Restarts(), sid, k.SID())
			}
		}
	})
}

// Without any network for some seconds, and then with one again.
func TestResumeAfterEverythingIsLost(t *testing.T) {
	s := startServer(t, "")
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		p := startPair(ctx, t, s, "all-"+t.Name(), o)
		for _, k := range []*talker{p.lea, p.amina} {
			sid := k.SID()
			p.links[k.Identity()].Cut()
			k.until(ctx, "media to be lost too", func() bool { return !k.Connected() })
			p.links[k.Identity()].Mend()
			k.until(ctx, "the resume", func() bool { return k.State() == client.Connected })
			p.flows(ctx, t)
			if k.SID() != sid || k.Resumes() != 1 || k.Restarts() != 0 {
				t.Errorf("%s: %d resumes, %d restarts, was %s and is %s", k.Identity(), k.Resumes(), k.Restarts(), sid, k.SID())
			}
		}
	})
}

// What is muted or unwanted stays so through a resume.
func TestWishesOutliveResumes(t *testing.T) {
	s := startServer(t, "")
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		p := startPair(ctx, t, s, "wishes-"+t.Name(), o)
		sid := p.voice.Info.GetSid()
		if err := p.amina.Subscribe(sid, false); err != nil {
			t.Fatal(err)
		}
		p.amina.until(ctx, "the voice to end", func() bool { return p.amina.Track(sid).Ended() })
		if err := p.camera.Mute(true); err != nil {
			t.Fatal(err)
		}
		muted := func() bool { return p.amina.sees("lea", p.camera.Now().GetSid()).GetMuted() }
		p.amina.until(ctx, "the camera to be muted", muted)
		for _, k := range []*talker{p.lea, p.amina} {
			k.CutSocket()
			k.until(ctx, "the resume", func() bool { return k.State() == client.Connected && k.Resumes() == 1 })
		}
		at := p.voice.Sent(0)
		p.lea.until(ctx, "a second of speech", func() bool { return p.voice.Sent(0) > at+50 })
		if !p.amina.Track(sid).Ended() || !muted() {
			t.Error("what was unwanted is sent, or what was muted is open")
		}
	})
}

// The program is killed and started again: everyone comes back by a full
// reconnect, and all that was published and subscribed is there again.
func TestEverythingIsBackAfterTheProgramWasKilled(t *testing.T) {
	inEachMode(t, func(t *testing.T, o client.Options) {
		s := startRestartable(t)
		ctx := inTime(t)
		p := startPair(ctx, t, &s.testServer, "killed", o)
		if err := p.camera.Mute(true); err != nil {
			t.Fatal(err)
		}
		muted := func() bool { return p.amina.sees("lea", p.camera.Now().GetSid()).GetMuted() }
		p.amina.until(ctx, "the camera to be muted", muted)
		sids := map[string]string{"lea": p.lea.SID(), "amina": p.amina.SID()}
		s.kill()
		for _, k := range []*talker{p.lea, p.amina} {
			k.until(ctx, "the loss to be noticed", func() bool { return k.State() != client.Connected })
		}
		s.start()
		for _, k := range []*talker{p.lea, p.amina} {
			k.until(ctx, "the full reconnect", func() bool { return k.State() == client.Connected && k.Restarts() == 1 })
			if k.SID() == sids[k.Identity()] {
				t.Errorf("%s has the same sid in another session", k.Identity())
			}
		}
		if !p.camera.Muted() || p.amina.Track(p.camera.Now().GetSid()) != nil {
			t.Error("the camera is open, and was muted")
		}
		if err := p.camera.Mute(false); err != nil {
			t.Fatal(err)
		}
		p.flows(ctx, t)
		for _, k := range []*talker{p.lea, p.amina} {
			for _, track := range k.Tracks() {
				seamless(t, k.Client, track)
			}
		}
		if n := len(p.amina.Participant("lea").GetTracks()); n != 2 {
			t.Errorf("lea has %d tracks", n)
		}
	})
}

// A server that does not know the session says so, and the client joins anew.
func TestUnknownSessionIsJoinedAnew(t *testing.T) {
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		before, after := startServer(t, ""), startServer(t, "")
		way := newForwarder(t, before.URL)
		direct := before.URL
		before.URL = way.url()
		p := startPair(ctx, t, before, "moved", o)
		before.URL = direct
		way.turn(t, after.URL)
		p.lea.CutSocket()
		p.lea.until(ctx, "the full reconnect", func() bool { return p.lea.State() == client.Connected && p.lea.Restarts() == 1 })
		p.amina.CutSocket() // the pupil second: the teacher opens the class
		p.amina.until(ctx, "the full reconnect", func() bool { return p.amina.State() == client.Connected && p.amina.Restarts() == 1 })
		p.flows(ctx, t)
		for _, identity := range []string{"lea", "amina"} {
			told := p.told(identity)
			if len(told) != 1 || told[0].GetAction() != livekit.LeaveRequest_RECONNECT || told[0].GetReason() != livekit.DisconnectReason_STATE_MISMATCH {
				t.Errorf("%s was told %v", identity, told)
			}
		}
	})
}

// Who joins a second time takes the place of the first, for good, and is
// somebody new to the others.
func TestSecondJoinTakesThePlaceOfTheFirst(t *testing.T) {
	s := startServer(t, "")
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		class := "twice-" + t.Name()
		p := startPair(ctx, t, s, class, o)
		first := p.amina
		p.amina = p.join(ctx, t, s, class, "amina", pupil, o)
		select {
		case <-first.Left():
		case <-ctx.Done():
			t.Fatal("the first was never told")
		}
		if r := first.Reason(); r.GetReason() != livekit.DisconnectReason_DUPLICATE_IDENTITY || r.GetAction() != livekit.LeaveRequest_DISCONNECT {
			t.Errorf("the first was told %v", r)
		}
		if first.Resumes()+first.Restarts() != 0 || first.State() != client.Over {
			t.Error("the first came back")
		}
		p.lea.until(ctx, "the second", func() bool { return p.lea.Participant("amina").GetSid() == p.amina.SID() })
		var err error
		if p.reply, err = p.amina.PublishMicrophone(ctx); err != nil {
			t.Fatal(err)
		}
		p.flows(ctx, t)
		if p.lea.Others() != 1 {
			t.Errorf("lea sees %d others", p.lea.Others())
		}
	})
}
