package room

import (
	"context"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// attachment is a member of the room.
type attachment struct {
	viewer class.Viewer
	member Member
	gone   atomic.Bool // set by whoever detaches; the room drops it when it next looks
}

// Attach lets a member hear the class as the viewer may. The first batch, which
// is delivered before Attach returns, is the events after since if the member
// knows this session up to there and its kind of view has not changed, else a
// snapshot. The function returned detaches; a delivery under way may still
// end after it. After a goodbye nothing more comes.
func (r *Room) Attach(ctx context.Context, v class.Viewer, session string, since uint64, m Member) (detach func(), err error) {
	a := &attachment{viewer: v, member: m}
	detach = func() {
		a.gone.Store(true)
		r.rouse()
	}
	var refused error
	err = r.call(ctx, func() { refused = r.attach(a, session, since) })
	if err == nil {
		err = refused
	}
	if err != nil {
		detach()
		return nil, err
	}
	return detach, nil
}

func (r *Room) attach(a *attachment, session string, since uint64) error {
	if r.ended.Load() {
		return r.over()
	}
	if a.gone.Load() {
		return nil // nobody waits for it any more
	}
	if class.LensOf(r.state, a.viewer) == class.LensNone {
		return &class.Error{Code: classpb.Code_CODE_NOT_FOUND, Message: "the participant is not in the class"}
	}
	first, ok := class.Batch{}, false
	if session == r.session && since > 0 {
		first, ok = r.tail(a.viewer, since)
	}
	if !ok {
		first = r.snapshot(a.viewer)
	}
	if r.give(a, first) {
		r.members = append(r.members, a)
	}
	return nil
}

// tail is what a view holds after a number. False: not at hand, or the view
// became another kind on the way.
func (r *Room) tail(v class.Viewer, since uint64) (class.Batch, bool) {
	events, ok := r.kept.since(since)
	if !ok {
		return class.Batch{}, false
	}
	b := class.Batch{Through: r.kept.last()}
	for _, e := range events {
		if class.ChangesLens(v, e) {
			return class.Batch{}, false
		}
		if class.Hears(r.state, v, e) {
			b.Events = append(b.Events, e)
		}
	}
	if !v.All {
		b.Frame = batchFrame(b)
	}
	return b, true
}

func (r *Room) snapshot(v class.Viewer) class.Batch {
	b := class.Batch{Snapshot: class.View(r.state, v), Through: r.state.GetSeq()}
	if !v.All {
		b.Frame = encode(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Snapshot{Snapshot: b.Snapshot}})
	}
	return b
}

// deliver tells all members what has happened, each what its view holds of it.
func (r *Room) deliver(events []*classpb.Event, ephemeral []*classpb.Ephemeral) {
	if len(events)+len(ephemeral) == 0 {
		return
	}
	shared := newSharing(r.state, events)
	var moments []class.Batch
	for _, e := range ephemeral {
		r.guard("an ephemeral message", func() { moments = append(moments, r.moment(e)) })
	}
	for _, a := range r.members {
		if !a.gone.Load() && !r.guard("a delivery", func() { r.tell(a, shared, moments) }) {
			r.letGo(a, "panic")
		}
	}
	r.purge()
}

func (r *Room) moment(e *classpb.Ephemeral) class.Batch {
	return class.Batch{
		Ephemeral: []*classpb.Ephemeral{e}, Through: r.state.GetSeq(),
		Frame: encode(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Ephemeral{Ephemeral: e}}),
	}
}

// tell gives one member its part: events or a snapshot, the moment's.
func (r *Room) tell(a *attachment, shared *sharing, moments []class.Batch) {
	if class.LensOf(r.state, a.viewer) == class.LensNone {
		return
	}
	b, something := shared.batch(a.viewer)
	if changed(a.viewer, shared.events) {
		b, something = r.snapshot(a.viewer), true
	}
	if something && !r.give(a, b) {
		return
	}
	for _, m := range moments {
		if class.HearsEphemeral(r.state, a.viewer, m.Ephemeral[0]) && !r.give(a, m) {
			return
		}
	}
}

// dismiss says goodbye to the members who hear nothing more.
func (r *Room) dismiss() {
	if !r.partings {
		return
	}
	r.partings = false
	for _, a := range r.members {
		if reason := farewell(r.state, a.viewer); reason != 0 {
			r.goodbye(a, reason)
		}
	}
	r.purge()
}

// parts says whether an event may be the last that somebody hears.
func parts(e *classpb.Event) bool { return e.GetLeft() != nil || e.GetEnded() != nil }

// changed says whether the viewer's kind of view may be another now.
func changed(v class.Viewer, events []*classpb.Event) bool {
	for _, e := range events {
		if class.ChangesLens(v, e) {
			return true
		}
	}
	return false
}

// give delivers; false: the member was let go.
func (r *Room) give(a *attachment, b class.Batch) bool {
	ok := false
	if !r.guard("a member", func() { ok = a.member.Deliver(b) }) {
		r.letGo(a, "panic")
	} else if !ok {
		r.letGo(a, "slow")
	}
	return ok
}

func (r *Room) letGo(a *attachment, reason string) {
	a.gone.Store(true)
	r.options.Metrics.LetGo(reason)
}

func (r *Room) goodbye(a *attachment, reason classpb.GoodbyeReason) {
	if a.gone.Load() {
		return
	}
	r.give(a, class.Batch{
		Goodbye: reason, Through: r.state.GetSeq(),
		Frame: encode(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Goodbye{Goodbye: &classpb.Goodbye{Reason: reason}}}),
	})
	a.gone.Store(true)
}

// purge drops who has gone.
func (r *Room) purge() {
	stay := r.members[:0]
	for _, a := range r.members {
		if !a.gone.Load() {
			stay = append(stay, a)
		}
	}
	clear(r.members[len(stay):])
	r.members = stay
}

// farewell is why a viewer hears nothing more, if so.
func farewell(s *classpb.State, v class.Viewer) classpb.GoodbyeReason {
	p := s.GetParticipants()[v.Participant]
	if !v.All && p.GetPresence() == classpb.Presence_PRESENCE_GONE {
		switch p.GetLeft() {
		case classpb.LeaveReason_LEAVE_REASON_REMOVED:
			return classpb.GoodbyeReason_GOODBYE_REASON_REMOVED
		case classpb.LeaveReason_LEAVE_REASON_REFUSED:
			return classpb.GoodbyeReason_GOODBYE_REASON_REFUSED
		case classpb.LeaveReason_LEAVE_REASON_BANNED:
			return classpb.GoodbyeReason_GOODBYE_REASON_BANNED
		case classpb.LeaveReason_LEAVE_REASON_ENDED:
			return classpb.GoodbyeReason_GOODBYE_REASON_ENDED
		default:
			return classpb.GoodbyeReason_GOODBYE_REASON_LEFT
		}
	}
	if s.GetPhase() == classpb.Phase_PHASE_ENDED {
		return classpb.GoodbyeReason_GOODBYE_REASON_ENDED
	}
	return 0
}

func batchFrame(b class.Batch) []byte {
	return encode(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Batch{Batch: &classpb.Batch{Events: b.Events, Through: b.Through}}})
}

// encode never fails: names and texts were checked to be UTF-8 when they came.
func encode(f *classpb.ServerFrame) []byte {
	b, err := proto.Marshal(f)
	if err != nil {
		panic(err) // the delivery's guard lets the member go
	}
	return b
}
