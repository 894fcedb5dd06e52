package webhook

import (
	"context"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// receiver is one address that is told of everything, in lanes by session.
type receiver struct {
	url, id string
	slots   chan struct{} // capacity lanesAtOnce

	// Guarded by the Hooks' mu.
	lanes  map[string]*lane
	order  []*item // of all lanes, oldest first; some of them settled
	queued int     // not settled
}

// lane is the events of one session for one receiver, sent one after another. It is there as long as
// it has events, or must still tell how many it has not.
type lane struct {
	session string
	queue   []*item
	lost    int32 // events dropped since the last delivered one
	running bool
}

// item is an event on its way; each receiver has its own.
type item struct {
	n        uint64
	session  string
	event    *lk.WebhookEvent
	underway bool
	settled  bool // delivered or dropped
}

func newReceiver(url string) *receiver {
	return &receiver{url: url, id: receiverID(url), slots: make(chan struct{}, lanesAtOnce), lanes: map[string]*lane{}}
}

func (r *receiver) laneLocked(session string) *lane {
	l := r.lanes[session]
	if l == nil {
		l = &lane{session: session}
		r.lanes[session] = l
	}
	return l
}

func (r *receiver) pushLocked(i *item) *lane {
	mine := &item{n: i.n, session: i.session, event: i.event}
	l := r.laneLocked(i.session)
	l.queue = append(l.queue, mine)
	r.order = append(r.order, mine)
	r.queued++
	return l
}

// trimLocked drops the oldest beyond the bound, but for what is under way.
func (h *Hooks) trimLocked(r *receiver) {
	for len(r.order) > 0 && r.order[0].settled {
		r.order = r.order[1:]
	}
	for _, i := range r.order {
		if r.queued <= h.o.MaxQueued {
			return
		}
		if !i.settled && !i.underway {
			h.loseLocked(r, i, "overflow")
		}
	}
}

func (h *Hooks) loseLocked(r *receiver, i *item, why string) {
	i.settled = true
	r.queued--
	r.laneLocked(i.session).lost++
	h.m.dropped.WithLabelValues(why).Inc()
	h.jotLocked(record{N: i.n, Receiver: r.id, Session: i.session, Lost: 1})
}

// startLocked lets a lane run, if it does not.
func (h *Hooks) startLocked(ctx context.Context, r *receiver, l *lane) {
	if l.running || len(l.queue) == 0 {
		return
	}
	l.running = true
	h.running.Go(func() { h.run(ctx, r, l) })
}

// run is a lane's goroutine, until it is empty.
func (h *Hooks) run(ctx context.Context, r *receiver, l *lane) {
	failures := 0
	for {
		i, lost := h.head(r, l)
		if i == nil {
			return
		}
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		err := h.send(ctx, r, i, lost)
		<-r.slots
		switch {
		case err == nil:
			failures = 0
		case ctx.Err() != nil:
			return
		default:
			failures++
			h.m.failed.WithLabelValues("receiver").Inc()
			h.log.Warn("a webhook was not taken", "receiver", r.id, "event", i.event.GetEvent(), "failures", failures, "err", err)
			if !wait(ctx, pause(failures)) {
				return
			}
		}
	}
}

// head is the lane's next event and how many were dropped before it; nil, and the lane ends.
func (h *Hooks) head(r *receiver, l *lane) (*item, int32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(l.queue) > 0 {
		i := l.queue[0]
		if !i.settled && time.Since(time.Unix(i.event.GetCreatedAt(), 0)) > h.o.MaxAge {
			h.loseLocked(r, i, "expired")
		}
		if !i.settled {
			return i, l.lost
		}
		l.queue = l.queue[1:]
	}
	l.running = false
	if l.lost == 0 || h.stories[l.session] == nil {
		delete(r.lanes, l.session)
	}
	return nil, 0
}

// send posts an event, and settles it if it was acknowledged.
func (h *Hooks) send(ctx context.Context, r *receiver, i *item, lost int32) error {
	h.mu.Lock()
	if i.settled { // dropped while it waited for its turn
		h.mu.Unlock()
		return nil
	}
	i.underway = true
	h.mu.Unlock()
	e := i.event
	if lost > 0 {
		e = proto.CloneOf(e)
		//lint:ignore SA1019 there is no other way to tell
		e.NumDropped = lost
	}
	body, err := encodeEvent(e)
	if err == nil {
		err = h.post(ctx, r.url, body)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	i.underway = false
	if err != nil {
		return err
	}
	i.settled = true
	r.queued--
	r.laneLocked(i.session).lost -= lost
	h.m.delivered.Inc()
	h.jotLocked(record{N: i.n, Receiver: r.id, Session: i.session, Said: lost})
	return nil
}
