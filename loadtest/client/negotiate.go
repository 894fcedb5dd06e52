package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"
)

// addSections adds receive-only sections to the single peer connection.
func (s *session) addSections(audios, videos uint32) error {
	add := func(kind webrtc.RTPCodecType, n uint32) error {
		for range n {
			if _, err := s.publisher.AddTransceiverFromKind(kind, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly}); err != nil {
				return err
			}
		}
		return nil
	}
	return errors.Join(add(webrtc.RTPCodecTypeAudio, audios), add(webrtc.RTPCodecTypeVideo, videos))
}

// wantOffer asks the offer loop for one more offer.
func (s *session) wantOffer() {
	select {
	case s.offers <- struct{}{}:
	default: // one is asked for already and will see this change too
	}
}

var errLost = errors.New("the socket ended before the answer")

// offerLoop begins with the offer of the join request: whatever is added after
// that one was made needs another.
func (s *session) offerLoop() {
	if s.embedded != nil {
		s.offerOrBreak()
	}
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.offers:
			s.offerOrBreak()
		}
	}
}

func (s *session) offerOrBreak() {
	err := s.offer()
	if err != nil && s.ctx.Err() == nil && !errors.Is(err, errLost) {
		s.client.log.Error("offer", "participant", s.client.Identity(), "err", err)
		s.broken(errNegotiation)
	}
}

// errNegotiation can be mended by a new session only.
var errNegotiation = errors.New("a negotiation failed")

// firstOffer is the one that travels in the join request. It is not set before
// the answer to that request has brought the ICE servers.
func (s *session) firstOffer() (*livekit.SessionDescription, error) {
	offer, err := s.publisher.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	s.offerID, s.embedded = 1, &offer
	return &livekit.SessionDescription{Type: "offer", Sdp: offer.SDP, Id: 1}, nil
}

// offer makes one offer on the publisher connection and takes its answer.
func (s *session) offer() error {
	s.client.mu.Lock()
	k := s.client.socket
	s.client.mu.Unlock()
	restarted := s.restartICE.Load()
	id, offer, send, err := s.nextOffer(restarted)
	if err != nil {
		return err
	}
	if err := s.publisher.SetLocalDescription(offer); err != nil {
		return err
	}
	if send {
		err := k.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Offer{Offer: &livekit.SessionDescription{Type: "offer", Sdp: offer.SDP, Id: id}}})
		if err != nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
	}
	answer, err := s.awaitAnswer(k, id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	for mid, sid := range answer.GetMidToTrackId() {
		s.mids[mid] = sid
	}
	s.mu.Unlock()
	if err := s.publisher.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer.GetSdp()}); err != nil {
		return err
	}
	s.flushCandidates(livekit.SignalTarget_PUBLISHER, s.publisher)
	if restarted {
		s.restartICE.Store(false)
	}
	s.client.noteChange()
	return nil
}

// nextOffer makes the description to send, or finds the one that was sent in the
// join request.
func (s *session) nextOffer(restart bool) (id uint32, offer webrtc.SessionDescription, send bool, err error) {
	s.mu.Lock()
	if embedded := s.embedded; embedded != nil { // sections asked for since are for the next
		s.embedded = nil
		s.mu.Unlock()
		return s.offerID, *embedded, false, nil
	}
	sections := s.sections
	s.sections = nil
	s.offerID++
	id = s.offerID
	s.mu.Unlock()
	if sections != nil {
		if err := s.addSections(sections.GetNumAudios(), sections.GetNumVideos()); err != nil {
			return id, offer, true, err
		}
	}
	offer, err = s.publisher.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
	return id, offer, true, err
}

func (s *session) awaitAnswer(k *socket, id uint32) (*livekit.SessionDescription, error) {
	timeout := time.NewTimer(peerTimeout)
	defer timeout.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return nil, s.ctx.Err()
		case <-k.ended:
			return nil, errLost
		case <-timeout.C:
			return nil, fmt.Errorf("no answer to offer %d", id)
		case answer := <-s.answers:
			if got := answer.GetId(); got == id {
				return answer, nil
			} else if got > id {
				return nil, fmt.Errorf("answer to offer %d has id %d", id, got)
			}
		}
	}
}

// answered hands an answer on; one that nobody waited for gives way.
func (s *session) answered(answer *livekit.SessionDescription) {
	for {
		select {
		case s.answers <- answer:
			return
		default:
		}
		select {
		case <-s.answers:
		default:
		}
	}
}

// answerOffer answers the server's offer on the subscriber connection.
func (s *session) answerOffer(k *socket, o *livekit.SessionDescription) error {
	if s.subscriber == nil {
		return errors.New("the server offered on a single peer connection")
	}
	s.mu.Lock()
	for mid, sid := range o.GetMidToTrackId() {
		s.mids[mid] = sid
	}
	s.mu.Unlock()
	if err := s.subscriber.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.GetSdp()}); err != nil {
		return err
	}
	s.flushCandidates(livekit.SignalTarget_SUBSCRIBER, s.subscriber)
	answer, err := s.subscriber.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := s.subscriber.SetLocalDescription(answer); err != nil {
		return err
	}
	return k.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{Type: "answer", Sdp: answer.SDP, Id: o.GetId()}}})
}
