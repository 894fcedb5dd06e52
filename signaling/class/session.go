package class

import (
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// A session:
//
//	(none) ──Opened──▶ open ──Ended──▶ ended
//
// One that is open is not opened again, and one that has ended takes no command any more: the next
// meeting of the class has a log of its own.

func decideOpen(d *docket, c *classpb.Command) error {
	o := c.GetOpen()
	if d.state.GetPhase() == classpb.Phase_PHASE_OPEN {
		return nil
	}
	if o.GetName() == "" {
		return invalid("a class needs a name")
	}
	if err := cleanToken("name", o.GetName(), MaxClassNameSize); err != nil {
		return err
	}
	if err := cleanToken("tenant", o.GetTenant(), MaxClassNameSize); err != nil {
		return err
	}
	title, err := CleanTitle(o.GetTitle())
	if err != nil {
		return err
	}
	if err := checkMetadata(o.GetMetadata()); err != nil {
		return err
	}
	if d.session == "" {
		d.session = d.in.NewID("RM_")
	}
	d.tell(nil, &classpb.Event{Body: &classpb.Event_Opened{Opened: &classpb.Opened{
		Tenant: o.GetTenant(), Name: o.GetName(), Title: title, Code: d.in.NewCode(),
		Locks: firstLocks(d.actor, o), Lobby: o.GetLobby(), Metadata: o.GetMetadata(),
		MaxParticipants: o.GetMaxParticipants(),
		EmptyTimeoutS:   o.GetEmptyTimeoutS(), DepartureTimeoutS: o.GetDepartureTimeoutS(),
	}}})
	return nil
}

// firstLocks: pupils neither share screens nor write to each other until a teacher lets them. The
// server API knows no locks, so that its classes start without.
func firstLocks(a Actor, o *classpb.OpenClass) *classpb.Locks {
	switch {
	case o.GetLocks() != nil:
		return clone(o.GetLocks())
	case a.Kind == ActorKey:
		return &classpb.Locks{}
	default:
		return &classpb.Locks{Screen: true, PrivateChat: true}
	}
}

func applyOpened(s *classpb.State, e *classpb.Event) {
	o := e.GetOpened()
	s.Session, s.Phase, s.OpenedMs = e.GetSession(), classpb.Phase_PHASE_OPEN, e.GetTimeMs()
	s.Tenant, s.Name, s.Title, s.Code = o.GetTenant(), o.GetName(), o.GetTitle(), o.GetCode()
	s.Locks, s.Lobby, s.Metadata = &classpb.Locks{}, o.GetLobby(), o.GetMetadata()
	proto.Merge(s.Locks, o.GetLocks())
	s.MaxParticipants = o.GetMaxParticipants()
	s.EmptyTimeoutS, s.DepartureTimeoutS = o.GetEmptyTimeoutS(), o.GetDepartureTimeoutS()
}

func decideEnd(d *docket, _ *classpb.Command) error {
	d.tell(door(), &classpb.Event{Body: &classpb.Event_Ended{Ended: &classpb.Ended{}}})
	return nil
}

// applyEnded: everyone is gone with it; their lens stays, so that they see that it ended.
func applyEnded(s *classpb.State, e *classpb.Event) {
	s.Phase, s.EndedMs = classpb.Phase_PHASE_ENDED, e.GetTimeMs()
	for _, p := range s.GetParticipants() {
		if inside(p) || waits(p) {
			p.Presence, p.Left = classpb.Presence_PRESENCE_GONE, classpb.LeaveReason_LEAVE_REASON_ENDED
		}
	}
	clear(s.Tracks)
	s.Hands, s.Word, s.Spotlight = nil, nil, ""
}

func decideSetTitle(d *docket, c *classpb.Command) error {
	title, err := CleanTitle(c.GetSetTitle().GetTitle())
	if err != nil || title == d.state.GetTitle() {
		return err
	}
	d.tell(door(), &classpb.Event{Body: &classpb.Event_TitleSet{TitleSet: &classpb.TitleSet{Title: title}}})
	return nil
}

func applyTitleSet(s *classpb.State, e *classpb.Event) { s.Title = e.GetTitleSet().GetTitle() }

func decideSetMetadata(d *docket, c *classpb.Command) error {
	metadata := c.GetSetMetadata().GetMetadata()
	if err := checkMetadata(metadata); err != nil || metadata == d.state.GetMetadata() {
		return err
	}
	d.tell(nil, &classpb.Event{Body: &classpb.Event_MetadataSet{MetadataSet: &classpb.MetadataSet{Metadata: metadata}}})
	return nil
}

func applyMetadataSet(s *classpb.State, e *classpb.Event) {
	s.Metadata = e.GetMetadataSet().GetMetadata()
}
