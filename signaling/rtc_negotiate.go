package signaling

import (
	"context"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/livekit"
)

// maxSDP bounds a session description, in bytes.
const maxSDP = 1 << 20

// maxCandidate bounds one ICE candidate, in bytes.
const maxCandidate = 4 << 10

// do has the peer carry out a command, in order with all that came before. then, if not nil, hears
// the outcome on the session's goroutine.
func (s *rtcSession) do(c PeerCommand, then func(error)) {
	s.mediaJob(func(context.Context) {
		err := s.peer.Do(c)
		if then != nil {
			s.post(func() { then(err) })
		}
	})
}

// doNow has the peer close or open a publication, or end it, beside the line: what is in line is
// the client's doing, and must not put off what a teacher has decided.
func (s *rtcSession) doNow(c PeerCommand) {
	if err := s.peer.Do(c); err != nil {
		s.count("peer_command")
		s.log.Warn("rtc: a publication's gate", "command", c, "error", err)
	}
}

func (s *rtcSession) mediaJob(job func(context.Context)) {
	if !s.media.offer(job) {
		s.count("rtc_media_full")
		s.end(livekit.Reconnect(lk.DisconnectReason_MEDIA_FAILURE))
	}
}

// embeddedOffer answers the offer that came with the join request, if one did.
func (s *rtcSession) embeddedOffer() {
	if o := s.join.GetPublisherOffer(); o.GetSdp() != "" {
		s.offered(o)
	}
	s.join.PublisherOffer = nil // it is large and has had its use
}

func description(d *lk.SessionDescription) Description {
	return Description{Type: d.GetType(), SDP: d.GetSdp(), ID: d.GetId(), Mids: d.GetMidToTrackId()}
}

func (s *rtcSession) offered(o *lk.SessionDescription) {
	if o.GetType() != "offer" || len(o.GetSdp()) > maxSDP {
		s.count("bad_description")
		return
	}
	s.mediaJob(func(context.Context) {
		answer, err := s.peer.Describe(description(o))
		s.post(func() { s.describedOffer(answer, err) })
	})
}

// describedOffer sends the answer. A description that the media plane cannot use leaves a client
// waiting for ever: it is told to begin anew.
func (s *rtcSession) describedOffer(answer Description, err error) {
	if err != nil {
		s.count("bad_description")
		s.log.Info("rtc: a publisher's offer cannot be used") // the error quotes the SDP, which names addresses
		s.end(livekit.Reconnect(lk.DisconnectReason_MEDIA_FAILURE))
		return
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Answer{Answer: sessionDescription(answer)}})
	s.progress(lk.ParticipantInfo_JOINED)
}

func (s *rtcSession) answered(a *lk.SessionDescription) {
	if a.GetType() != "answer" || len(a.GetSdp()) > maxSDP || s.join.Single {
		s.count("bad_description")
		return
	}
	s.mediaJob(func(context.Context) {
		_, err := s.peer.Describe(description(a))
		s.post(func() {
			if err != nil { // the connection goes on as it was
				s.count("bad_description")
				s.log.Info("rtc: a subscriber's answer cannot be used")
				return
			}
			s.progress(lk.ParticipantInfo_JOINED)
		})
	})
}

func sessionDescription(d Description) *lk.SessionDescription {
	return &lk.SessionDescription{Type: d.Type, Sdp: d.SDP, Id: d.ID, MidToTrackId: d.Mids}
}

func (s *rtcSession) trickle(t *lk.TrickleRequest) {
	if t.GetFinal() && t.GetCandidateInit() == "" {
		return
	}
	if len(t.GetCandidateInit()) > maxCandidate {
		s.count("bad_candidate")
		return
	}
	target := TargetPublisher
	if t.GetTarget() == lk.SignalTarget_SUBSCRIBER {
		target = TargetSubscriber
	}
	s.mediaJob(func(context.Context) {
		if err := s.peer.Candidate(target, t.GetCandidateInit()); err != nil {
			s.post(func() { s.count("bad_candidate") })
		}
	})
}

