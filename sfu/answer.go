package sfu

import (
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/pion/webrtc/v4"
)

// Offer takes the client's offer of its publisher connection, or of the single one, and answers
// it under the same id. The tracks waiting for a section get one here.
func (p *Peer) Offer(d Description) (answer Description, err error) {
	defer p.caught("offer", &err)
	text, sections, err := readOffer(d.SDP)
	if err != nil {
		return Description{}, err
	}
	p.neg.Lock()
	defer p.neg.Unlock()
	select {
	case <-p.done:
		return Description{}, ErrClosed
	default:
	}
	pc := p.pub.pc
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: text}); err != nil {
		p.unstable(pc)
		return Description{}, fmt.Errorf("%w: %w", ErrDescription, err)
	}
	p.pub.noteNames()
	p.noteSections(sections)
	if p.o.SinglePC {
		if err := p.attachFree(); err != nil {
			p.unstable(pc)
			return Description{}, err
		}
	}
	local, err := pc.CreateAnswer(nil)
	if err != nil {
		p.unstable(pc)
		return Description{}, fmt.Errorf("%w: %w", ErrDescription, err)
	}
	mids := p.mids()
	finished, err := p.settleLocal(p.pub, local)
	if err != nil {
		p.unstable(pc)
		return Description{}, err
	}
	if finished, err = prefer(finished, p.announced(), p.low()); err != nil {
		p.unstable(pc)
		return Description{}, err
	}
	answer = Description{Type: "answer", SDP: finished, ID: d.ID}
	if p.o.SinglePC {
		answer.Mids = mids
		p.neg.described()
		p.neg.settled()
		p.replan() // anything still without a section?
	}
	p.adopt()
	return answer, nil
}

// unstable closes the peer when pion is left in the middle of a negotiation: it has no rollback,
// so that no later offer could be taken. The client comes back with a new connection.
func (p *Peer) unstable(pc *webrtc.PeerConnection) {
	if pc.SignalingState() != webrtc.SignalingStateStable {
		go p.Close()
	}
}

// noteSections remembers which sections the client receives on, and what it sends on the others.
func (p *Peer) noteSections(sections []remoteSection) {
	if p.o.SinglePC {
		clear(p.neg.takes)
		for _, s := range sections {
			p.neg.takes[s.mid] = s.takes && s.kind != "application"
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	strange := map[string][]string{} // mids by kind
	for _, s := range sections {
		if !s.gives || s.track == "" {
			continue
		}
		if pub := p.ofTrackLocked(s.track); pub != nil {
			p.byMid[s.mid] = pub
		} else if p.byMid[s.mid] == nil {
			strange[s.kind] = append(strange[s.kind], s.mid)
		}
	}
	for kind, mids := range strange {
		if pub := p.onlyUnboundLocked(kind); pub != nil && len(mids) == 1 {
			p.byMid[mids[0]] = pub
		}
	}
}

// attachFree puts waiting tracks on the free sections of the offer being answered.
func (p *Peer) attachFree() error {
	attach, _ := p.plan()
	for _, w := range attach {
		if !p.hasFree(kindOf(w.pub.spec.Kind)) {
			continue
		}
		if err := p.attach(w); err != nil {
			return err
		}
	}
	return nil
}

// Answer takes the client's answer to the subscriber connection's offer (two connections).
func (p *Peer) Answer(d Description) (err error) {
	defer p.caught("answer", &err)
	if p.o.SinglePC {
		return ErrMode
	}
	text, sections, err := readOffer(d.SDP)
	if err != nil {
		return err
	}
	p.neg.Lock()
	defer p.neg.Unlock()
	if p.neg.turn != turnOffered || (d.ID != 0 && d.ID != p.neg.offerID) {
		return fmt.Errorf("%w: answers no offer of ours", ErrDescription)
	}
	pc := p.out.transport.pc
	if err := pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: text}); err != nil {
		return fmt.Errorf("%w: %w", ErrDescription, err)
	}
	p.neg.answered(sections)
	p.neg.settled()
	p.replan()
	return nil
}

// AddCandidate checks a client's candidate and goes no further: where a client is, we learn from
// its own connectivity checks (RFC 8445, 7.3.1.3), as ICE-lite and as full agent.
func (p *Peer) AddCandidate(_ Target, init string) error {
	if err := checkCandidate(init); err != nil {
		p.node.m.drop(dropCandidate)
		return err
	}
	p.node.m.candidates.Inc()
	return nil
}

// RestartICE has the client's subscriber connection restart ICE by a new offer (two connections);
// with one, the client's own offer does that, which it is asked for.
func (p *Peer) RestartICE() {
	p.neg.Lock()
	if !p.o.SinglePC && !p.neg.started {
		p.neg.Unlock()
		return
	}
	p.neg.restart = !p.o.SinglePC
	if p.neg.turn == turnOffered { // it may have been lost, but must be answered before another
		p.neg.dirty = true
		p.emit(OfferEvent{p.neg.lastOffer})
	}
	if p.neg.turn == turnAsked {
		p.neg.turn = turnIdle
	}
	p.neg.Unlock()
	p.replan()
}

// caught counts a description that was refused, and turns a panic over it into an error of its
// client's.
func (p *Peer) caught(where string, err *error) {
	v := recover()
	if v != nil || errors.Is(*err, ErrDescription) {
		p.node.m.drop(dropDescription)
	}
	if v == nil {
		return
	}
	p.node.m.panics.Inc()
	p.node.log.Error("panic in a negotiation", "where", where, "panic", v, "stack", string(debug.Stack()))
	*err = fmt.Errorf("%w: internal error", ErrDescription)
	go p.Close()
}
