package class

import (
	"slices"

	"preau/signaling/classpb"
)

// View is a copy of a state with what the viewer may not know left out. For every event that does
// not change the viewer's lens, Apply and View commute: the view of the state after it is the view
// before it with the event applied, if the viewer Hears it, and with its number alone otherwise.
func View(s *classpb.State, v Viewer) *classpb.State {
	switch lens := LensOf(s, v); lens {
	case LensAll, LensModerator, LensPresent:
		return viewInside(s, lens, v.Participant)
	case LensWaiting:
		return viewDoor(s, v.Participant)
	default:
		return &classpb.State{Session: s.GetSession(), Seq: s.GetSeq()}
	}
}

// viewDoor: the class's name and oneself. That one was introduced is for those inside to hear; one's
// own admission comes as a snapshot.
func viewDoor(s *classpb.State, self string) *classpb.State {
	me := clone(s.GetParticipants()[self])
	me.Introduced = false
	return &classpb.State{
		Session: s.GetSession(), Seq: s.GetSeq(), Tenant: s.GetTenant(), Name: s.GetName(),
		Phase: s.GetPhase(), Title: s.GetTitle(), OpenedMs: s.GetOpenedMs(), EndedMs: s.GetEndedMs(),
		Lobby:        s.GetLobby(),
		Participants: map[string]*classpb.Participant{self: me},
	}
}

// viewInside names every field: one that is added to the schema stays withheld until it is here.
func viewInside(s *classpb.State, lens Lens, self string) *classpb.State {
	out := &classpb.State{
		Session: s.GetSession(), Seq: s.GetSeq(), Tenant: s.GetTenant(), Name: s.GetName(),
		Phase: s.GetPhase(), Title: s.GetTitle(), Code: s.GetCode(),
		OpenedMs: s.GetOpenedMs(), EndedMs: s.GetEndedMs(),
		Locks: clone(s.GetLocks()), Lobby: s.GetLobby(),
		Hands: slices.Clone(s.GetHands()), Word: slices.Clone(s.GetWord()), Spotlight: s.GetSpotlight(),
		Metadata: s.GetMetadata(), MaxParticipants: s.GetMaxParticipants(),
		EmptyTimeoutS: s.GetEmptyTimeoutS(), DepartureTimeoutS: s.GetDepartureTimeoutS(),
		Participants: make(map[string]*classpb.Participant, len(s.GetParticipants())),
		Tracks:       make(map[string]*classpb.Track, len(s.GetTracks())),
	}
	for id, p := range s.GetParticipants() {
		if seen := viewPerson(p, lens, self); seen != nil {
			out.Participants[id] = seen
		}
	}
	for sid, t := range s.GetTracks() {
		out.Tracks[sid] = clone(t)
	}
	for _, m := range s.GetChat() {
		if reaches(lens, self, audienceOf(m)) {
			out.Chat = append(out.Chat, clone(m))
		}
	}
	return out
}

// viewPerson: whom everyone was introduced to. Until they have joined, which follows at once, their
// name is all that was told.
func viewPerson(p *classpb.Participant, lens Lens, self string) *classpb.Participant {
	switch {
	case lens >= LensModerator || p.GetId() == self:
		return clone(p)
	case !p.GetIntroduced():
		return nil
	case !p.GetAdmitted():
		return &classpb.Participant{Id: p.GetId(), Profile: clone(p.GetProfile()), Introduced: true}
	default:
		return clone(p)
	}
}
