package webhook

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// What may wait of a class for its follower. Beyond either it begins again with what the class is
// then.
const (
	followerQueue = 1024 // batches
	followerBytes = 16 << 20
)

// attachTime bounds the first attaching, which whoever opens the class waits for.
const attachTime = 2 * time.Second

// Follow tells of a class from now on, if it is the tenant's. For room.Options.Watch.
func (h *Hooks) Follow(r *room.Room) {
	if tenant, _ := r.Key(); tenant != h.o.Tenant {
		return
	}
	h.mu.Lock()
	h.followed[r.Session()] = true
	f := &follower{h: h, room: r, story: newStory()}
	if told := h.stories[r.Session()]; told != nil {
		f.story = told.clone()
	}
	h.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), attachTime)
	defer cancel()
	first := f.attach(ctx) // at once: the class may be over soon
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed {
		h.running.Go(func() { f.run(first) })
	}
}

// Settle ends the stories of the sessions that nobody follows: they ended when it could not be told.
// It is called once, when all classes that are open are followed.
func (h *Hooks) Settle(ctx context.Context) {
	h.mu.Lock()
	var ended []batch
	for _, session := range slices.Sorted(maps.Keys(h.stories)) {
		if !h.followed[session] {
			ended = append(ended, batch{session, stamp(h.stories[session].clone().end(), time.Now().UnixMilli(), "")})
		}
	}
	h.mu.Unlock()
	for _, b := range ended {
		select {
		case h.in <- b:
		case <-ctx.Done():
			return
		}
	}
}

// follower hears one class.
type follower struct {
	h     *Hooks
	room  *room.Room
	story *story
	state *classpb.State
}

// seat is the follower's place in the room.
type seat struct {
	queue  *room.Queue
	detach func()
	err    error
}

func (f *follower) attach(ctx context.Context) seat {
	q := room.NewQueue(followerQueue, followerBytes)
	detach, err := f.room.Attach(ctx, class.Viewer{All: true}, "", 0, q)
	return seat{q, detach, err}
}

// run hears the class to its end, or the Hooks'.
func (f *follower) run(at seat) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f.h.running.Go(func() {
		select {
		case <-f.h.stopped:
			cancel()
		case <-ctx.Done():
		}
	})
	for f.attend(ctx, at) {
		at = f.attach(ctx)
	}
}

// attend hears the class until there is no more, or it was too slow: then true, to begin again.
func (f *follower) attend(ctx context.Context, at seat) (again bool) {
	if at.err != nil {
		return f.refused(ctx, at.err)
	}
	defer at.detach()
	for {
		b, err := at.queue.Get(ctx)
		if errors.Is(err, room.ErrSlow) {
			f.h.m.dropped.WithLabelValues("follower").Inc()
			return true
		}
		if err != nil || !f.hear(ctx, b) || b.Goodbye != classpb.GoodbyeReason_GOODBYE_REASON_UNSPECIFIED {
			return false
		}
	}
}

// refused: a class that has ended is told to have; one that is busy is asked again.
func (f *follower) refused(ctx context.Context, err error) (again bool) {
	var coded *class.Error
	if errors.As(err, &coded) && coded.Code == classpb.Code_CODE_ENDED {
		f.tell(ctx, stamp(f.story.end(), time.Now().UnixMilli(), ""))
		return false
	}
	select {
	case <-f.room.Done():
		return false
	default:
		return wait(ctx, firstPause)
	}
}

// hear follows the class; false: the Hooks have stopped.
func (f *follower) hear(ctx context.Context, b class.Batch) bool {
	if b.Snapshot != nil {
		f.state = proto.CloneOf(b.Snapshot) // a batch is everyone's
		if !f.tell(ctx, stamp(f.story.next(f.state), time.Now().UnixMilli(), "")) {
			return false
		}
	}
	for _, e := range b.Events {
		class.Apply(f.state, e)
		if matters(e) && !f.tell(ctx, stamp(f.story.next(f.state), e.GetTimeMs(), e.GetActor())) {
			return false
		}
	}
	return true
}

func (f *follower) tell(ctx context.Context, events []*lk.WebhookEvent) bool {
	if len(events) == 0 {
		return true
	}
	select {
	case f.h.in <- batch{f.room.Session(), events}:
		return true
	case <-ctx.Done():
		return false
	}
}

// retold are the events that tell the story as it stands.
func (s *story) retold() []*lk.WebhookEvent {
	if s.room == nil {
		return nil
	}
	out := []*lk.WebhookEvent{{Event: roomStarted, Room: s.room}}
	for _, sid := range slices.Sorted(maps.Keys(s.people)) {
		out = append(out, &lk.WebhookEvent{Event: participantJoined, Room: s.room, Participant: s.people[sid]})
	}
	for _, sid := range slices.Sorted(maps.Keys(s.tracks)) {
		t := s.tracks[sid]
		out = append(out, &lk.WebhookEvent{Event: trackPublished, Room: s.room, Participant: t.GetParticipant(), Track: t.GetTrack()})
	}
	return out
}
