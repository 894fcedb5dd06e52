package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"github.com/prometheus/client_golang/prometheus"
)

// lanesAtOnce is how many events are under way to one receiver.
const lanesAtOnce = 8

// Options of Hooks. URLs, Key and Secret are required.
type Options struct {
	URLs        []string
	Key, Secret string // API key that signs
	Tenant      string // whose classes are told of: the key's
	Dir         string // of the journal; empty: events are kept in memory alone
	Registry    *prometheus.Registry
	Log         *slog.Logger

	MaxQueued int           // events kept for one receiver; 10,000
	MaxAge    time.Duration // of an event, before it is given up; 24 h
	Timeout   time.Duration // of one POST; 10 s
}

// Hooks are the webhooks of one program. Run must be called.
type Hooks struct {
	// Fixed after construction.
	o         Options
	log       *slog.Logger
	m         *metrics
	client    *http.Client
	journal   *journal // owned by the keeper, once Run is called
	last      uint64   // number of the newest event; the keeper's too
	in        chan batch
	wake      chan struct{} // one signal: there are notes
	stopped   chan struct{} // closed when Run has been told to end
	receivers []*receiver
	running   sync.WaitGroup // followers and lanes

	mu       sync.Mutex // guards what follows, and the receivers' queues
	closed   bool       // nobody is followed any more
	stories  map[string]*story
	followed map[string]bool // sessions
	notes    []record        // to be appended: what was delivered or dropped
}

// batch is what a follower has to tell.
type batch struct {
	session string
	events  []*lk.WebhookEvent
}

// New reads the journal. A journal that cannot be opened is an error.
func New(o Options) (*Hooks, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MaxQueued == 0 {
		o.MaxQueued = 10_000
	}
	if o.MaxAge == 0 {
		o.MaxAge = 24 * time.Hour
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	h := &Hooks{
		o: o, log: o.Log, client: newClient(o.Timeout),
		in: make(chan batch, 64), wake: make(chan struct{}, 1), stopped: make(chan struct{}),
		stories: map[string]*story{}, followed: map[string]bool{},
	}
	for _, url := range o.URLs {
		h.receivers = append(h.receivers, newReceiver(url))
	}
	h.m = newMetrics(o.Registry, h.waiting)
	l := &loader{h: h, done: map[string]map[uint64]bool{}}
	var err error
	h.journal, err = openJournal(o.Dir, l.take, func(err error) {
		h.log.Error("a line of the webhooks' journal cannot be read", "err", err)
	})
	if err != nil {
		return nil, err
	}
	l.finish()
	return h, nil
}

// Run sends until the context ends, and waits for all it started. What was not delivered is in the
// journal.
func (h *Hooks) Run(ctx context.Context) error {
	h.mu.Lock()
	for _, r := range h.receivers {
		for _, l := range r.lanes {
			h.startLocked(ctx, r, l)
		}
	}
	h.mu.Unlock()
	h.keep(ctx)
	h.mu.Lock()
	h.closed = true
	h.mu.Unlock()
	close(h.stopped)
	h.running.Wait()
	h.flush()
	h.client.CloseIdleConnections()
	return h.journal.close()
}

// keep is the keeper's loop.
func (h *Hooks) keep(ctx context.Context) {
	for {
		select {
		case b := <-h.in:
			h.take(ctx, h.gather(b))
		case <-h.wake:
			h.flush()
		case <-ctx.Done():
			return
		}
		if h.journal.grown() {
			if err := h.journal.replace(h.whole()); err != nil {
				h.log.Error("compact the webhooks' journal", "err", err)
			}
		}
	}
}

// gather takes what else waits: one sync for all.
func (h *Hooks) gather(first batch) []batch {
	all := []batch{first}
	for len(all) < cap(h.in) {
		select {
		case b := <-h.in:
			all = append(all, b)
		default:
			return all
		}
	}
	return all
}

// take keeps events, then lets them go their ways. While the disk does not take them nothing is
// sent, and followers wait.
func (h *Hooks) take(ctx context.Context, all []batch) {
	var items []*item
	var records []record
	for _, b := range all {
		for _, e := range b.events {
			raw, err := encodeEvent(e)
			if err != nil { // a text that is not UTF-8: the class lets none in
				h.log.Error("encode a webhook", "event", e.GetEvent(), "err", err)
				continue
			}
			h.last++
			items = append(items, &item{n: h.last, session: b.session, event: e})
			records = append(records, record{N: h.last, Session: b.session, Event: raw})
		}
	}
	for failures := 1; ; failures++ {
		err := h.journal.append(records, true)
		if err == nil {
			break
		}
		h.m.failed.WithLabelValues("journal").Inc()
		h.log.Error("write the webhooks' journal", "err", err)
		if !wait(ctx, pause(failures)) {
			return
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, i := range items {
		h.noteLocked(i.session, i.event)
		for _, r := range h.receivers {
			h.startLocked(ctx, r, r.pushLocked(i))
			h.trimLocked(r)
		}
	}
}

// noteLocked lets the session's story grow.
func (h *Hooks) noteLocked(session string, e *lk.WebhookEvent) {
	s := h.stories[session]
	if s == nil {
		s = newStory()
		h.stories[session] = s
	}
	s.note(e)
	if s.over {
		delete(h.stories, session)
		delete(h.followed, session)
	}
}

// flush appends the notes.
func (h *Hooks) flush() {
	h.mu.Lock()
	notes := h.notes
	h.notes = nil
	h.mu.Unlock()
	if err := h.journal.append(notes, false); err != nil { // at worst they are sent again
		h.m.failed.WithLabelValues("journal").Inc()
		h.log.Error("write the webhooks' journal", "err", err)
	}
}

func (h *Hooks) jotLocked(r record) {
	if h.o.Dir == "" {
		return
	}
	h.notes = append(h.notes, r)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *Hooks) waiting() float64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, r := range h.receivers {
		n += r.queued
	}
	return float64(n)
}

// wait says false when the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// withoutURL takes the address out of an HTTP client's error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func rawOf(e *lk.WebhookEvent) json.RawMessage {
	raw, err := encodeEvent(e)
	if err != nil {
		return nil // it was encoded before
	}
	return raw
}
