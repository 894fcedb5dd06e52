package signaling

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/access"
	"preau/signaling/livekit"
	"preau/signaling/room"
)

// A session's way into another class. The websocket, the media peer and the goroutine stay; what
// stands under "fixed after construction" does not, so that the session goes on as another, its heir:
//
//  1. on the session: the heir takes its place among the sessions and seats of the new class; what the
//     client says from now on is held
//  2. on the media line, after all that came before: the peer moves
//  3. on the session: handOver. The class that was left hears so; closures of the old session that
//     are still under way touch nothing of the heir's (those of client and peer look for the last heir)
//  4. on the media line: the heir attaches to the new class
//  5. on the heir: its first snapshot makes the room_moved message; what was held is done

// Bounds of a move.
const (
	maxHeld   = 256 // messages of the client
	maxFormer = 8   // classes a client may come back by
)

// rtcFormer is who a session was before a move.
type rtcFormer struct{ class, sid string }

// rtcMove is a move under way; the session and its heir have the same.
type rtcMove struct {
	heir   *rtcSession
	held   []*lk.SignalRequest
	result chan error // capacity 1
	over   bool       // a result was given
}

var (
	errMoving   = errors.New("the participant is being moved already")
	errMoveGone = errors.New("the participant has left meanwhile")
)

func (m *rtcMove) settle(err error) {
	if !m.over {
		m.over = true
		m.result <- err
	}
}

// last is who goes on with the session now. On the session's goroutine.
func (s *rtcSession) last() *rtcSession {
	for s.heir != nil {
		s = s.heir
	}
	return s
}

// is says whether the client knows this session by a class and a sid (empty: any).
func (s *rtcSession) is(class, sid string) bool {
	if s.class == class && (sid == "" || s.sid == sid) {
		return true
	}
	return slices.Contains(s.former, rtcFormer{class, sid})
}

// newHeir is the session as it will be in another class: a participant of it, by those claims.
func (s *rtcSession) newHeir(r *room.Room, participant string, c *access.Claims) *rtcSession {
	former := append(slices.Clone(s.former), rtcFormer{s.class, s.sid})
	n := &rtcSession{
		handler: s.handler, claims: c, join: s.join, room: r, class: roomName(r),
		participant: participant, identity: s.identity, sid: newSID("PA_"), peer: s.peer,
		asked: time.Now(), forced: s.forced, meters: s.meters,
		media: s.media, commands: s.commands, former: former[max(0, len(former)-maxFormer):],
		inbox: s.inbox, overflow: s.overflow, once: s.once, stopped: s.stopped, done: s.done,
	}
	n.log = s.handler.log.With("class", n.class, "participant", participant)
	n.rtcState = newRTCState(s.handler.options.Limits, s.join)
	return n
}

// move takes the session to a class in which its holder is a participant already, and waits until
// the client has been told. Not on the session's goroutine.
func (s *rtcSession) move(ctx context.Context, r *room.Room, participant string, c *access.Claims) error {
	result := make(chan error, 1)
	s.post(func() {
		if err := s.last().beginMove(r, participant, c, result); err != nil {
			result <- err
		}
	})
	select {
	case err := <-result:
		return err
	case <-s.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-result:
		return err
	default:
		return errMoveGone
	}
}

// beginMove is step 1.
func (s *rtcSession) beginMove(r *room.Room, participant string, c *access.Claims, result chan error) error {
	switch {
	case s.over:
		return errMoveGone
	case s.moving != nil || s.view == nil:
		return errMoving
	}
	n := s.newHeir(r, participant, c)
	s.moving = &rtcMove{heir: n, result: result}
	hub, other := s.handler.admit(n)
	n.hub = hub
	if p := s.hub.permission(s.participant); p != nil {
		hub.permit(participant, p)
	}
	n.release = s.handler.options.Seats.takeRTC(n.seat(), c.Lineage, n.evict)
	if other != nil {
		other.evict(true)
	}
	s.mediaJob(func(ctx context.Context) { s.carryOut(ctx, n, other) })
	return nil
}

// carryOut is steps 2 to 4, on the media line.
func (s *rtcSession) carryOut(ctx context.Context, n, other *rtcSession) {
	if other != nil {
		select {
		case <-other.done:
		case <-time.After(rtcPredecessor):
		}
	}
	if err := s.peer.Do(Move{Class: n.class, Participant: n.sid}); err != nil {
		s.post(func() {
			s.log.Warn("rtc: moving", "to", n.class, "error", err)
			s.moving.settle(err)
			s.end(livekit.Reconnect(lk.DisconnectReason_MEDIA_FAILURE))
		})
		return
	}
	took := make(chan bool, 1)
	s.post(func() { took <- s.handOver(n) })
	select {
	case ok := <-took:
		if !ok {
			return
		}
	case <-s.stopped:
		return
	}
	detach, err := n.attach(ctx)
	n.post(func() {
		if err != nil {
			n.log.Warn("rtc: arriving", "error", err)
			n.end(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH))
			return
		}
		n.detach = detach
	})
}

