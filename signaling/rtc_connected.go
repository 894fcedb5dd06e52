package signaling

import (
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// mediaConnected: the session's primary connection is there. The class is told once.
func (s *rtcSession) mediaConnected() {
	first := s.state != lk.ParticipantInfo_ACTIVE
	s.progress(lk.ParticipantInfo_ACTIVE)
	if first {
		s.tellConnected()
	}
}

func (s *rtcSession) tellConnected() {
	s.command(class.Node(), &classpb.Command{Body: &classpb.Command_SetConnected{
		SetConnected: &classpb.SetConnected{Participant: s.participant, Sid: s.sid},
	}}, nil)
}
