package room

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// Member is whoever hears a class. Deliver is called on the room's goroutine, in
// the order of things; it must not block, nor change what it is given, which
// others are given too. Each batch holds one of: a snapshot, events, an
// ephemeral message, a goodbye; its Frame, if any, is all of it. False: too
// slow, the room lets the member go, which may come back with since.
type Member interface {
	Deliver(b class.Batch) bool
}

// Room is the class while it is open on this node: one session of it. All
// methods may be called from any goroutine, but not from Deliver.
type Room struct {
	// Fixed after construction.
	tenant, name, session string
	options               Options
	log                   Log
	slog                  *slog.Logger
	newCode               func() string
	mailbox               chan request
	wake                  chan struct{} // one signal: sockets or members have changed
	quit                  chan struct{} // closed: nobody wants the room
	done                  chan struct{} // closed: the room is no more
	sockets               *attendance

	code  string               // written by the room's goroutine alone, with the first event
	ended atomic.Bool          // the session has ended, and nothing can be asked of it
	door  atomic.Pointer[Door] // never nil; stored by the room's goroutine alone

	// Owned by the room's goroutine.
	state      *classpb.State
	kept       kept
	members    []*attachment
	answers    answers
	partings   bool // someone may have to be told goodbye, once commands are answered
	uncertain  bool // the log may hold more than the state: read it before going on
	compacting chan struct{}
	clock      clock
}

// Result is what a command came to.
type Result struct {
	Seq         uint64 // of the last event it caused; 0: it changed nothing
	Participant string // who a Join resulted in
}

// request is one thing in the mailbox: a command, or a call to be made on the
// room's goroutine between batches.
type request struct {
	command *pending
	call    func()
}

func newRoom(s Session, o Options, newCode func() string) *Room {
	r := &Room{
		tenant: s.Tenant, name: s.Name, session: s.ID,
		options: o, log: s.Log, newCode: newCode,
		slog:    o.Log.With("class", s.Tenant+"/"+s.Name, "session", s.ID),
		mailbox: make(chan request, o.Mailbox),
		wake:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		done:    make(chan struct{}),
		sockets: newAttendance(),
		state:   class.NewState(),
		kept:    kept{base: class.NewState()},
		answers: newAnswers(o.AnswersKept),
	}
	r.openDoor()
	return r
}

// Key is the tenant and the name of the class.
func (r *Room) Key() (tenant, name string) { return r.tenant, r.name }

// Session is the id of this meeting: "RM_…".
func (r *Room) Session() string { return r.session }

// Code is the short code, good while the class is open.
func (r *Room) Code() string { return r.code }

// Done is closed when the class has ended or the node stops.
func (r *Room) Done() <-chan struct{} { return r.done }

// Do asks for a command and waits until what it amounts to is kept, and told to
// all members. Only goodbyes come after the answer: whoever leaves or ends the
// class can be answered before their last word. The room answers first; that is
// all it can do, since the caller's goroutine and the member's reader run when
// they run. A socket that writes both must therefore, when it reads a goodbye,
// first write the replies of the commands it has under way. A refusal is
// a *class.Error. CODE_UNAVAILABLE: ask again with the same request id; if the
// context ended first, it may have been done or not.
func (r *Room) Do(ctx context.Context, a class.Actor, c *classpb.Command) (Result, error) {
	p := &pending{actor: a, command: c, came: time.Now(), answered: make(chan struct{}), outcome: &outcome{}}
	if err := r.post(ctx, request{command: p}); err != nil {
		return Result{}, err
	}
	select {
	case <-p.answered:
		return p.outcome.result, p.outcome.err
	case <-ctx.Done():
		r.options.Metrics.Refused("deadline")
		return Result{}, unavailable("the answer did not come in time")
	case <-r.done:
	}
	select {
	case <-p.answered:
		return p.outcome.result, p.outcome.err
	default:
		return Result{}, r.over()
	}
}

// State is a copy of the full state, the caller's own.
func (r *Room) State(ctx context.Context) (*classpb.State, error) {
	var state *classpb.State
	err := r.call(ctx, func() { state = proto.CloneOf(r.state) })
	return state, err
}

// Connected says that a socket of the participant is up, until the function it
// returns is called; again is once. Who has no socket becomes away, then gone.
func (r *Room) Connected(participant string) (disconnected func()) {
	r.sockets.connect(participant)
	r.rouse()
	return sync.OnceFunc(func() {
		r.sockets.disconnect(participant, time.Now())
		r.rouse()
	})
}

// post puts something into the mailbox; when it is full the caller waits.
func (r *Room) post(ctx context.Context, q request) error {
	select {
	case <-r.done:
		return r.over()
	default:
	}
	select {
	case r.mailbox <- q:
		return nil
	case <-r.done:
		return r.over()
	case <-ctx.Done():
		r.options.Metrics.Refused("deadline")
		return unavailable("the class is too busy")
	}
}

// call runs f on the room's goroutine and waits for it. If it fails f may run
// later, or never.
func (r *Room) call(ctx context.Context, f func()) error {
	ran := make(chan struct{})
	var err error = &class.Error{Code: classpb.Code_CODE_INTERNAL, Message: "the server failed at this"}
	q := request{call: func() {
		defer close(ran)
		f()
		err = nil
	}}
	if err := r.post(ctx, q); err != nil {
		return err
	}
	select {
	case <-ran:
		return err
	case <-ctx.Done():
		r.options.Metrics.Refused("deadline")
		return unavailable("the answer did not come in time")
	case <-r.done:
	}
	select {
	case <-ran:
		return err
	default:
		return r.over()
	}
}

func (r *Room) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// over is why a room that is no more does nothing.
func (r *Room) over() error {
	if r.ended.Load() {
		return &class.Error{Code: classpb.Code_CODE_ENDED, Message: "the class has ended"}
	}
	r.options.Metrics.Refused("stopped")
	return unavailable("the server is stopping")
}

func unavailable(message string) *class.Error {
	return &class.Error{Code: classpb.Code_CODE_UNAVAILABLE, Message: message}
}
