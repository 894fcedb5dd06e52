package sfu

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pion/webrtc/v4"
)

const (
	// settle lets several changes share one negotiation.
	settle = 30 * time.Millisecond
	// gatherLimit bounds the wait for our own candidates, which are all local.
	gatherLimit = 3 * time.Second
)

// replan asks the negotiating goroutine to look again at what the peer should be sent.
func (p *Peer) replan() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// negotiate is the goroutine that starts negotiations.
func (p *Peer) negotiate() {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-p.kick:
		case <-p.done:
			return
		}
		pause.Reset(settle)
		select {
		case <-pause.C:
		case <-p.done:
			return
		}
		p.step()
	}
}

func (p *Peer) step() {
	defer p.node.guard(p, "negotiation")
	p.adopt()
	p.neg.Lock()
	defer p.neg.Unlock()
	attach, detached := p.plan()
	if len(attach) == 0 && !detached && !p.neg.restart {
		return
	}
	if !p.neg.need() {
		return
	}
	if p.o.SinglePC {
		p.askSections(attach)
		return
	}
	if err := p.offer(attach); err != nil {
		p.complain("offering", err)
		go p.Close()
	}
}

// complain logs what went wrong. That a peer has gone meanwhile is no fault.
func (p *Peer) complain(doing string, err error) {
	level := slog.LevelWarn
	if errors.Is(err, webrtc.ErrConnectionClosed) {
		level = slog.LevelDebug
	}
	p.node.log.Log(context.Background(), level, doing, "participant", p.o.Participant, "error", err)
}

// plan detaches what is no longer to be sent and tells what is to be.
func (p *Peer) plan() (attach []*want, detached bool) {
	attach, gone := p.compare()
	for _, s := range gone {
		p.detach(s)
	}
	return attach, len(gone) > 0 || len(p.neg.draining) > 0
}

// compare holds what is sent against what is to be.
func (p *Peer) compare() (attach []*want, gone []*subscription) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for sid, w := range p.wants {
		var form *publication
		if w.pub != nil {
			form = p.formLocked(w.pub)
		}
		send := form != nil && p.sendable(form)
		if w.sub != nil && (!send || w.sub.pub != form) {
			gone = append(gone, w.sub)
			w.sub = nil
		}
		if send && w.sub == nil {
			attach = append(attach, w)
		}
		if w.pub == nil && w.sub == nil {
			delete(p.wants, sid)
		}
	}
	return attach, gone
}

func (p *Peer) sendable(pub *publication) bool {
	_, _, live := pub.isLive()
	return live && pub.router.carries(pub)
}

// detach takes a track off its section, which then drains.
func (p *Peer) detach(s *subscription) {
	pc := p.out.transport.pc
	for _, t := range pc.GetTransceivers() {
		if sender := t.Sender(); sender != nil && sender.Track() == webrtc.TrackLocal(s) {
			p.neg.draining[t.Mid()] = false
			if err := pc.RemoveTrack(sender); err != nil {
				p.node.log.Debug("taking a track off", "track", s.pub.spec.SID, "error", err)
			}
		}
	}
	_ = s.Unbind(nil) // in case it was never bound, or pion has not
}

// attach puts a track on a free section; with two connections, on a new one if there is none.
func (p *Peer) attach(w *want) error {
	s := p.subscribe(w)
	if s == nil {
		return nil
	}
	err := p.addTrack(p.out.transport.pc, s)
	if err == nil {
		p.attached(s)
		return nil
	}
	p.mu.Lock()
	w.sub = nil
	p.mu.Unlock()
	return err
}

// subscribe makes the subscription that a want has been without; nil: it is not wanted any more.
func (p *Peer) subscribe(w *want) *subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.pub == nil || p.closed {
		return nil
	}
	form := p.formLocked(w.pub)
	if form == nil {
		return nil
	}
	w.sub = newSubscription(form, p.out, w.setting)
	return w.sub
}

