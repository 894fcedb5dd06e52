package signaling

import (
	"errors"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// mute is the client's wish for its own track. Muting is obeyed at once; unmuting waits for the
// class.
func (s *rtcSession) mute(r *lk.MuteTrackRequest) {
	t := s.own[r.GetSid()]
	if t == nil {
		s.respond(&lk.RequestResponse{
			Reason: lk.RequestResponse_NOT_FOUND, Message: "no such track",
			Request: &lk.RequestResponse_Mute{Mute: r},
		})
		return
	}
	t.told = r.GetMuted()
	if r.GetMuted() || !t.known {
		t.info.Muted = r.GetMuted()
		s.doNow(SetMuted{SID: r.GetSid(), Muted: r.GetMuted()})
	}
	if t.known {
		s.muteCommand(r.GetSid(), r.GetMuted(), r)
	}
}

// muteCommand asks the class, and takes the client back to where it was when that says no.
func (s *rtcSession) muteCommand(sid string, muted bool, request *lk.MuteTrackRequest) {
	c := &classpb.Command{Body: &classpb.Command_Mute{Mute: &classpb.Mute{Sid: sid, Muted: muted}}}
	s.command(s.self(), c, func(err error) {
		if err == nil {
			return
		}
		if request != nil {
			s.respond(&lk.RequestResponse{
				Reason: livekit.ReasonOf(codeOf(err)), Message: err.Error(),
				Request: &lk.RequestResponse_Mute{Mute: request},
			})
		}
		if t := s.own[sid]; t != nil && !muted {
			t.info.Muted = true
			s.doNow(SetMuted{SID: sid, Muted: true})
			s.tellMuted(sid, true)
		}
	})
}

// trackMuted: the class has decided. The client is told when it was not its own doing.
func (s *rtcSession) trackMuted(e *classpb.TrackMuted) {
	t := s.own[e.GetSid()]
	if t == nil {
		return
	}
	t.info.Muted = e.GetMuted()
	s.doNow(SetMuted{SID: e.GetSid(), Muted: e.GetMuted()})
	if t.told != e.GetMuted() {
		t.told = e.GetMuted()
		s.tellMuted(e.GetSid(), e.GetMuted())
	}
}

// tellMuted sends the server's mute. livekit-client compares its tracks with every update of its
// own participant and asks for the difference to be undone, so that update is held back a moment.
func (s *rtcSession) tellMuted(sid string, muted bool) {
	s.muteTold = true
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Mute{Mute: &lk.MuteTrackRequest{Sid: sid, Muted: muted}}})
}

// codeOf is the class's code of an error; what has none is the server's own fault.
func codeOf(err error) classpb.Code {
	var coded *class.Error
	switch {
	case err == nil:
		return classpb.Code_CODE_UNSPECIFIED
	case errors.As(err, &coded):
		return coded.Code
	}
	return classpb.Code_CODE_INTERNAL
}

// counted records what became of a command.
func (s *rtcSession) counted(err error) {
	result := "ok"
	if err != nil {
		result = codeName(codeOf(err))
	}
	s.handler.options.Metrics.commands.WithLabelValues(socketRTC, result).Inc()
}
