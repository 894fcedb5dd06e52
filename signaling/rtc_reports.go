package signaling

import (
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/livekit"
)

// knows says whether the client has heard of a sid: what it has not, it is not told about.
func (s *rtcSession) knows(sid string) bool {
	if sid == s.sid {
		return true
	}
	for _, a := range s.announced {
		if a.sid == sid {
			return true
		}
	}
	return false
}

// speakers tells who is heard now.
func (s *rtcSession) speakers(e SpeakersEvent) {
	var out []*lk.SpeakerInfo
	for _, sp := range e.Speakers {
		if s.knows(sp.Participant) {
			out = append(out, &lk.SpeakerInfo{Sid: sp.Participant, Level: sp.Level, Active: sp.Active})
		}
	}
	if len(out) > 0 {
		s.send(&lk.SignalResponse{Message: &lk.SignalResponse_SpeakersChanged{
			SpeakersChanged: &lk.SpeakersChanged{Speakers: out},
		}})
	}
}

// streamStates tells what the server has paused for want of bandwidth.
func (s *rtcSession) streamStates(e StreamStateEvent) {
	var out []*lk.StreamStateInfo
	for _, st := range e.Streams {
		if !s.knows(st.Participant) {
			continue
		}
		state := lk.StreamState_ACTIVE
		if st.Paused {
			state = lk.StreamState_PAUSED
		}
		out = append(out, &lk.StreamStateInfo{ParticipantSid: st.Participant, TrackSid: st.SID, State: state})
	}
	if len(out) > 0 {
		s.send(&lk.SignalResponse{Message: &lk.SignalResponse_StreamStateUpdate{
			StreamStateUpdate: &lk.StreamStateUpdate{StreamStates: out},
		}})
	}
}

var connectionQualities = map[Connection]lk.ConnectionQuality{
	ConnectionPoor:      lk.ConnectionQuality_POOR,
	ConnectionGood:      lk.ConnectionQuality_GOOD,
	ConnectionExcellent: lk.ConnectionQuality_EXCELLENT,
	ConnectionLost:      lk.ConnectionQuality_LOST,
}

// quality tells the client how its own connection does and, in a small class, the others too.
func (s *rtcSession) quality(e QualityEvent) {
	if e.Quality == ConnectionLost && !s.sending() { // clients take it for the end: a silent one is not lost
		e.Quality = ConnectionPoor
	}
	info := &lk.ConnectionQualityInfo{ParticipantSid: s.sid, Quality: connectionQualities[e.Quality], Score: e.Score}
	s.tellQuality(info)
	if s.view == nil || len(s.view.GetParticipants()) > rtcCoalesceAbove {
		return
	}
	for _, other := range s.hub.others(s) {
		other.offer(func() {
			if other.knows(info.GetParticipantSid()) {
				other.tellQuality(info)
			}
		})
	}
}

// sending says whether the client has anything to be heard or seen by.
func (s *rtcSession) sending() bool {
	for _, t := range s.own {
		if t.arrived && !t.blocked && !t.info.GetMuted() {
			return true
		}
	}
	return false
}

func (s *rtcSession) tellQuality(info *lk.ConnectionQualityInfo) {
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_ConnectionQuality{
		ConnectionQuality: &lk.ConnectionQualityUpdate{Updates: []*lk.ConnectionQualityInfo{info}},
	}})
}

// subscribedQuality tells a publisher which layers are wanted (dynacast).
func (s *rtcSession) subscribedQuality(e SubscribedQualityEvent) {
	out := &lk.SubscribedQualityUpdate{TrackSid: e.SID}
	for i, c := range e.Codecs {
		codec := &lk.SubscribedCodec{Codec: c.Codec}
		for _, q := range c.Qualities {
			codec.Qualities = append(codec.Qualities, &lk.SubscribedQuality{
				Quality: lk.VideoQuality(q.Quality), Enabled: q.Enabled,
			})
		}
		out.SubscribedCodecs = append(out.SubscribedCodecs, codec)
		if i == 0 {
			livekit.SubscribedQualities(out, codec.GetQualities())
		}
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_SubscribedQualityUpdate{SubscribedQualityUpdate: out}})
}
