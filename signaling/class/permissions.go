package class

import "preau/signaling/classpb"

// MayPublish says whether a participant may have a track of a source. For who is not in the class:
// never. SOURCE_UNSPECIFIED, which foreign clients send, needs microphone and camera both.
func MayPublish(s *classpb.State, id string, source classpb.Source) bool {
	p := s.GetParticipants()[id]
	return inside(p) && rightsOf(s, p).publish(source)
}

// MayUnmute says whether a participant may open a track of a source that is muted.
func MayUnmute(s *classpb.State, id string, source classpb.Source) bool {
	p := s.GetParticipants()[id]
	return inside(p) && rightsOf(s, p).unmute(source)
}

// MaySubscribe says whether a participant may receive media.
func MaySubscribe(s *classpb.State, id string) bool {
	p := s.GetParticipants()[id]
	return inside(p) && !p.GetPermissions().GetNoSubscribe()
}

// MaySendPackets says whether a participant may send LiveKit data packets. The hidden may where their
// token is of a server that knows only LiveKit, which passes them on without a sender.
func MaySendPackets(s *classpb.State, id string) bool {
	p := s.GetParticipants()[id]
	return MaySendData(s, id) || inside(p) && p.GetForeign() && !p.GetPermissions().GetNoData()
}

// MaySendData says whether a participant may send data under its own name, which the hidden have not:
// data tracks, and blobs.
func MaySendData(s *classpb.State, id string) bool {
	p := s.GetParticipants()[id]
	return visible(p) && !p.GetPermissions().GetNoData()
}

// rights decide over a participant's tracks and chat: the rules as they are, or as they are about
// to be.
type rights struct {
	role        classpb.Role
	foreign     bool
	permissions *classpb.Permissions
	locks       *classpb.Locks
	word        bool
}

func rightsOf(s *classpb.State, p *classpb.Participant) rights {
	return rights{
		role: p.GetRole(), foreign: p.GetForeign(), permissions: p.GetPermissions(),
		locks: s.GetLocks(), word: HasWord(s, p.GetId()),
	}
}

func (r rights) publish(source classpb.Source) bool {
	switch {
	case r.role == classpb.Role_ROLE_UNSPECIFIED || hiddenRole(r.role):
		return false
	case source == classpb.Source_SOURCE_MICROPHONE:
		return r.word || r.allowed(r.permissions.GetMicrophone(), r.locks.GetMicrophone())
	case source == classpb.Source_SOURCE_CAMERA:
		return r.allowed(r.permissions.GetCamera(), r.locks.GetCamera())
	case source == classpb.Source_SOURCE_SCREEN, source == classpb.Source_SOURCE_SCREEN_AUDIO:
		return r.role == classpb.Role_ROLE_PRESENTER || r.allowed(r.permissions.GetScreen(), r.locks.GetScreen())
	default:
		return r.publish(classpb.Source_SOURCE_MICROPHONE) && r.publish(classpb.Source_SOURCE_CAMERA)
	}
}

func (r rights) unmute(source classpb.Source) bool {
	switch {
	case !r.publish(source):
		return false
	case source == classpb.Source_SOURCE_MICROPHONE:
		return r.word || r.allowed(r.permissions.GetMicrophone(), r.locks.GetUnmute())
	case source == classpb.Source_SOURCE_SCREEN_AUDIO:
		return r.word || r.role == classpb.Role_ROLE_PRESENTER || r.allowed(r.permissions.GetScreen(), r.locks.GetUnmute())
	default:
		return true
	}
}

func (r rights) chat() bool {
	return r.role != classpb.Role_ROLE_UNSPECIFIED && !hiddenRole(r.role) &&
		r.allowed(r.permissions.GetChat(), r.locks.GetChat())
}

// allowed: a teacher is never locked, except by a foreign token's own grants; for others, the
// person's switch beats the class's lock.
func (r rights) allowed(s classpb.Switch, locked bool) bool {
	switch {
	case s == classpb.Switch_SWITCH_ALLOWED:
		return true
	case r.role == classpb.Role_ROLE_TEACHER:
		return !r.foreign || s != classpb.Switch_SWITCH_DENIED
	case s == classpb.Switch_SWITCH_DENIED:
		return false
	default:
		return !locked
	}
}
