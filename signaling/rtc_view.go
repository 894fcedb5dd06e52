package signaling

import (
	"maps"
	"slices"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// rtcCoalesceAbove: in classes larger than this, what happens to others is told four times a
// second at most.
const rtcCoalesceAbove = 30

// rtcAnnounced is what a client last heard of a participant.
type rtcAnnounced struct{ sid, identity string }

// Deliver makes the session a member of its class.
func (s *rtcSession) Deliver(b class.Batch) bool {
	return s.offer(func() {
		if s.heir == nil {
			s.hear(b)
		}
	})
}

// hear follows the class, and tells the client and its peer what has become of them.
func (s *rtcSession) hear(b class.Batch) {
	if b.Snapshot != nil {
		s.hearSnapshot(b.Snapshot)
	}
	if s.view == nil {
		return
	}
	for _, e := range b.Events {
		s.hearEvent(e)
	}
	if b.Through > s.view.GetSeq() {
		s.view.Seq = b.Through
	}
	if b.Goodbye != classpb.GoodbyeReason_GOODBYE_REASON_UNSPECIFIED {
		s.end(livekit.Goodbye(b.Goodbye))
		return
	}
	s.admitted.Store(class.Present(s.view, s.participant))
	s.enforce()
	s.enforceData()
	if len(b.Events) > 0 || b.Snapshot != nil {
		s.flushSoon(onlyPresence(&b))
	}
}

// hearSnapshot: the first makes the join complete; a later one is another kind of view, as when the
// teacher opens the door.
func (s *rtcSession) hearSnapshot(snapshot *classpb.State) {
	first := s.view == nil
	s.view = proto.CloneOf(snapshot)
	present := class.Present(s.view, s.participant)
	if first && present {
		s.hub.comeIn(s)
	}
	s.admitted.Store(present) // before the client can know: data said from then on is for it too
	if first {
		s.joined()
		return
	}
	for id := range s.announced {
		s.dirty[id] = true
	}
	for id := range s.view.GetParticipants() {
		s.dirty[id] = true
	}
	s.reconcileTracks()
}

// hearEvent applies one event. Numbers withheld from this view leave gaps.
func (s *rtcSession) hearEvent(e *classpb.Event) {
	for _, id := range touched(s.view, e) {
		s.dirty[id] = true
	}
	if e.GetSeq() > 0 {
		s.view.Seq = e.GetSeq() - 1
	}
	class.Apply(s.view, e)
	for _, id := range touched(s.view, e) {
		s.dirty[id] = true
	}
	if e.GetLocksSet() != nil {
		s.dirty[s.participant] = true
	}
	switch body := e.GetBody().(type) {
	case *classpb.Event_TrackPublished: // muted, where it may not be open
		t := body.TrackPublished.GetTrack()
		s.trackMuted(&classpb.TrackMuted{Sid: t.GetSid(), Muted: t.GetMuted()})
	case *classpb.Event_TrackMuted:
		s.trackMuted(body.TrackMuted)
	case *classpb.Event_TrackUnpublished:
		s.trackUnpublished(body.TrackUnpublished.GetSid())
	case *classpb.Event_ChatSent:
		s.chatSent(body.ChatSent.GetMessage())
	}
}

// touched are the participants whose announcement an event changes.
func touched(s *classpb.State, e *classpb.Event) []string {
	switch b := e.GetBody().(type) {
	case *classpb.Event_ProfileSet:
		return []string{b.ProfileSet.GetParticipant()}
	case *classpb.Event_Joined:
		return []string{b.Joined.GetParticipant()}
	case *classpb.Event_Waited:
		return []string{b.Waited.GetParticipant()}
	case *classpb.Event_Left:
		return []string{b.Left.GetParticipant()}
	case *classpb.Event_Withdrawn:
		return []string{b.Withdrawn.GetParticipant()}
	case *classpb.Event_SidSet:
		return []string{b.SidSet.GetParticipant()}
	case *classpb.Event_Forwarded:
		return []string{b.Forwarded.GetParticipant()}
	case *classpb.Event_RoleSet:
		return []string{b.RoleSet.GetParticipant()}
	case *classpb.Event_PermissionsSet:
		return []string{b.PermissionsSet.GetParticipant()}
	case *classpb.Event_WordGiven:
		return []string{b.WordGiven.GetParticipant()}
	case *classpb.Event_WordTaken:
		return []string{b.WordTaken.GetParticipant()}
	case *classpb.Event_HandRaised:
		return []string{b.HandRaised.GetParticipant()}
	case *classpb.Event_HandLowered:
		return []string{b.HandLowered.GetParticipant()}
	case *classpb.Event_TrackPublished:
		return []string{b.TrackPublished.GetTrack().GetParticipant()}
	case *classpb.Event_TrackUnpublished:
		return trackOwner(s, b.TrackUnpublished.GetSid())
	case *classpb.Event_TrackMuted:
		return trackOwner(s, b.TrackMuted.GetSid())
	case *classpb.Event_HandsLowered:
		return s.GetHands()
	case *classpb.Event_LocksSet: // in a large class the others' permissions are told with their next change
		if n := len(s.GetParticipants()); n <= rtcCoalesceAbove {
			return slices.Collect(maps.Keys(s.GetParticipants()))
		}
	}
	return nil
}

func trackOwner(s *classpb.State, sid string) []string {
	if t := s.GetTracks()[sid]; t != nil {
		return []string{t.GetParticipant()}
	}
	return nil
}

// flushSoon renews announcements now; or after a while where the class is large, or where nothing but presence
// has changed and the link is thin and has just been told some.
func (s *rtcSession) flushSoon(presence bool) {
	limits := s.handler.options.Limits
	lately := s.thin(presence) && time.Since(s.flushed) < limits.CoalesceThin
	if len(s.view.GetParticipants()) <= rtcCoalesceAbove && !s.muteTold && !lately {
		s.flush()
		return
	}
	if s.dirty[s.participant] && !s.muteTold {
		s.announceSelf()
	}
	s.flushLater(presence)
}

// thin says that announcements may wait longer: tracks may not.
func (s *rtcSession) thin(presence bool) bool {
	return presence && s.handler.options.Seats.pacing.thin(s.seat())
}

func (s *rtcSession) flushLater(presence bool) {
	wait := s.handler.options.Limits.coalesce(s.thin(presence))
	if due := time.Now().Add(wait); s.flushDue.IsZero() || due.Before(s.flushDue) {
		s.flushDue = due
		s.flushing.Reset(wait)
	}
}

// flush tells the client who has changed, then subscribes: the description that carries a track
// must not come before its TrackInfo.
func (s *rtcSession) flush() {
	s.flushed, s.flushDue, s.muteTold = time.Now(), time.Time{}, false
	s.flushing.Stop()
	if s.view == nil {
		return
	}
	var infos []*lk.ParticipantInfo
	for _, id := range slices.Sorted(maps.Keys(s.dirty)) {
		infos = append(infos, s.renewed(id)...)
	}
	clear(s.dirty)
	if len(infos) > 0 {
		s.update(infos, false)
	}
	s.updateRoom()
	s.subscribeAll()
}

// renewed is what the client must hear of one participant: its old sid is gone, its new one is there.
func (s *rtcSession) renewed(id string) []*lk.ParticipantInfo {
	if id == s.participant {
		return []*lk.ParticipantInfo{s.selfInfo()}
	}
	var infos []*lk.ParticipantInfo
	p := s.view.GetParticipants()[id]
	shown := livekit.Visible(p) && !class.Hidden(p)
	was, known := s.announced[id]
	if known && (!shown || was.sid != p.GetSid()) {
		delete(s.announced, id)
		infos = append(infos, livekit.Gone(s.view, id, was.sid, was.identity))
	}
	if shown {
		s.announced[id] = rtcAnnounced{p.GetSid(), p.GetProfile().GetIdentity()}
		infos = append(infos, s.infoOf(id))
	}
	return infos
}

// infoOf is another participant, as the client is to see it.
func (s *rtcSession) infoOf(id string) *lk.ParticipantInfo {
	info := livekit.Participant(s.view, id, false)
	s.hub.complete(id, info)
	return info
}

func (s *rtcSession) announceSelf() {
	delete(s.dirty, s.participant)
	s.update([]*lk.ParticipantInfo{s.selfInfo()}, false)
}

// selfInfo is the client's own participant: its sid is this session's, whatever the class has.
func (s *rtcSession) selfInfo() *lk.ParticipantInfo {
	info := livekit.Participant(s.view, s.participant, true)
	if info == nil {
		info = &lk.ParticipantInfo{Identity: s.identity, Version: uint32(s.view.GetSeq()), Permission: &lk.ParticipantPermission{}}
	}
	info.Sid = s.sid
	info.Permission.CanUpdateMetadata = s.mayUpdateOwn()
	s.hub.complete(s.participant, info)
	return info
}

func (s *rtcSession) update(infos []*lk.ParticipantInfo, full bool) {
	version := s.hub.revised(s.view.GetSeq())
	for _, i := range infos {
		i.Version = version
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Update{
		Update: &lk.ParticipantUpdate{Participants: infos, FullSnapshot: full},
	}})
}

