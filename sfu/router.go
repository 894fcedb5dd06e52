package sfu

import (
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"preau/sfu/internal/speaker"
)

// levelEvery is how often a change of level alone is told, levelSteps how finely.
const (
	levelEvery = time.Second
	levelSteps = 8
)

// routerTick is how often a router looks at speakers, microphones and wanted layers.
const routerTick = 100 * time.Millisecond

// Router is one class's part of the media plane: who publishes and who is there to receive.
type Router struct {
	// fixed after construction
	node   *Node
	class  string
	writer int // by which the first of those is told that its peers are given to

	mu         sync.Mutex
	closed     bool
	peers      map[string]*Peer
	guests     map[string]*Peer        // who is forwarded here, by their sid here
	pubs       map[string]*publication // by track sid
	detector   *speaker.Detector
	privileged map[string]bool
	openMics   map[string]bool // microphones that have a section now
	speaking   map[string]Speaker
	leader     *publication // whose voice leads those who have not the word; nil: none has spoken yet
	stop       chan struct{}

	toldLevels time.Time // when every speaker's level was told last

	toldWanted time.Time // owned by run
}

func newRouter(n *Node, class string) *Router {
	return &Router{
		node: n, class: class, writer: n.nextWriter(), peers: map[string]*Peer{}, guests: map[string]*Peer{}, pubs: map[string]*publication{},
		detector:   speaker.New(speaker.Options{Open: n.o.Microphones}),
		privileged: map[string]bool{}, openMics: map[string]bool{}, speaking: map[string]Speaker{},
		stop: make(chan struct{}),
	}
}

// Join opens a participant's media connection. Nothing is negotiated yet: the client's offer, or
// StartSubscriber, begins.
func (r *Router) Join(o PeerOptions, ev Events) (*Peer, error) {
	if next := r.successor(); next != nil {
		return next.Join(o, ev)
	}
	p, err := newPeer(r, o, ev)
	if err != nil {
		return nil, err
	}
	if err := r.admit(p, o.Participant); err != nil {
		p.discard()
		return nil, err
	}
	p.start()
	return p, nil
}

// admit counts a peer among the class's. The clock starts with the first.
func (r *Router) admit(p *Peer, participant string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return ErrClosed
	case r.peers[participant] != nil || r.guests[participant] != nil:
		return ErrPeerExists
	}
	r.peers[participant] = p
	r.startLocked()
	if len(r.speaking) > 0 { // only changes are told from here on
		p.emit(SpeakersEvent{Speakers: slices.Collect(maps.Values(r.speaking))})
	}
	r.node.m.peers.Inc()
	return nil
}

// startLocked starts the clock with the first who is here.
func (r *Router) startLocked() {
	if len(r.peers)+len(r.guests) == 1 {
		r.node.wg.Go(r.run)
	}
}

// emptiedLocked says whether the last has gone just now: the router is over then.
func (r *Router) emptiedLocked() bool {
	if len(r.peers)+len(r.guests) > 0 || r.closed {
		return false
	}
	r.closed = true
	close(r.stop)
	return true
}

// successor is the class's new router when this one has been dropped meanwhile; nil if it has not.
func (r *Router) successor() *Router {
	r.mu.Lock()
	closed := r.closed
	privileged := slices.Collect(maps.Keys(r.privileged))
	r.mu.Unlock()
	if !closed {
		return nil
	}
	next := r.node.Router(r.class)
	if next == r || next.isClosed() {
		return nil
	}
	next.SetPrivileged(privileged)
	return next
}

func (r *Router) isClosed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}

// SetPrivileged names the participants whose microphones always get a section and whose media
// comes first under congestion: teachers, and who was given the word.
func (r *Router) SetPrivileged(participantSIDs []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.privileged)
	for _, sid := range participantSIDs {
		r.privileged[sid] = true
	}
	for _, pub := range r.pubs {
		r.privilegeLocked(pub)
	}
}

func (r *Router) privilegeLocked(pub *publication) {
	on := r.privileged[pub.participant]
	pub.privileged.Store(on)
	if pub.microphone() {
		r.detector.SetPrivileged(pub.spec.SID, on)
	}
}

// addPublication makes a pending publication known.
func (r *Router) addPublication(pub *publication) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pubs[pub.spec.SID] != nil {
		return ErrTrackExists
	}
	if pub.isRemoved() { // taken away before it was known here
		return ErrNoTrack
	}
	r.pubs[pub.spec.SID] = pub
	if pub.microphone() {
		pub.meter = r.detector.Add(pub.spec.SID)
		r.detector.SetMuted(pub.spec.SID, !pub.open.Load())
	}
	r.privilegeLocked(pub)
	r.node.m.publications.Inc()
	return nil
}

func (r *Router) removePublication(pub *publication) {
	peers, was := r.strike(pub)
	if !was {
		return
	}
	r.node.m.publications.Dec()
	for _, p := range peers {
		p.forget(pub)
	}
}

// strike takes a publication out of the router, if it is there; peers may want it still.
func (r *Router) strike(pub *publication) (peers []*Peer, was bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pubs[pub.spec.SID] != pub {
		return nil, false
	}
	delete(r.pubs, pub.spec.SID)
	delete(r.openMics, pub.spec.SID)
	if r.leader == pub {
		r.leader = nil
	}
	if pub.microphone() {
		r.detector.Remove(pub.spec.SID)
	}
	return r.peersLocked(), true
}

