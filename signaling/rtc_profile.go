package signaling

import (
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// refreshToken renews the client's token, so that a stay of hours can still be resumed.
func (s *rtcSession) refreshToken() {
	token, err := s.newToken()
	if err != nil {
		s.log.Error("rtc: renewing a token", "error", err)
		return
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_RefreshToken{RefreshToken: token}})
}

func (s *rtcSession) newToken() (string, error) {
	claims := s.claims
	if s.ownData != nil {
		claims = claims.WithOwnMetadata(*s.ownData)
	}
	return s.handler.options.Keys.Refresh(claims)
}

// permitOwnData: the server API says whether the participant may set its own metadata, from now on
// and in the tokens it is given.
func (s *rtcSession) permitOwnData(may bool) {
	if s.view == nil || s.mayUpdateOwn() == may {
		return
	}
	s.ownData = &may
	s.refreshToken()
	s.announceSelf()
}

func (s *rtcSession) mayUpdateOwn() bool {
	if s.ownData != nil {
		return *s.ownData
	}
	return s.claims.Grants.Video.GetCanUpdateOwnMetadata()
}

// updateMetadata changes what the participant says of itself. Role and hand are not for it to say.
func (s *rtcSession) updateMetadata(u *lk.UpdateParticipantMetadata) {
	answer := func(reason lk.RequestResponse_Reason, why string) {
		s.respond(&lk.RequestResponse{
			RequestId: u.GetRequestId(), Reason: reason, Message: why,
			Request: &lk.RequestResponse_UpdateMetadata{UpdateMetadata: u},
		})
	}
	if !s.mayUpdateOwn() {
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
