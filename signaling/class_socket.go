package signaling

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// Subprotocol of the /class websocket: binary ClientFrame and ServerFrame.
const Subprotocol = "preau.class.v1"

// drainTime is how long a socket that has been told goodbye may still send
// before it is cut: closing at once would lose the goodbye to a reset.
const drainTime = time.Second

// classSocket is one page's /class websocket.
//
// The reader (the request's goroutine) takes commands one after another; the
// writer sends what the room and the reader put into the outbox. The reader
// waits for the writer before it returns.
type classSocket struct {
	// Fixed after construction.
	server      *Server
	log         *slog.Logger
	conn        *websocket.Conn
	room        *room.Room
	participant string
	started     time.Time
	out         *outbox
	gone        chan struct{} // closed when the reader has ended
}

// serveClass answers GET /class.
func (s *Server) serveClass(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		s.turnAway(w, r, &refused{http.StatusUpgradeRequired, "upgrade_required", "this is a websocket: " + Subprotocol})
		return
	}
	if !slices.Contains(websocket.Subprotocols(r), Subprotocol) {
		s.turnAway(w, r, &refused{http.StatusBadRequest, "subprotocol", "the websocket must offer the subprotocol " + Subprotocol})
		return
	}
	leave, ok := s.attendance.enter()
	if !ok {
		s.turnAway(w, r, &refused{http.StatusServiceUnavailable, "shutdown", "the server goes down: come back"})
		return
	}
	defer leave()
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	claims, in, err := s.joinable(ctx, r)
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	page := r.URL.Query().Get("page")
	participant, err := join(ctx, in, claims, s.seats.visits.began(claims, page))
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	s.seats.visits.begin(claims, page)
	s.upgradeClass(w, r, &classSocket{server: s, room: in, participant: participant, started: started}, claims)
}

// joinable is everything about a join that can be said before it is done.
func (s *Server) joinable(ctx context.Context, r *http.Request) (*access.Claims, *room.Room, error) {
	claims, err := s.joiner(r)
	if err != nil {
		return nil, nil, err
	}
	in, err := s.roomOf(claims, r.URL.Query().Get("session"))
	if in == nil && err == nil {
		in, err = s.options.School.Open(ctx, opening(claims), class.Node())
	}
	return claims, in, err
}

// validateClass answers GET /class/validate: what /class with the same query
// would, since a browser's WebSocket cannot see the status it was refused with.
// Nobody joins by it.
func (s *Server) validateClass(w http.ResponseWriter, r *http.Request) {
	claims, err := s.joiner(r)
	if err == nil {
		err = s.mayCome(r.Context(), claims, r.URL.Query())
	}
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]bool{"ok": true})
}

// mayCome foretells what a join would say, as far as that can be told without one.
func (s *Server) mayCome(ctx context.Context, c *access.Claims, q url.Values) error {
	in, err := s.roomOf(c, q.Get("session"))
	if in == nil || err != nil {
		return err
	}
	switch door := in.Door(); {
	case door.Banned(c.Identity):
		return errBanned
	case door.Ended:
		return errEnded
	case s.seats.visits.began(c, q.Get("page")):
		return sentAway(ctx, in, c)
	default:
		return nil
	}
}

// upgrader: any origin may connect, since no cookie is looked at: who connects
// brings a token.
func (s *Server) upgrader() *websocket.Upgrader {
	return &websocket.Upgrader{
		HandshakeTimeout:  commandTimeout,
		Subprotocols:      []string{Subprotocol},
		CheckOrigin:       func(*http.Request) bool { return true },
		EnableCompression: true, // RFC 7692
		WriteBufferPool:   &s.buffers,
	}
}

