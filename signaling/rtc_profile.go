package signaling

import (
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// refreshToken renews the client's token, so that a stay of hours can still be resumed.
func (s *rtcSession) refreshToken() {
	token, err := s.handler.options.Keys.Refresh(s.claims)
	if err != nil {
		s.log.Error("rtc: renewing a token", "error", err)
		return
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_RefreshToken{RefreshToken: token}})
}

// updateMetadata changes what the participant says of itself. Role and hand are not for it to say.
func (s *rtcSession) updateMetadata(u *lk.UpdateParticipantMetadata) {
	answer := func(reason lk.RequestResponse_Reason, why string) {
		s.respond(&lk.RequestResponse{
			RequestId: u.GetRequestId(), Reason: reason, Message: why,
			Request: &lk.RequestResponse_UpdateMetadata{UpdateMetadata: u},
		})
	}
	if !s.claims.Grants.Video.GetCanUpdateOwnMetadata() {
		answer(lk.RequestResponse_NOT_ALLOWED, "not granted by the token")
		return
	}
	set := &classpb.SetProfile{Participant: s.participant}
	set.Attributes = livekit.OwnAttributes(u.GetAttributes())
	if len(set.GetAttributes()) == 0 && len(u.GetAttributes()) > 0 && u.GetName() == "" && u.GetMetadata() == "" {
		answer(lk.RequestResponse_LIMIT_EXCEEDED, "too many attributes, or not one's own")
		return
	}
	if u.GetName() != "" {
		set.Name = &u.Name
	}
	if u.GetMetadata() != "" {
		set.Metadata = &u.Metadata
	}
	s.command(class.Node(), &classpb.Command{Body: &classpb.Command_SetProfile{SetProfile: set}}, func(err error) {
		why := ""
		if err != nil {
			why = err.Error()
		}
		answer(livekit.ReasonOf(codeOf(err)), why)
	})
}