// handOver is step 3. Nothing is handed over by a session that has ended, nor to an heir whose place
// another has taken.
func (s *rtcSession) handOver(n *rtcSession) bool {
	if n.over {
		s.end(&lk.LeaveRequest{Reason: lk.DisconnectReason_DUPLICATE_IDENTITY})
	}
	if s.over {
		return false
	}
	s.detach()
	s.takeDataTo(n)
	s.handler.dismiss(s)
	s.release()
	n.detach, n.moving = func() {}, s.moving
	n.socket, n.linger, n.rtcLimits = s.socket, s.linger, s.rtcLimits
	n.mediaLost, n.resumeFault = s.mediaLost, s.resumeFault
	n.ownData = s.ownData
	n.chat, n.lastSeq, n.sections, n.sectionsDue = s.chat, s.lastSeq, s.sections, s.sectionsDue
	for sid, t := range s.own {
		n.own[sid] = &rtcTrack{
			info: proto.CloneOf(t.info), cid: t.cid, source: t.source, arrived: t.arrived, told: t.told, blocked: t.blocked,
		}
	}
	if n.socket != nil {
		n.disconnected = n.room.Connected(n.participant)
	}
	s.departed()
	s.flushing.Stop()
	s.rtcState = newRTCState(s.handler.options.Limits, s.join)
	s.heir = n
	return true
}

// departed tells the class that is left, off the session's goroutine.
func (s *rtcSession) departed() {
	left := &rtcSession{
		handler: s.handler, claims: s.claims, join: s.join, log: s.log, room: s.room, class: s.class, participant: s.participant,
	}
	left.quit, left.disconnected = true, s.disconnected
	s.disconnected = nil
	if !s.commands.offer(func(ctx context.Context) { left.depart(context.WithoutCancel(ctx)) }) {
		s.count("rtc_commands_full")
		left.absent() // it is gone when its time is over
	}
}

// arrived is step 5.
func (s *rtcSession) arrived(self *lk.ParticipantInfo, others []*lk.ParticipantInfo) {
	move := s.moving
	s.moving = nil
	s.sendMoved(self, others)
	if s.state == lk.ParticipantInfo_ACTIVE {
		s.tellConnected()
	}
	for _, sid := range slices.Sorted(maps.Keys(s.own)) {
		if t := s.own[sid]; t != nil && t.arrived {
			s.publish(t)
		}
	}
	for _, e := range s.early {
		s.peerEvent(e)
	}
	for _, m := range move.held {
		s.dispatch(m)
	}
	s.early, move.held = nil, nil
	move.settle(nil)
}

// sendMoved tells the client where it is now. What it publishes goes on, under the sids it has.
func (s *rtcSession) sendMoved(self *lk.ParticipantInfo, others []*lk.ParticipantInfo) {
	token, err := s.newToken()
	if err != nil {
		s.log.Error("rtc: a token for the class moved to", "error", err)
	}
	self.Tracks = nil
	for _, sid := range slices.Sorted(maps.Keys(s.own)) {
		if s.own[sid].arrived {
			self.Tracks = append(self.Tracks, proto.CloneOf(s.own[sid].info))
		}
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_RoomMoved{RoomMoved: &lk.RoomMovedResponse{
		Room: livekit.Room(s.view), Token: token, Participant: self, OtherParticipants: others,
	}}})
}

// hold keeps a message of the client until it has arrived. Leaving is not put off.
func (s *rtcSession) hold(m *lk.SignalRequest) {
	switch {
	case m.GetLeave() != nil:
		s.leave(m.GetLeave())
	case len(s.moving.held) >= maxHeld:
		s.count("rtc_move_full")
		s.end(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH))
	default:
		s.moving.held = append(s.moving.held, m)
	}
}

// giveUpMove cleans up when the session has ended on the way.
func (s *rtcSession) giveUpMove() {
	if s.moving == nil {
		return
	}
	s.moving.settle(errMoveGone)
	if n := s.moving.heir; n != s {
		s.handler.dismiss(n)
		n.release()
		n.quit = true
		n.depart(context.Background())
	}
}

// permission is whom a publisher lets subscribe; nil: it has not said.
func (b *rtcHub) permission(publisher string) *lk.SubscriptionPermission {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	return b.allowed[publisher]
}