func (s *Server) upgradeClass(w http.ResponseWriter, r *http.Request, c *classSocket, claims *access.Claims) {
	conn, err := s.upgrader().Upgrade(w, r, nil)
	if err != nil {
		s.metrics.refused.WithLabelValues("upgrade").Inc()
		return // gorilla has answered
	}
	defer conn.Close()
	c.conn = conn
	c.log = s.log.With("class", roomName(c.room), "participant", c.participant)
	c.gone = make(chan struct{})
	c.out = newOutbox(func(n int) { s.metrics.drops.WithLabelValues("ephemeral").Add(float64(n)) }, c.tooSlow)

	s.metrics.sockets.WithLabelValues(socketClass).Inc()
	defer s.metrics.sockets.WithLabelValues(socketClass).Dec()
	release := s.seatClass(c, claims.Lineage, r.URL.Query().Get("page"))
	defer release()
	defer c.room.Connected(c.participant)()
	defer s.seats.pacing.hold(c.seat(), conn.NetConn(), s.seats.pacing.behind(r))()

	since, _ := strconv.ParseUint(r.URL.Query().Get("since"), 10, 64) // nonsense: a snapshot
	// Without the request's end: what came before a stream was reset counts, as over HTTP/1.1.
	c.run(context.WithoutCancel(r.Context()), r.URL.Query().Get("session"), since)
}

// seat is its participant's.
func (c *classSocket) seat() seatKey {
	tenant, name := c.room.Key()
	return seatKey{tenant, name, c.participant}
}

// seatClass gives the socket its participant's seat, and whoever sat there goes.
func (s *Server) seatClass(c *classSocket, lineage, page string) (release func()) {
	return s.seats.takeClass(c.seat(), page, lineage, func(replaced bool) {
		reason := classpb.GoodbyeReason_GOODBYE_REASON_UNSPECIFIED
		if replaced {
			reason = classpb.GoodbyeReason_GOODBYE_REASON_REPLACED
		}
		c.out.end(reason)
	})
}

// run serves the socket until either side has had enough.
func (c *classSocket) run(ctx context.Context, session string, since uint64) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.hello()
	detach, err := c.room.Attach(ctx, class.Viewer{Participant: c.participant}, session, since, c)
	if err != nil {
		c.out.end(parting(err))
	} else {
		defer detach()
	}

	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		defer c.recoverSession()
		c.write()
	}()
	func() {
		defer close(c.gone)
		defer c.recoverSession()
		c.read(ctx)
	}()
	select {
	case <-wrote:
	case <-time.After(drainTime): // blocked in a write that nobody reads
		_ = c.conn.Close()
		<-wrote
	}
}

// parting is what is said to who cannot be told of the class after all: that it
// has ended, or nothing, and they try again.
func parting(err error) classpb.GoodbyeReason {
	var coded *class.Error
	if errors.As(err, &coded) && coded.Code == classpb.Code_CODE_ENDED {
		return classpb.GoodbyeReason_GOODBYE_REASON_ENDED
	}
	return classpb.GoodbyeReason_GOODBYE_REASON_UNSPECIFIED
}

// Deliver takes a batch of the room's into the outbox.
func (c *classSocket) Deliver(b class.Batch) bool {
	return c.out.put(outItem{batch: &b}, sizeOf(&b))
}

// tooSlow: the outbox has overflown. A write that is stuck gets a moment, for the
// goodbye, and no more.
func (c *classSocket) tooSlow() {
	c.server.metrics.drops.WithLabelValues("slow_reader").Inc()
	c.log.Info("class socket let go: too slow")
	_ = c.conn.NetConn().SetWriteDeadline(time.Now().Add(drainTime))
}

func (c *classSocket) hello() {
	c.send(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Hello{Hello: &classpb.Hello{
		ServerMs: time.Now().UnixMilli(), Session: c.room.Session(), Participant: c.participant, Schema: 1,
	}}})
}

// recoverSession: a fault in one session ends that session.
func (c *classSocket) recoverSession() {
	fault := recover()
	if fault == nil {
		return
	}
	c.server.metrics.errors.WithLabelValues("class_session").Inc()
	c.log.Error("panic in a /class session", "fault", fault, "stack", string(debug.Stack()))
	_ = c.conn.Close()
	c.out.end(classpb.GoodbyeReason_GOODBYE_REASON_UNSPECIFIED)
}

// roomName is "tenant/name".
func roomName(r *room.Room) string {
	tenant, name := r.Key()
	return tenant + "/" + name
}
