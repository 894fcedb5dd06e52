package signaling

import (
	"context"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// rtcDepartTimeout bounds what a session still says to the class when it has ended.
const rtcDepartTimeout = 3 * time.Second

func leaveMessage(l *lk.LeaveRequest) *lk.SignalResponse {
	return &lk.SignalResponse{Message: &lk.SignalResponse_Leave{Leave: l}}
}

// depart tells the class what the end of a session means: its tracks and its sid are gone, and with
// a client's leave the participant itself, unless it has the class open in a page too.
func (s *rtcSession) depart(ctx context.Context) {
	defer s.absent()
	if s.replaced {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, rtcDepartTimeout)
	defer cancel()
	if s.quit && !s.handler.options.Seats.onClass(s.seat()) {
		actor := class.Actor{ID: s.participant, Kind: class.ActorParticipant}
		leave := &classpb.Command{Body: &classpb.Command_Leave{Leave: &classpb.LeaveClass{}}}
		if _, err := s.room.Do(ctx, actor, leave); err == nil {
			return
		}
	}
	for sid := range s.own {
		s.tell(ctx, &classpb.Command{Body: &classpb.Command_UnpublishTrack{
			UnpublishTrack: &classpb.UnpublishTrack{Sid: sid},
		}})
	}
	s.tell(ctx, &classpb.Command{Body: &classpb.Command_SetSid{
		SetSid: &classpb.SetSid{Participant: s.participant},
	}})
}

// tell is for what the class may well know already.
func (s *rtcSession) tell(ctx context.Context, c *classpb.Command) {
	if _, err := s.room.Do(ctx, class.Node(), c); err != nil {
		s.log.Debug("rtc: departing", "error", err)
	}
}

// absent ends the participant's presence by this session.
func (s *rtcSession) absent() {
	if s.disconnected != nil {
		s.disconnected()
		s.disconnected = nil
	}
}

// lostSocket begins the wait for the client to come back.
func (s *rtcSession) lostSocket(k *rtcSocket) {
	if s.socket != k {
		return
	}
	s.socket = nil
	s.absent()
	s.linger.Reset(s.handler.options.Linger)
}

// leave is the client's word that it will not come back.
func (s *rtcSession) leave(*lk.LeaveRequest) {
	s.quit = true
	s.end(&lk.LeaveRequest{Reason: lk.DisconnectReason_CLIENT_INITIATED})
}

// onClass says whether a participant has a /class socket.
func (s *seats) onClass(k seatKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.taken[k]
	return ok && at.class != nil
}
