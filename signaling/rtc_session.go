package signaling

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
	"preau/signaling/room"
)

// Bounds of a session's queues. Inbox overflow ends the session, which its client rejoins.
const (
	rtcInbox   = 2048
	rtcMedia   = 2048
	rtcCommand = 256
)

// rtcSession is one full /rtc join: a sid, a media peer, and a view of the class. It outlives its
// websocket for a while, so that a client can resume.
//
//	          start                lostSocket
//	(entered) ─────▶ connected ────────────────▶ lingering ──▶ ended
//	                     ▲           resumed         │   Linger is over
//	                     └───────────────────────────┘
//
// connected ends too: by leave, removal, replacement, the class's end, a fault.
//
// One goroutine, run, owns its state; everything that happens reaches it as a function in the
// inbox: client messages, batches of the class, events of the peer, outcomes of slow work. That
// work runs in two lines, one for media and one for commands, each in order.
type rtcSession struct {
	// Fixed after construction.
	handler     *rtcHandler
	log         *slog.Logger
	claims      *access.Claims
	join        livekit.Join
	room        *room.Room
	class       string // "tenant/name"
	participant string // stable id
	identity    string
	sid         string // "PA_…"
	peer        Peer
	hub         *rtcHub
	release     func()               // gives the seat up
	asked       time.Time            // when the client asked to join
	forced      lk.CandidateProtocol // UDP: any
	meters      [3]rtcMeter          // by kind of data; any goroutine takes from them
	queued      atomic.Int64         // bytes of data in the media line
	media       rtcLine
	commands    rtcLine
	reliable    rtcBacklog // owned by the media line

	former []rtcFormer // who it was in the classes it was moved from

	// Shared with those it moves on as.
	inbox    chan func()
	overflow chan struct{} // closed when the inbox could not take what must not be lost
	once     *sync.Once    // closes overflow
	stopped  chan struct{} // closed when nothing more is taken from the inbox
	done     chan struct{} // closed when run has returned
	admitted atomic.Bool   // the participant is in the class, not in its lobby

	rtcState
}

// rtcState is owned by the session's goroutine.
type rtcState struct {
	socket       *rtcSocket // nil: lost
	disconnected func()     // ends presence; nil while there is no socket
	linger       *time.Timer
	ownData      *bool // whether it may set its own metadata, where the server API has said so
	over         bool
	detach       func() // from the class
	moving       *rtcMove
	heir         *rtcSession // who goes on with this session in another class
	replaced     bool        // by another session of the participant: the class is left alone
	quit         bool        // the client said leave
	permits      rtcPermits

	view      *classpb.State
	announced map[string]rtcAnnounced // whom the client knows of, by participant id
	dirty     map[string]bool         // participants whose announcement is to be renewed
	flushing  *time.Timer
	flushDue  time.Time // zero: nothing is to be told
	flushed   time.Time // when something was last
	roomSent  *lk.Room

	state       lk.ParticipantInfo_State
	mediaLost   time.Time // zero while media is connected
	pretends    bool      // to speak
	resumeFault rtcResumeFault

	rtcTracks
	rtcSubscriptions
	rtcLimits
	dataTracks rtcDataTracks

	chat     livekit.ChatReader
	sections SectionsEvent // what the single connection still needs
	early    []PeerEvent   // of the peer, before the join was complete
	lastSeq  uint32        // of the client's reliable packets
	begun    time.Time     // of the request; zero once the join is measured
}

// newSession lets the client into the class and makes its session, not yet started.
func (h *rtcHandler) newSession(ctx context.Context, c *access.Claims, join livekit.Join) (*rtcSession, error) {
	asked := time.Now()
	r, participant, err := h.enter(ctx, c, join)
	if err != nil {
		return nil, err
	}
	s := &rtcSession{
		handler: h, claims: c, join: join, room: r, class: roomName(r),
		participant: participant, identity: c.Identity, sid: newSID("PA_"), asked: asked, meters: newRTCMeters(),
		media: newRTCLine(rtcMedia), commands: newRTCLine(rtcCommand),
		inbox: make(chan func(), rtcInbox), overflow: make(chan struct{}), once: new(sync.Once),
		stopped: make(chan struct{}), done: make(chan struct{}),
	}
	s.log = h.log.With("class", s.class, "participant", participant)
	s.rtcState = newRTCState(h.options.Limits, join)
	return s, nil
}

