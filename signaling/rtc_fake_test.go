package signaling

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeMedia is a media plane that records what it is told, and says what a test has it say.
type fakeMedia struct {
	silent  atomic.Bool // peers do not connect by themselves
	servers []ICEServer // nil: one of each participant's own

	mu    sync.Mutex
	peers map[string]*fakePeer // by sid
}

func newFakeMedia() *fakeMedia { return &fakeMedia{peers: map[string]*fakePeer{}} }

func (m *fakeMedia) Join(class string, o PeerOptions, l PeerListener) (Peer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := &fakePeer{media: m, class: class, options: o, listener: l, begun: make(chan struct{}, 1), answer: make(chan struct{})}
	m.peers[o.Participant] = p
	return p, nil
}

func (m *fakeMedia) ICEServers(participant string, life time.Duration) []ICEServer {
	if m.servers != nil {
		return m.servers
	}
	return []ICEServer{{URLs: []string{"turn:localhost"}, Username: participant, Credential: life.String()}}
}

func (m *fakeMedia) SetPrivileged(string, []string) {}

func (m *fakeMedia) peer(sid string) *fakePeer {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.peers[sid]
}

type fakePeer struct {
	media    *fakeMedia
	class    string
	options  PeerOptions
	listener PeerListener

	mu       sync.Mutex
	commands []PeerCommand
	closed   bool

	onSubscribe func(sid string) // nil: nothing happens

	fatal atomic.Bool  // its closing panics
	deaf  atomic.Bool  // what is sent is counted and let go
	taken atomic.Int32 // so often was something sent then

	full  atomic.Bool  // the data channels are open, and take no more
	shut  atomic.Bool  // the data channels are not open
	tried atomic.Int32 // so often was something sent while they were shut

	// What Describe waits for when the description is "slow": begun is sent to first.
	begun  chan struct{}
	answer chan struct{}
}

func (p *fakePeer) Describe(d Description) (Description, error) {
	if d.SDP == "slow" {
		p.begun <- struct{}{}
		<-p.answer
	}
	if d.SDP == "garbage" {
		return Description{}, fmt.Errorf("unusable session description")
	}
	if d.Type == "answer" {
		return Description{}, nil
	}
	if p.options.SinglePC {
		p.connect(TargetPublisher)
	}
	return Description{Type: "answer", SDP: "answer to " + d.SDP, ID: d.ID, Mids: map[string]string{"0": "TR_x"}}, nil
}

// connect has the media come up, as soon as it may.
func (p *fakePeer) connect(t Target) {
	if !p.media.silent.Load() {
		p.listener.PeerEvent(StateEvent{Target: t, State: StateConnected})
	}
}

func (p *fakePeer) Candidate(Target, string) error { return nil }

func (p *fakePeer) Do(c PeerCommand) error {
	if _, ok := c.(Send); ok && p.shut.Load() {
		p.tried.Add(1)
		return fmt.Errorf("the data channel is not open")
	}
	if _, ok := c.(Send); ok && p.full.Load() {
		return fmt.Errorf("sending: %w", ErrSlow)
	}
	if _, ok := c.(Send); ok && p.deaf.Load() {
		p.taken.Add(1)
		return nil
	}
	p.mu.Lock()
	p.commands = append(p.commands, c)
	p.mu.Unlock()
	if sub, ok := c.(Subscribe); ok && sub.On && p.onSubscribe != nil {
		p.onSubscribe(sub.SID)
	}
	if _, ok := c.(StartSubscriber); ok {
		p.connect(TargetSubscriber)
	}
	if a, ok := c.(AddTrack); ok { // its media comes at once
		mime := "audio/opus"
		if a.Track.Kind == KindVideo {
			mime = "video/VP8"
		}
		p.listener.PeerEvent(TrackEvent{CID: a.Track.CID, SID: a.Track.SID, Kind: a.Track.Kind, MIME: mime, Mid: "1"})
	}
	return nil
}

func (p *fakePeer) Close() {
	if p.fatal.Load() {
		panic("made by the test")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// did waits for a command that satisfies want.
func (p *fakePeer) did(t *testing.T, what string, want func(PeerCommand) bool) {
	t.Helper()
	eventually(t, what, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.ContainsFunc(p.commands, want)
	})
}

// is makes a condition of one command.
func is(want PeerCommand) func(PeerCommand) bool {
	return func(got PeerCommand) bool { return fmt.Sprintf("%#v", got) == fmt.Sprintf("%#v", want) }
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(10 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("it never came true: %s", what)
		}
	}
}
