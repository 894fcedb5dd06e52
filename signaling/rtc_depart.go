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
// a client's leave the participant itself, unless it is one of our pages, which says so on /class:
// livekit-client says leave when a page is reloaded, and before each full reconnect too, and that
// must not cost a pupil the raised hand.
func (s *rtcSession) depart(ctx context.Context) {
	defer s.absent()
	if s.replaced {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, rtcDepartTimeout)
	defer cancel()
	if s.quit && s.join.Page == "" {
		actor := class.Actor{ID: s.participant, Kind: class.ActorParticipant}
		leave := &classpb.Command{Body: &classpb.Command_Leave{Leave: &classpb.LeaveClass{}}}
		if _, err := s.room.Do(ctx, actor, leave); err == nil {
			return
		}
	}
	_, err := s.room.Do(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_SetSid{
		SetSid: &classpb.SetSid{Participant: s.participant}, // its tracks go with the sid
	}})
	if err != nil { // the class has ended, or sent the participant away
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