func newRTCState(l Limits, join livekit.Join) rtcState {
	stopped := func() *time.Timer {
		t := time.NewTimer(time.Hour)
		t.Stop()
		return t
	}
	return rtcState{
		linger: stopped(), flushing: stopped(),
		announced: map[string]rtcAnnounced{}, dirty: map[string]bool{},
		rtcTracks:        newRTCTracks(),
		rtcSubscriptions: newRTCSubscriptions(join),
		rtcLimits:        newRTCLimits(l),
		dataTracks:       newRTCDataTracks(join),
	}
}

// start gives the session its place, its peer and its view, and lets it run. On error nothing is
// left behind.
func (h *rtcHandler) start(ctx context.Context, s *rtcSession, k *rtcSocket, begun time.Time) error {
	inTime, cancel := context.WithTimeout(ctx, rtcFirst)
	defer cancel()
	hub, old := h.admit(s)
	s.hub, s.forced = hub, h.forcedOn(s.seat())
	s.release = h.options.Seats.takeRTC(s.seat(), s.claims.Lineage, s.evict)
	if old != nil {
		old.evict(true)
		select {
		case <-old.done:
		case <-time.After(rtcPredecessor):
		}
	}
	undo := func() {
		s.release()
		h.dismiss(s)
		close(s.done)
	}
	peer, err := h.options.Media.Join(s.class, PeerOptions{
		Participant: s.sid, SinglePC: s.join.Single, FullICE: s.join.FullICE(),
		AutoSubscribe: s.join.GetConnectionSettings().GetAutoSubscribe(),
		NoPause:       s.join.NoPause(), TCPOnly: s.forced == lk.CandidateProtocol_TCP,
	}, s)
	if err != nil {
		undo()
		return err
	}
	s.peer, s.socket, s.begun = peer, k, begun
	s.disconnected = s.room.Connected(s.participant)
	leave, ok := h.options.Attendance.enter()
	if !ok {
		leave = func() {}
	}
	s.detach, err = s.attach(inTime)
	if err != nil {
		leave()
		s.disconnected()
		peer.Close()
		undo()
		return err
	}
	go func() {
		defer leave()
		s.run(ctx)
	}()
	return nil
}

// attach makes this sid the participant's, and the session a member of the class.
func (s *rtcSession) attach(ctx context.Context) (detach func(), err error) {
	_, err = s.room.Do(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_SetSid{
		SetSid: &classpb.SetSid{Participant: s.participant, Sid: s.sid},
	}})
	if err != nil {
		return nil, err
	}
	return s.room.Attach(ctx, class.Viewer{Participant: s.participant}, "", 0, s)
}

// evict ends the session because the participant has joined elsewhere. It does not block.
func (s *rtcSession) evict(bool) {
	s.offer(func() {
		if s.heir != nil { // not in that class any more
			return
		}
		s.replaced = true
		s.end(&lk.LeaveRequest{Reason: lk.DisconnectReason_DUPLICATE_IDENTITY})
	})
}

func (s *rtcSession) seat() seatKey {
	return seatKey{s.claims.Tenant, s.claims.Room, s.participant}
}

// post hands f to the session's goroutine, waiting for room. Not from that goroutine.
func (s *rtcSession) post(f func()) {
	select {
	case s.inbox <- f:
	case <-s.stopped:
	}
}

// offer is post for who must not wait. Not to be taken means the end of the session.
func (s *rtcSession) offer(f func()) bool {
	select {
	case s.inbox <- f:
		return true
	case <-s.stopped:
		return false
	default:
		s.once.Do(func() { close(s.overflow) })
		return false
	}
}

