package class

import "preau/signaling/classpb"

// door is everyone admitted, and those who wait too.
func door() *classpb.Audience { return &classpb.Audience{Lobby: true} }

// teachersAnd is the moderators and these.
func teachersAnd(ids ...string) *classpb.Audience {
	return &classpb.Audience{Teachers: true, Participants: ids}
}

// only is these, wherever they are.
func only(ids ...string) *classpb.Audience { return &classpb.Audience{Participants: ids} }

// about is who may hear of a participant: everyone admitted (nil) once introduced, before that the
// teachers and oneself. It is what keeps the lobby and the hidden out of pupils' views.
func about(p *classpb.Participant) *classpb.Audience {
	if p.GetIntroduced() {
		return nil
	}
	return teachersAnd(p.GetId())
}
