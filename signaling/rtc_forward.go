package signaling

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// Bounds of forwarding. An overflow of the inbox ends it.
const (
	maxForwards  = 8 // classes that one session is forwarded to at once
	forwardInbox = 1024
)

// rtcForward has what a session publishes stand in another class too, under a participant of that
// class: a guest, who has a seat and a sid there, a name and tracks, and no socket. It is a member of
// both classes. What happens in the first to the person and their tracks becomes commands to the
// second, by which everybody there hears of it; what the second decides opens and shuts the gates of
// its copies at the media peer, and touches nothing of the first.
//
//	forward ──▶ setting up ──▶ running ──▶ ended
//
// It ends with the session (a move ends it, too), and with the guest: by its removal, by the same
// identity's joining in person, by the class's end.
type rtcForward struct {
	// Fixed after construction.
	handler *rtcHandler
	session *rtcSession
	log     *slog.Logger
	room    *room.Room // the class it goes to
	class   string     // "tenant/name" of that
	sid     string     // "PA_…" there
	inbox   chan func(context.Context)

	// Fixed once it is set up.
	claims      *access.Claims
	participant string // the guest
	hub         *rtcHub
	release     func() // gives the seat up
	absent      func() // ends the guest's presence
	detach      func() // from both classes

	ready    chan struct{} // closed when it is set up, or has failed
	err      error         // why it has failed; read once ready is closed
	overflow chan struct{} // closed when the inbox could not take a batch
	once     sync.Once     // closes overflow
	replaced atomic.Bool   // by the person themselves: the guest's place is theirs
	stopped  chan struct{} // closed when nothing more is taken from the inbox
	done     chan struct{} // closed when nothing of it is left

	rtcFollowing
}

var (
	errForwards      = errors.New("the participant is forwarded to as many classes as one may be")
	errForwardedHere = errors.New("somebody of that identity is in the destination room")
)

// forward begins to forward a session to another class of its tenant, or finds that it does, and
// waits until the guest is there. Not on the session's goroutine.
func (h *rtcHandler) forward(ctx context.Context, s *rtcSession, p *classpb.Participant, to *room.Room, a class.Actor) error {
	for {
		f, first, err := h.claimForward(s, to)
		if err != nil {
			return err
		}
		if first {
			f.err = f.setUp(ctx, p, a)
			close(f.ready)
			return f.err
		}
		if again, err := f.await(ctx, s); !again {
			return err
		}
	}
}

