package room

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// kept is the part of the log that a room has at hand: a state, and the events
// that followed it.
type kept struct {
	base *classpb.State
	tail []*classpb.Event
}

func (k *kept) last() uint64 { return k.base.GetSeq() + uint64(len(k.tail)) }

func (k *kept) add(events []*classpb.Event) { k.tail = append(k.tail, events...) }

// state is what the log amounts to, made anew.
func (k *kept) state() *classpb.State {
	s := proto.CloneOf(k.base)
	for _, e := range k.tail {
		class.Apply(s, e)
	}
	return s
}

// since yields the events after a number, and whether they are all at hand.
func (k *kept) since(seq uint64) ([]*classpb.Event, bool) {
	if seq < k.base.GetSeq() || seq > k.last() {
		return nil, false
	}
	return k.tail[seq-k.base.GetSeq():], true
}

// advance moves the base over the first n events of the tail.
func (k *kept) advance(n int) {
	for _, e := range k.tail[:n] {
		class.Apply(k.base, e)
	}
	k.tail = append([]*classpb.Event(nil), k.tail[n:]...)
}

// compact lets the log start later, once two periods of events have gathered:
// the older becomes the snapshot, the younger stays, so that even right after a
// restart who comes back gets a tail and a repeated request is recognised. The
// base is written beside the room's work; it moves again only after that.
func (r *Room) compact() {
	if len(r.kept.tail) < 2*r.options.CompactEvery || !r.compacted() {
		return
	}
	r.kept.advance(r.options.CompactEvery)
	r.compacting = make(chan struct{})
	go func(snapshot *classpb.State, done chan<- struct{}) {
		defer close(done)
		defer r.survive("a compaction")
		ctx, cancel := context.WithTimeout(context.Background(), r.options.AppendWithin)
		defer cancel()
		if err := r.log.Compact(ctx, snapshot); err != nil {
			r.slog.Error("compact the class's log", "at", snapshot.GetSeq(), "err", err)
		}
	}(r.kept.base, r.compacting)
}

// compacted says whether no compaction is under way.
func (r *Room) compacted() bool {
	if r.compacting == nil {
		return true
	}
	select {
	case <-r.compacting:
		r.compacting = nil
		return true
	default:
		return false
	}
}

// restore reads the log up.
func (r *Room) restore(ctx context.Context) (err error) {
	snapshot, events, err := r.log.Read(ctx, 0)
	if err != nil {
		return err
	}
	if snapshot != nil {
		r.kept.base = snapshot
	}
	r.kept.add(events)
	if !r.guard("a restored class", func() { r.rebuild(nil) }) {
		return errors.New("its events cannot be applied")
	}
	r.answers.learn(events)
	r.code = r.state.GetCode()
	r.openDoor()
	if r.state.GetPhase() == classpb.Phase_PHASE_ENDED {
		r.ended.Store(true)
	}
	return nil
}