// updateRoom tells the client when the class as a whole has changed.
func (s *rtcSession) updateRoom() {
	r := livekit.Room(s.view)
	if proto.Equal(r, s.roomSent) {
		return
	}
	s.roomSent = r
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_RoomUpdate{RoomUpdate: &lk.RoomUpdate{Room: r}}})
}

// fastPublish: where a publisher's connection is one more, who is likely to use it opens it at once.
// The pupils of a full hall mostly listen.
func (s *rtcSession) fastPublish(p *lk.ParticipantPermission) bool {
	return !s.join.Single && p.GetCanPublish() && len(s.view.GetParticipants()) <= rtcCoalesceAbove
}

// others are those the client may know of, as it is to see them.
func (s *rtcSession) others() []*lk.ParticipantInfo {
	ids := map[string]string{} // by sid
	for id, p := range s.view.GetParticipants() {
		ids[p.GetSid()] = id
	}
	all := slices.DeleteFunc(livekit.Others(s.view, s.participant),
		func(i *lk.ParticipantInfo) bool { return i.GetPermission().GetHidden() })
	version := s.hub.revised(s.view.GetSeq())
	for _, info := range all {
		s.hub.complete(ids[info.GetSid()], info)
		info.Version = version
	}
	return all
}

// joined sends the first message, and all that follows from it.
func (s *rtcSession) joined() {
	s.roomSent = livekit.Room(s.view)
	others := s.others()
	for id, p := range s.view.GetParticipants() {
		if id != s.participant && livekit.Visible(p) && !class.Hidden(p) {
			s.announced[id] = rtcAnnounced{p.GetSid(), p.GetProfile().GetIdentity()}
		}
	}
	self := s.selfInfo()
	self.Version = s.hub.revised(s.view.GetSeq())
	if s.moving != nil {
		s.arrived(self, others)
		return
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Join{Join: &lk.JoinResponse{
		Room:                 s.roomSent,
		Participant:          self,
		OtherParticipants:    others,
		ServerVersion:        livekit.Version,
		ServerInfo:           serverInfo(),
		IceServers:           s.iceServers(),
		ClientConfiguration:  s.clientConfiguration(),
		SubscriberPrimary:    !s.join.Single,
		FastPublish:          s.fastPublish(self.GetPermission()),
		PingInterval:         5,
		PingTimeout:          15,
		EnabledPublishCodecs: livekit.Codecs(),
	}}})
	s.handler.options.Metrics.joins.WithLabelValues(socketRTC).Observe(time.Since(s.begun).Seconds())
	s.refreshToken()
	if s.join.Single {
		s.embeddedOffer()
	} else {
		s.do(StartSubscriber{}, nil)
	}
	for _, r := range s.join.GetAddTrackRequests() {
		s.addTrack(r)
	}
	for _, e := range s.early {
		s.peerEvent(e)
	}
	s.early = nil
}