// await waits until it is set up. again: it ends, or is that of a session which has moved on.
func (f *rtcForward) await(ctx context.Context, s *rtcSession) (again bool, err error) {
	select {
	case <-f.ready:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if f.err != nil {
		return false, f.err
	}
	if f.session != s {
		f.offer(func(context.Context) { f.over = true })
	} else {
		select {
		case <-f.stopped:
		default:
			return false, nil
		}
	}
	select {
	case <-f.done:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// claimForward finds a session's forwarding to a class, or makes it the caller's to set up.
func (h *rtcHandler) claimForward(s *rtcSession, to *room.Room) (f *rtcForward, first bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name := roomName(to)
	all := h.forwards[s.peer]
	if f := all[name]; f != nil {
		return f, false, nil
	}
	if len(all) >= maxForwards {
		return nil, false, errForwards
	}
	f = &rtcForward{
		handler: h, session: s, log: h.log.With("class", name, "from", s.class), room: to, class: name,
		sid: newSID("PA_"), inbox: make(chan func(context.Context), forwardInbox), release: func() {}, absent: func() {}, detach: func() {},
		ready: make(chan struct{}), overflow: make(chan struct{}), stopped: make(chan struct{}), done: make(chan struct{}),
	}
	if all == nil {
		all = map[string]*rtcForward{}
		h.forwards[s.peer] = all
	}
	all[name] = f
	return f, true, nil
}

// forwardsOf are those of a session that are set up.
func (h *rtcHandler) forwardsOf(s *rtcSession) (all []*rtcForward) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.forwards[s.peer] {
		if f.hub != nil && f.session == s {
			all = append(all, f)
		}
	}
	return all
}

// setUp makes the guest and lets it run. On error nothing is left behind.
func (f *rtcForward) setUp(ctx context.Context, p *classpb.Participant, a class.Actor) error {
	leave, ok := f.handler.options.Attendance.enter()
	if !ok {
		f.forget()
		return &class.Error{Code: classpb.Code_CODE_UNAVAILABLE, Message: "the server is going down"}
	}
	err := f.arrive(ctx, p, a)
	if err == nil {
		err = f.follow(ctx)
	}
	if err != nil {
		defer leave()
		f.end()
		return err
	}
	go func() {
		defer leave()
		f.run(context.WithoutCancel(ctx))
	}()
	return nil
}

// arrive makes the guest a participant with a seat, and has its media come.
func (f *rtcForward) arrive(ctx context.Context, p *classpb.Participant, a class.Actor) (err error) {
	state, err := f.room.State(ctx)
	if err != nil {
		return err
	}
	if p.GetPresence() == classpb.Presence_PRESENCE_WAITING {
		return &class.Error{Code: classpb.Code_CODE_CONFLICT, Message: "the participant waits to be let in"}
	}
	if other := class.ByIdentity(state, f.session.identity); other != nil && here(other) {
		return errForwardedHere
	}
	_, name := f.room.Key()
	f.claims = f.session.claims.Moved(name, carriedRole(f.session.claims, p), p.GetProfile())
	f.claims.Permissions = p.GetPermissions()
	if f.participant, err = letIn(ctx, f.room, f.claims, a); err != nil {
		return err
	}
	f.log = f.log.With("participant", f.participant)
	f.absent = f.room.Connected(f.participant)
	f.release = f.handler.options.Seats.takeRTC(seatKey{f.claims.Tenant, f.claims.Room, f.participant}, f.claims.Lineage, f.evict)
	return f.bringMedia(ctx)
}

// bringMedia waits for the session's media line: what the client had asked before is done then.
func (f *rtcForward) bringMedia(ctx context.Context) error {
	s, result := f.session, make(chan error, 1)
	s.post(func() {
		switch {
		case s.over || s.heir != nil:
			result <- errMoveGone
			return
		case s.moving != nil || s.view == nil:
			result <- errMoving
			return
		}
		if !f.settle() {
			return
		}
		s.mediaJob(func(context.Context) {
			result <- s.peer.Do(Forward{Class: f.class, Participant: f.sid})
			select {
			case <-f.stopped: // nobody waits any more
				_ = s.peer.Do(Unforward{Class: f.class})
			default:
			}
		})
	})
	select {
	case err := <-result:
		return err
	case <-s.done:
		return errMoveGone
	case <-ctx.Done():
		return ctx.Err()
	}
}

// settle gives the guest its place in the hub, and whom the session lets subscribe: on the session's
// goroutine, so that no change of that is missed. False: it has ended meanwhile.
func (f *rtcForward) settle() bool {
	allowed := f.session.hub.permission(f.session.participant)
	h := f.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-f.stopped:
		return false
	default:
	}
	f.hub = h.hubLocked(f.class)
	f.hub.guests[f.participant] = f
	if allowed != nil {
		f.hub.allowed[f.participant] = allowed
	}
	return true
}

// follow makes the guest's sid known, and the forwarding a member of both classes: as the person sees
// the one, and the guest the other.
func (f *rtcForward) follow(ctx context.Context) error {
	if err := f.ask(ctx, &classpb.Command{Body: &classpb.Command_SetSid{
		SetSid: &classpb.SetSid{Participant: f.participant, Sid: f.sid, Forwarded: true},
	}}); err != nil {
		return err
	}
	f.rtcFollowing = newRTCFollowing()
	there, err := f.room.Attach(ctx, class.Viewer{Participant: f.participant}, "", 0, forwardMember{f, f.hearThere})
	if err != nil {
		return err
	}
	f.detach = there
	from, err := f.session.room.Attach(ctx, class.Viewer{Participant: f.session.participant}, "", 0, forwardMember{f, f.hearHere})
	if err != nil {
		return err
	}
	f.detach = func() { there(); from() }
	return nil
}

// ask has the class it goes to decide, for the server.
func (f *rtcForward) ask(ctx context.Context, c *classpb.Command) error {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	_, err := f.room.Do(ctx, class.Node(), c)
	return err
}

// forwardMember hears one of the two classes.
type forwardMember struct {
	f    *rtcForward
	hear func(context.Context, class.Batch)
}

// Deliver implements room.Member.
func (m forwardMember) Deliver(b class.Batch) bool {
	return m.f.offer(func(ctx context.Context) { m.hear(ctx, b) })
}

// evict ends it because the guest's identity has joined in person. It does not block.
func (f *rtcForward) evict(bool) {
	f.replaced.Store(true)
	f.offer(func(context.Context) { f.over = true })
}

// offer hands work to the forwarding's goroutine and never waits.
func (f *rtcForward) offer(do func(context.Context)) bool {
	select {
	case <-f.stopped:
		return false
	default:
	}
	select {
	case f.inbox <- do:
		return true
	default:
		f.once.Do(func() { close(f.overflow) })
		return false
	}
}

// run is the forwarding's goroutine.
func (f *rtcForward) run(ctx context.Context) {
	for !f.over {
		select {
		case do := <-f.inbox:
			f.guard(ctx, do)
		case <-f.overflow:
			f.session.count("rtc_forward_full")
			f.over = true
		case <-f.session.done:
			f.over = true
		case <-f.handler.options.Attendance.closing:
			f.over = true
		case <-f.room.Done():
			f.over = true
		case <-f.session.room.Done():
			f.over = true
		}
	}
	f.session.contain(f.end)
}

// guard: a fault costs this forwarding, and nobody else anything.
func (f *rtcForward) guard(ctx context.Context, do func(context.Context)) {
	if !f.session.contain(func() { do(ctx) }) {
		f.over = true
	}
}

// end takes everything back, however far it came. The guest leaves as somebody does who says so.
func (f *rtcForward) end() {
	close(f.stopped)
	f.detach()
	if err := f.session.peer.Do(Unforward{Class: f.class}); err != nil {
		f.log.Debug("rtc: ending a forwarding", "error", err)
	}
	f.release()
	if f.participant != "" {
		guest := &rtcSession{handler: f.handler, claims: f.claims, log: f.log, room: f.room, class: f.class, participant: f.participant}
		guest.quit, guest.replaced, guest.disconnected = true, f.replaced.Load(), f.absent
		guest.depart(context.Background())
	}
	f.forget()
}

// forget takes it out of the handler's books.
func (f *rtcForward) forget() {
	h := f.handler
	h.mu.Lock()
	defer h.mu.Unlock()
	defer close(f.done)
	peer := f.session.peer
	delete(h.forwards[peer], f.class)
	if len(h.forwards[peer]) == 0 {
		delete(h.forwards, peer)
	}
	if f.hub == nil {
		return
	}
	if f.hub.guests[f.participant] == f {
		delete(f.hub.guests, f.participant)
		if f.hub.sessions[f.participant] == nil {
			delete(f.hub.allowed, f.participant)
		}
	}
	h.dropLocked(f.hub)
}