// run is the session's goroutine, and that of those it moves on as.
func (s *rtcSession) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var lines sync.WaitGroup
	guard := s.guardLine
	for _, line := range []rtcLine{s.media, s.commands} {
		lines.Go(func() { line.run(ctx, guard) })
	}
	refresh := time.NewTicker(min(s.handler.options.Refresh, s.claims.Lifetime/2))
	defer refresh.Stop()
	for ; !s.over; s = s.last() {
		select {
		case f := <-s.inbox:
			s.guard(f)
		case <-s.flushing.C:
			s.guard(s.flush)
		case <-refresh.C:
			s.guard(s.refreshToken)
		case <-s.linger.C:
			s.guard(func() { s.end(nil) })
		case <-s.overflow:
			s.count("inbox_full")
			s.guard(func() { s.end(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH)) })
		case <-s.handler.options.Attendance.closing:
			s.guard(func() { s.end(livekit.Reconnect(lk.DisconnectReason_SERVER_SHUTDOWN)) })
		case <-s.room.Done():
			s.drain()
			s.guard(func() { s.end(&lk.LeaveRequest{Reason: lk.DisconnectReason_ROOM_CLOSED}) })
		}
	}
	close(s.stopped)
	defer close(s.done)
	cancel()
	s.takeApart(context.WithoutCancel(ctx), lines.Wait)
}

// takeApart undoes what the session held. Each step is done whatever becomes of the others: a fault in
// one must not leave the participant in the class.
func (s *rtcSession) takeApart(ctx context.Context, linesEnd func()) {
	for _, step := range []func(){
		func() { s.detach() }, func() { s.peer.Close() }, linesEnd, s.leaveData,
		func() { s.hub.recent.ended(s.participant, s.deafSince()) },
		s.giveUpMove, func() { s.handler.dismiss(s) }, s.release, func() { s.depart(ctx) },
	} {
		s.contain(step)
	}
}

// contain does f; false: a fault ended it.
func (s *rtcSession) contain(f func()) (whole bool) {
	defer func() {
		if fault := recover(); fault != nil {
			s.fault(fault)
		}
	}()
	f()
	return true
}

// drain does what is in the inbox: the class's goodbye may be there when the class itself has gone.
func (s *rtcSession) drain() {
	for !s.over {
		select {
		case f := <-s.inbox:
			s.guard(f)
		default:
			return
		}
	}
}

// end makes run return, after telling the client why, if it is there and leave is not nil.
func (s *rtcSession) end(leave *lk.LeaveRequest) {
	if s.over {
		return
	}
	s.over = true
	s.linger.Stop()
	s.flushing.Stop()
	if s.socket == nil {
		return
	}
	if leave != nil {
		s.socket.send(leaveMessage(leave))
	}
	s.socket.finish()
}

// guard keeps a fault within this session: whatever it was about to do, the others go on.
func (s *rtcSession) guard(f func()) {
	if s.contain(f) {
		return
	}
	s.contain(func() { s.last().end(livekit.Reconnect(lk.DisconnectReason_UNKNOWN_REASON)) })
	s.last().over = true // whatever its end came to
}

// guardLine is guard for the lines.
func (s *rtcSession) guardLine(f func()) {
	if !s.contain(f) {
		s.offer(func() { s.last().end(livekit.Reconnect(lk.DisconnectReason_UNKNOWN_REASON)) })
	}
}

func (s *rtcSession) fault(fault any) {
	s.handler.options.Metrics.errors.WithLabelValues("rtc").Inc()
	s.log.Error("panic in a session", "fault", fault, "stack", string(debug.Stack()))
}

func (s *rtcSession) count(drop string) {
	s.handler.options.Metrics.drops.WithLabelValues(drop).Inc()
}

// send to the client, if it is there.
func (s *rtcSession) send(m *lk.SignalResponse) {
	if s.socket != nil && !s.socket.send(m) {
		s.count("rtc_slow_reader")
	}
}
