package room

import "preau/signaling/classpb"

// Door is what whoever stands before a class may ask, as it was after the last
// batch that was kept: enough to show a title, to take a code, to turn away who is
// banned, without waiting for the room.
type Door struct {
	Title   string
	Lobby   bool
	Session string // "RM_…"
	Code    string // empty until the class is open
	Ended   bool   // the session is over, and nobody comes in any more

	// Banned says whether whoever has this identity is banned. It is never nil, and
	// answers from the time of the Door.
	Banned func(identity string) bool
}

// Door is read without the room's goroutine: it never blocks, whatever the room
// does, and copies nothing. It is of a moment, and a Join decides anew.
//
//	if d := r.Door(); d.Ended || d.Banned(claims.Identity) { … }
func (r *Room) Door() Door { return *r.door.Load() }

// openDoor publishes what the state says of the door.
func (r *Room) openDoor() {
	s := r.state
	banned := map[string]struct{}{}
	for _, p := range s.GetParticipants() {
		if p.GetBanned() {
			banned[p.GetProfile().GetIdentity()] = struct{}{}
		}
	}
	r.door.Store(&Door{
		Title: s.GetTitle(), Lobby: s.GetLobby(), Session: r.session, Code: s.GetCode(),
		Ended: s.GetPhase() == classpb.Phase_PHASE_ENDED,
		Banned: func(identity string) bool {
			_, is := banned[identity]
			return is
		},
	})
}

// movesDoor says whether the door may be another after an event.
func movesDoor(e *classpb.Event) bool {
	switch b := e.GetBody().(type) {
	case *classpb.Event_Opened, *classpb.Event_Ended, *classpb.Event_TitleSet, *classpb.Event_LobbySet,
		*classpb.Event_Unbanned:
		return true
	case *classpb.Event_Left:
		return b.Left.GetReason() == classpb.LeaveReason_LEAVE_REASON_BANNED
	}
	return false
}
