package room

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sort"
	"sync"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// School holds the classes open on this node.
type School struct {
	// Fixed after construction.
	logs    Logs
	options Options
	slog    *slog.Logger
	ready   chan struct{} // closed: what was open before is open again
	stopped chan struct{} // closed: Run has been told to end
	start   chan *Room    // rooms to run

	mu      sync.Mutex // guards all below
	rooms   map[key]*Room
	codes   map[string]*Room
	opening map[key]chan struct{} // closed when done, one way or the other
}

// key is a class.
type key struct{ tenant, name string }

// NewSchool keeps the classes' logs in logs. Nothing happens before Run.
func NewSchool(logs Logs, o Options) *School {
	o = o.filled()
	return &School{
		logs: logs, options: o, slog: o.Log,
		ready: make(chan struct{}), stopped: make(chan struct{}), start: make(chan *Room),
		rooms: map[key]*Room{}, codes: map[string]*Room{}, opening: map[key]chan struct{}{},
	}
}

// Ready is closed when the classes that were open before are open again.
func (h *School) Ready() <-chan struct{} { return h.ready }

// Run opens again what was open, and runs all rooms until the context ends; then
// it waits for them. Classes whose log cannot be read are reported and left out.
func (h *School) Run(ctx context.Context) error {
	var rooms sync.WaitGroup
	defer rooms.Wait()
	defer close(h.stopped)
	run := func(r *Room) {
		rooms.Go(func() {
			r.run(ctx)
			h.remove(r)
		})
	}
	sessions, err := h.logs.OpenSessions(ctx)
	if err != nil {
		h.slog.Error("some classes that were open cannot be opened again", "err", err)
	}
	for _, r := range h.restored(ctx, sessions) {
		run(r)
		h.show(r)
	}
	close(h.ready)
	for {
		select {
		case r := <-h.start:
			run(r)
		case <-ctx.Done():
			return nil
		}
	}
}

// restored makes rooms of the sessions that were open. Of two of one class the
// younger counts.
func (h *School) restored(ctx context.Context, sessions []Session) []*Room {
	of := map[key]*Room{}
	for _, s := range sessions {
		r := newRoom(s, h.options, h.newCode)
		err := r.restore(ctx)
		if other := of[key{s.Tenant, s.Name}]; err == nil && other != nil {
			if r.state.GetOpenedMs() < other.state.GetOpenedMs() {
				r, other = other, r
			}
			of[key{s.Tenant, s.Name}] = r
			r, err = other, errors.New("a younger session of the class is open")
		}
		if err != nil || r.ended.Load() {
			if err = errors.Join(err, r.log.Close()); err != nil {
				r.slog.Error("a class that was open cannot be opened again", "err", err)
			}
			continue
		}
		r.slog.Info("a class is open again", "seq", r.state.GetSeq())
		of[key{s.Tenant, s.Name}] = r
	}
	return slices.Collect(maps.Values(of))
}

// Open opens a class, or yields the one that is open already. A refusal is a
// *class.Error.
func (h *School) Open(ctx context.Context, c *classpb.OpenClass, a class.Actor) (*Room, error) {
	select {
	case <-h.ready:
	case <-ctx.Done():
		return nil, unavailable("the server is starting")
	}
	k := key{c.GetTenant(), c.GetName()}
	for {
		r, others, done := h.claim(k)
		if r != nil {
			return r, nil
		}
		if done != nil {
			defer h.unclaim(k, done)
			return h.open(ctx, c, a)
		}
		select {
		case <-others:
		case <-ctx.Done():
			return nil, unavailable("the class is being opened")
		}
	}
}

// claim yields the room if there is one, else who is opening it now, else done:
// the caller opens it, and unclaims.
func (h *School) claim(k key) (r *Room, others <-chan struct{}, done chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r := h.rooms[k]; r != nil && !r.ended.Load() {
		return r, nil, nil
	}
	if others, ok := h.opening[k]; ok {
		return nil, others, nil
	}
	done = make(chan struct{})
	h.opening[k] = done
	return nil, nil, done
}

func (h *School) unclaim(k key, done chan struct{}) {
	h.mu.Lock()
	delete(h.opening, k)
	h.mu.Unlock()
	close(done)
}

func (h *School) open(ctx context.Context, c *classpb.OpenClass, a class.Actor) (*Room, error) {
	s := Session{Tenant: c.GetTenant(), Name: c.GetName(), ID: newID(sessionPrefix)}
	var err error
	if s.Log, err = h.logs.Create(ctx, s.Tenant, s.Name, s.ID); err != nil {
		h.slog.Error("make the log of a class", "class", s.Tenant+"/"+s.Name, "err", err)
		return nil, unavailable("the class's log cannot be made")
	}
	r := newRoom(s, h.options, h.newCode)
	select {
	case h.start <- r:
	case <-h.stopped:
		return nil, h.abandon(s, unavailable("the server is stopping"))
	case <-ctx.Done():
		return nil, h.abandon(s, unavailable("the server is too busy"))
	}
	if err := h.begin(ctx, r, c, a); err != nil {
		close(r.quit) // the log is empty, and goes with it
		return nil, err
	}
	h.show(r)
	return r, nil
}

// begin runs the first command of a session, whose fate must be known even if
// the caller has gone.
func (h *School) begin(ctx context.Context, r *Room, c *classpb.OpenClass, a class.Actor) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*h.options.AppendWithin)
	defer cancel()
	_, err := r.Do(ctx, a, &classpb.Command{Body: &classpb.Command_Open{Open: c}})
	return err
}

// abandon closes a log that no room came to run.
func (h *School) abandon(s Session, why error) error {
	if err := s.Log.Close(); err != nil {
		h.slog.Error("close the log of a class", "class", s.Tenant+"/"+s.Name, "err", err)
	}
	return why
}

// show lets everyone find the room, after whoever watches the school.
func (h *School) show(r *Room) {
	if h.options.Watch != nil {
		h.options.Watch(r)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rooms[key{r.tenant, r.name}] = r
	h.codes[r.code] = r
	select {
	case <-r.done:
		h.removeLocked(r) // it has not lived long
	default:
	}
}

func (h *School) remove(r *Room) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.removeLocked(r)
}

func (h *School) removeLocked(r *Room) {
	if k := (key{r.tenant, r.name}); h.rooms[k] == r {
		delete(h.rooms, k)
	}
	if h.codes[r.code] == r {
		delete(h.codes, r.code)
	}
}

// Get yields a class that is open.
func (h *School) Get(tenant, name string) (*Room, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.rooms[key{tenant, name}]
	return r, r != nil && !r.ended.Load()
}

// ByCode yields the class that is open under a short code, as somebody typed it:
// small letters, hyphens, O for 0, I and L for 1.
func (h *School) ByCode(code string) (*Room, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := h.codes[readCode(code)]
	return r, r != nil && !r.ended.Load()
}

// List yields a tenant's open classes by name.
func (h *School) List(tenant string) []*Room {
	h.mu.Lock()
	defer h.mu.Unlock()
	var found []*Room
	for k, r := range h.rooms {
		if k.tenant == tenant && !r.ended.Load() {
			found = append(found, r)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].name < found[j].name })
	return found
}

// newCode is one no open class has.
func (h *School) newCode() string {
	for {
		code := newCode()
		h.mu.Lock()
		_, taken := h.codes[code]
		h.mu.Unlock()
		if !taken {
			return code
		}
	}
}