func (p *Peer) addTrack(pc *webrtc.PeerConnection, s *subscription) error {
	if p.o.SinglePC {
		sender, err := pc.AddTrack(s)
		s.section.mid = []byte(midOf(pc, sender))
		return err
	}
	if p.hasFree(s.Kind()) {
		_, err := pc.AddTrack(s)
		return err
	}
	_, err := pc.AddTransceiverFromTrack(s, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	return err
}

func midOf(pc *webrtc.PeerConnection, sender *webrtc.RTPSender) string {
	for _, t := range pc.GetTransceivers() {
		if sender != nil && t.Sender() == sender {
			return t.Mid()
		}
	}
	return ""
}

// attached tells the publisher, the first time.
func (p *Peer) attached(s *subscription) {
	pub := s.pub.leader()
	pub.mu.Lock()
	first := !pub.told
	pub.told = true
	pub.mu.Unlock()
	if first {
		pub.owner.emit(SubscribedEvent{SID: pub.spec.SID})
	}
}

// hasFree says whether a section of that kind can take a track now.
func (p *Peer) hasFree(kind webrtc.RTPCodecType) bool { return p.freeSections(kind) > 0 }

func (p *Peer) freeSections(kind webrtc.RTPCodecType) (count int) {
	for _, t := range p.out.transport.pc.GetTransceivers() {
		if t.Kind() != kind || t.Sender() != nil || t.Mid() == "" || p.neg.drains(t.Mid()) {
			continue
		}
		if !p.o.SinglePC || p.neg.free(t.Mid()) {
			count++
		}
	}
	return count
}

// askSections has the client offer, with as many more sections as are missing (single connection).
func (p *Peer) askSections(attach []*want) {
	need := map[Kind]int{}
	for _, w := range attach {
		need[w.pub.spec.Kind]++
	}
	draining := map[Kind]int{}
	for _, t := range p.out.transport.pc.GetTransceivers() {
		if p.neg.drains(t.Mid()) {
			draining[kindFrom(t.Kind())]++
		}
	}
	more := func(k Kind) uint32 {
		return uint32(max(need[k]-p.freeSections(kindOf(k))-draining[k], 0))
	}
	p.neg.turn, p.neg.asked = turnAsked, time.Now()
	p.emit(SectionsEvent{Audios: more(KindAudio), Videos: more(KindVideo)})
}

func kindFrom(k webrtc.RTPCodecType) Kind {
	if k == webrtc.RTPCodecTypeAudio {
		return KindAudio
	}
	return KindVideo
}

// StartSubscriber lets the subscriber connection make its first offer (two connections).
func (p *Peer) StartSubscriber() {
	if p.o.SinglePC {
		return
	}
	p.neg.Lock()
	defer p.neg.Unlock()
	if p.neg.started {
		return
	}
	p.neg.started = true
	if err := p.openChannels(); err != nil {
		p.complain("opening data channels", err)
	}
	p.neg.restart = true // so that there is a first offer, even with nothing to send yet
	p.replan()
}

// offer makes and sends the subscriber connection's offer (two connections).
func (p *Peer) offer(attach []*want) error {
	if !p.neg.started {
		return nil
	}
	for _, w := range attach {
		if err := p.attach(w); err != nil {
			return err
		}
	}
	t := p.out.transport
	first := t.pc.LocalDescription() == nil
	d, err := t.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: p.neg.restart && !first})
	if err != nil {
		return fmt.Errorf("creating an offer: %w", err)
	}
	p.neg.restart = false
	mids := p.mids() // of this very offer: what closes meanwhile has none
	text, err := p.settleLocal(t, d)
	if err != nil {
		return err
	}
	if text, err = keepSilent(text, p.neg.silent); err != nil {
		return err
	}
	p.neg.described()
	p.neg.offerID++
	p.neg.turn = turnOffered
	p.neg.lastOffer = Description{Type: "offer", SDP: text, ID: p.neg.offerID, Mids: mids}
	p.emit(OfferEvent{p.neg.lastOffer})
	return nil
}

// settleLocal sets a local description and waits for its candidates.
func (p *Peer) settleLocal(t *transport, d webrtc.SessionDescription) (string, error) {
	gathered := webrtc.GatheringCompletePromise(t.pc)
	if err := t.pc.SetLocalDescription(d); err != nil {
		return "", fmt.Errorf("setting our description: %w", err)
	}
	limit := time.NewTimer(gatherLimit)
	defer limit.Stop()
	select {
	case <-gathered:
	case <-limit.C:
	case <-p.done:
		return "", ErrClosed
	}
	local := t.pc.LocalDescription()
	if local == nil {
		return "", ErrClosed
	}
	return p.node.finish(local.SDP, p.o.TCPOnly)
}

// mids names the track on each section we send on.
func (p *Peer) mids() map[string]string {
	m := map[string]string{}
	for _, t := range p.out.transport.pc.GetTransceivers() {
		if s := t.Sender(); s != nil && t.Mid() != "" && s.Track() != nil {
			m[t.Mid()] = s.Track().ID()
		}
	}
	return m
}
