package signaling

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/gorilla/websocket"
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// rtcPredecessor bounds the wait for the session a newcomer takes the place of.
const rtcPredecessor = 3 * time.Second

// rtcFirst bounds all that stands between an open socket and the join: LiveKit's clients give up on a
// socket that says nothing for 5 s.
const rtcFirst = 4500 * time.Millisecond

// sidAlphabet is that of LiveKit's short ids.
const sidAlphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// newSID makes an id of twelve random characters: "PA_…", "TR_…".
func newSID(prefix string) string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = sidAlphabet[int(b[i])%len(sidAlphabet)]
	}
	return prefix + string(b)
}

// serveSocket is one /rtc websocket from request to close: a new session or one resumed.
func (h *rtcHandler) serveSocket(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	if !websocket.IsWebSocketUpgrade(r) {
		http.Error(w, "a websocket is needed", http.StatusUpgradeRequired)
		return
	}
	leave, ok := h.options.Attendance.enter()
	if !ok {
		h.refuse(w, &refused{http.StatusServiceUnavailable, "shutdown", "the server is going down"})
		return
	}
	defer leave()
	claims, err := h.authorize(r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	join, err := livekit.ParseJoin(r.URL.Query())
	if err != nil {
		h.refuse(w, errJoinRequest)
		return
	}
	join.SentBy(r.UserAgent())
	var session *rtcSession
	if join.GetReconnect() {
		session = h.find(claims, join.GetParticipantSid())
	} else if session, err = h.newSession(r.Context(), claims, join); err != nil {
		h.refuse(w, err)
		return
	}
	conn, err := rtcUpgrader.Upgrade(w, r, nil)
	if err != nil { // Upgrade has answered
		h.abandon(session, join)
		return
	}
	h.options.Metrics.sockets.WithLabelValues(socketRTC).Inc()
	defer h.options.Metrics.sockets.WithLabelValues(socketRTC).Dec()
	h.converse(context.WithoutCancel(r.Context()), session, newRTCSocket(conn, h.options.Limits), join, begun, h.options.Seats.pacing.behind(r))
}

// contain is deferred in what runs beside a session: a fault there is counted, and what it served let go.
func (h *rtcHandler) contain(letGo func()) {
	if fault := recover(); fault != nil {
		h.options.Metrics.errors.WithLabelValues("rtc").Inc()
		h.log.Error("panic beside a session", "fault", fault, "stack", string(debug.Stack()))
		letGo()
	}
}

// converse serves an upgraded socket to its end.
func (h *rtcHandler) converse(ctx context.Context, s *rtcSession, k *rtcSocket, join livekit.Join, begun time.Time, behind netip.Addr) {
	if s != nil {
		defer h.options.Seats.pacing.hold(s.seat(), k.conn.NetConn(), behind)()
	}
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer h.contain(k.close)
		k.write()
	}()
	defer func() {
		k.close()
		<-written
	}()
	if s != nil && join.GetReconnect() && !s.offerSocket(k, join) {
		s = nil
	}
	switch {
	case s == nil: // a session nobody knows here: the client has to join anew
		k.send(leaveMessage(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH)))
		k.finish()
	case !join.GetReconnect():
		started, err := h.startOrEnterAgain(ctx, s, k, begun)
		if err != nil {
			h.log.Warn("rtc: starting a session", "class", s.class, "participant", s.participant, "error", err)
			k.send(leaveMessage(livekit.Reconnect(lk.DisconnectReason_JOIN_FAILURE)))
			k.finish()
		}
		s = started
	}
	err := k.read(func(frame []byte, text bool) error {
		if s == nil {
			return nil
		}
		return s.receive(k, frame, text)
	})
	if errors.Is(err, errFrameTooLarge) || errors.Is(err, websocket.ErrReadLimit) {
		h.options.Metrics.drops.WithLabelValues("frame_too_large").Inc()
	}
	if s != nil {
		s.post(func() { s.last().lostSocket(k) })
	}
}

// startOrEnterAgain starts a session, nil if it cannot be. A client that says leave and joins at once may
// find its place in the class given up between its door and its start: it goes through the door again.
func (h *rtcHandler) startOrEnterAgain(ctx context.Context, s *rtcSession, k *rtcSocket, begun time.Time) (*rtcSession, error) {
	err := h.start(ctx, s, k, begun)
	var coded *class.Error
	if errors.As(err, &coded) && coded.Code == classpb.Code_CODE_NOT_FOUND {
		if s, err = h.newSession(ctx, s.claims, s.join); err == nil {
			err = h.start(ctx, s, k, begun)
		}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// find is the session a client wants to resume: its own, by the sid it was given.
func (h *rtcHandler) find(c *access.Claims, sid string) *rtcSession {
	for _, s := range h.all() {
		if s.identity == c.Identity && s.is(c.Tenant+"/"+c.Room, sid) {
			return s
		}
	}
	return nil
}

// abandon ends a session whose client never got its socket.
func (h *rtcHandler) abandon(s *rtcSession, join livekit.Join) {
	if s != nil && !join.GetReconnect() {
		close(s.done)
	}
}

// iceServers as LiveKit clients take them.
func iceServers(all []ICEServer) []*lk.ICEServer {
	out := make([]*lk.ICEServer, 0, len(all))
	for _, s := range all {
		out = append(out, &lk.ICEServer{Urls: s.URLs, Username: s.Username, Credential: s.Credential})
	}
	return out
}

// serverInfo is what clients gate their features on.
func serverInfo() *lk.ServerInfo {
	return &lk.ServerInfo{Version: livekit.Version, Protocol: livekit.Protocol, NodeId: "node"}
}