// PeerEvent hears the media plane, and must not block it. Data may be lost, nothing else. What is
// more of it than a client may send is dropped here, before it can fill the inbox.
func (s *rtcSession) PeerEvent(e PeerEvent) {
	d, ok := e.(DataEvent)
	if ok && !s.meters[d.Kind].allow(len(d.Payload)) {
		s.count("data_rate")
		return
	}
	if ok && d.Kind != DataReliable {
		select {
		case s.inbox <- func() { s.last().packet(d) }:
		default:
			s.count("data_inbox_full")
		}
		return
	}
	s.offer(func() { s.last().peerEvent(e) })
}

// maxEarly bounds what is kept of the peer until the join response, the first message, is out.
const maxEarly = 64

func (s *rtcSession) peerEvent(e PeerEvent) {
	if s.view == nil {
		if len(s.early) >= maxEarly {
			s.count("rtc_early_full")
			return
		}
		s.early = append(s.early, e)
		return
	}
	switch e := e.(type) {
	case OfferEvent:
		s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Offer{Offer: sessionDescription(e.Description)}})
	case CandidateEvent:
		s.sendCandidate(e)
	case SectionsEvent:
		s.needSections(e)
	case TrackEvent:
		s.trackArrived(e)
	case TrackGoneEvent:
		s.trackGone(e.SID)
	case StateEvent:
		s.connection(e)
	case DataEvent:
		s.packet(e)
	case SpeakersEvent:
		s.speakers(e)
	case StreamStateEvent:
		s.streamStates(e)
	case QualityEvent:
		s.quality(e)
	case SubscribedQualityEvent:
		s.subscribedQuality(e)
	case SpareEvent:
		s.handler.options.Seats.pacing.set(s.seat(), e.BPS)
	case SubscribedEvent:
		s.send(&lk.SignalResponse{Message: &lk.SignalResponse_TrackSubscribed{
			TrackSubscribed: &lk.TrackSubscribed{TrackSid: e.SID},
		}})
	}
}

func (s *rtcSession) sendCandidate(e CandidateEvent) {
	target := lk.SignalTarget_PUBLISHER
	if e.Target == TargetSubscriber {
		target = lk.SignalTarget_SUBSCRIBER
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Trickle{
		Trickle: &lk.TrickleRequest{CandidateInit: e.Init, Target: target},
	}})
}

// needSections asks for a new offer. Asked while the client is away, it is asked again on resume.
func (s *rtcSession) needSections(e SectionsEvent) {
	if s.socket == nil {
		s.sections.Audios = max(s.sections.Audios, e.Audios)
		s.sections.Videos = max(s.sections.Videos, e.Videos)
		s.sectionsDue = true
		return
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_MediaSectionsRequirement{
		MediaSectionsRequirement: &lk.MediaSectionsRequirement{NumAudios: e.Audios, NumVideos: e.Videos},
	}})
}

// connection: when the primary connection is there, so is the participant. When ICE has failed the
// client is asked to resume, which restarts it. When the peer has closed by itself, for a bound that its
// client broke or a fault, there is nothing to resume: the client joins anew.
func (s *rtcSession) connection(e StateEvent) {
	if e.State == StateClosed {
		s.count("rtc_peer_closed")
		s.end(livekit.Reconnect(lk.DisconnectReason_MEDIA_FAILURE))
		return
	}
	if primary := e.Target == s.primary(); primary && e.State == StateConnected {
		s.mediaLost = time.Time{}
		s.mediaConnected()
	} else if primary && s.mediaLost.IsZero() {
		s.mediaLost = time.Now()
	}
	if e.State != StateFailed || s.socket == nil {
		return
	}
	k := s.socket
	s.send(leaveMessage(livekit.Resume(lk.DisconnectReason_MEDIA_FAILURE)))
	k.finish()
	s.lostSocket(k)
}

// primary is the connection that must be there: the subscriber's, or the only one.
func (s *rtcSession) primary() Target {
	if s.join.Single {
		return TargetPublisher
	}
	return TargetSubscriber
}