func (r *Router) peersLocked() []*Peer {
	list := make([]*Peer, 0, len(r.peers))
	for _, p := range r.peers {
		list = append(list, p)
	}
	return list
}

func (r *Router) publication(sid string) *publication {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pubs[sid]
}

// gateChanged tells the detector that a microphone was muted, unmuted, blocked or freed.
func (r *Router) gateChanged(pub *publication) {
	if !pub.microphone() {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pubs[pub.spec.SID] == pub {
		r.detector.SetMuted(pub.spec.SID, !pub.open.Load())
	}
}

// carries says whether a publication may take a media section now.
func (r *Router) carries(pub *publication) bool {
	if !pub.microphone() {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.openMics[pub.spec.SID]
}

// replanAll lets every peer look again at what it should be sent.
func (r *Router) replanAll() {
	r.mu.Lock()
	peers := r.peersLocked()
	r.mu.Unlock()
	for _, p := range peers {
		p.replan()
	}
}

func (r *Router) leave(p *Peer, participant string) {
	r.mu.Lock()
	if r.peers[participant] != p {
		r.mu.Unlock()
		return
	}
	delete(r.peers, participant)
	last := r.emptiedLocked()
	r.mu.Unlock()
	r.node.m.peers.Dec()
	if last {
		r.node.dropRouter(r)
	}
}

func (r *Router) close() {
	r.mu.Lock()
	peers := r.peersLocked()
	r.emptiedLocked()
	r.mu.Unlock()
	for _, p := range peers {
		p.Close()
	}
}

// run is the router's slow clock, from its first peer to its last.
func (r *Router) run() {
	tick := time.NewTicker(routerTick)
	defer tick.Stop()
	for {
		select {
		case <-r.stop:
			return
		case now := <-tick.C:
			r.tick(now)
		}
	}
}

func (r *Router) tick(now time.Time) {
	defer r.node.guard(nil, "router")
	seen := r.look(now)
	for _, p := range seen.peers {
		if len(seen.speakers) > 0 {
			p.emit(SpeakersEvent{Speakers: seen.speakers})
		}
		if seen.opened {
			p.replan()
		}
		p.tick(now)
	}
	if now.Sub(r.toldWanted) < wantedEvery {
		return
	}
	r.toldWanted = now
	for _, pub := range seen.pubs {
		pub.tellWanted(now, seen.peers)
	}
}

// sight is what a tick works with, of one moment.
type sight struct {
	speakers []Speaker // whose speaking has changed
	opened   bool      // another microphone is carried now
	peers    []*Peer
	pubs     []*publication
}

func (r *Router) look(now time.Time) (seen sight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if report, ok := r.detector.Step(now); ok {
		r.leadLocked(report.Speakers)
		seen.speakers = r.speakersLocked(report, now)
		seen.opened = r.setOpenLocked(report.Open)
	}
	seen.peers = r.peersLocked()
	seen.pubs = slices.Collect(maps.Values(r.pubs))
	return seen
}

// leadLocked finds the voice that leads those who have not the word: it does until another one does.
func (r *Router) leadLocked(speakers []speaker.Speaker) {
	for _, s := range speakers {
		pub := r.pubs[s.Track]
		if pub == nil || pub.privileged.Load() {
			continue
		}
		if r.leader != nil {
			r.leader.leads.Store(false)
		}
		r.leader = pub
		pub.leads.Store(true)
		return
	}
}

// speakersLocked finds what has changed since the last report: who began, went on at another
// level, or stopped. Levels alone are told seldom, and in coarse steps.
func (r *Router) speakersLocked(report speaker.Report, at time.Time) []Speaker {
	if !report.SpeakersChanged && at.Sub(r.toldLevels) < levelEvery {
		return nil
	}
	r.toldLevels = at
	now := map[string]Speaker{}
	for _, s := range report.Speakers {
		if pub := r.pubs[s.Track]; pub != nil {
			sid := pub.participant
			level := float32(math.Ceil(float64(s.Level)*levelSteps) / levelSteps)
			if old, ok := now[sid]; !ok || old.Level < level { // of several microphones the loudest
				now[sid] = Speaker{Participant: sid, Level: level, Active: true}
			}
		}
	}
	var changed []Speaker
	for sid, s := range now {
		if r.speaking[sid] != s {
			changed = append(changed, s)
		}
	}
	for sid := range r.speaking {
		if _, still := now[sid]; !still {
			changed = append(changed, Speaker{Participant: sid})
		}
	}
	r.speaking = now
	slices.SortFunc(changed, func(a, b Speaker) int {
		switch {
		case a.Level > b.Level:
			return -1
		case a.Level < b.Level:
			return 1
		}
		return 0
	})
	return changed
}

func (r *Router) setOpenLocked(open []string) (changed bool) {
	same := len(open) == len(r.openMics)
	for _, sid := range open {
		same = same && r.openMics[sid]
	}
	if same {
		return false
	}
	clear(r.openMics)
	for _, sid := range open {
		r.openMics[sid] = true
	}
	return true
}
