package signaling

import (
	"context"

	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
	"preau/signaling/room"
)

// ListParticipants lists who has a media session in a class, the hidden too.
func (s *roomService) ListParticipants(ctx context.Context, q *lk.ListParticipantsRequest) (*lk.ListParticipantsResponse, error) {
	r, _, err := s.admin(ctx, q.GetRoom())
	if err != nil {
		return nil, err
	}
	state, err := r.State(ctx)
	if err != nil {
		return nil, twirpError(err)
	}
	return &lk.ListParticipantsResponse{Participants: livekit.Others(state, "")}, nil
}

// GetParticipant finds one by identity.
func (s *roomService) GetParticipant(ctx context.Context, q *lk.RoomParticipantIdentity) (*lk.ParticipantInfo, error) {
	r, _, err := s.admin(ctx, q.GetRoom())
	if err != nil {
		return nil, err
	}
	state, p, err := person(ctx, r, q.GetIdentity())
	if err != nil {
		return nil, err
	}
	return livekit.Participant(state, p.GetId(), true), nil
}

// RemoveParticipant puts somebody out; they may come back with their token.
func (s *roomService) RemoveParticipant(ctx context.Context, q *lk.RoomParticipantIdentity) (*lk.RemoveParticipantResponse, error) {
	r, actor, err := s.admin(ctx, q.GetRoom())
	if err != nil {
		return nil, err
	}
	if q.GetRevokeTokenTs() != 0 {
		return nil, twirp.Unimplemented.Error("this server does not revoke single tokens: a ban in the class keeps somebody out")
	}
	_, p, err := person(ctx, r, q.GetIdentity())
	if err != nil {
		return nil, err
	}
	_, err = r.Do(ctx, actor, &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: p.GetId()}}})
	if err != nil {
		return nil, twirpError(err)
	}
	return &lk.RemoveParticipantResponse{}, nil
}

// MutePublishedTrack mutes a track. Nobody opens another's microphone: unmuting is
// refused as by a LiveKit server without enable_remote_unmute.
func (s *roomService) MutePublishedTrack(ctx context.Context, q *lk.MuteRoomTrackRequest) (*lk.MuteRoomTrackResponse, error) {
	r, actor, err := s.admin(ctx, q.GetRoom())
	if err != nil {
		return nil, err
	}
	state, p, err := person(ctx, r, q.GetIdentity())
	if err != nil {
		return nil, err
	}
	if t, ok := state.GetTracks()[q.GetTrackSid()]; !ok || t.GetParticipant() != p.GetId() {
		return nil, twirp.NotFoundError("track is not found")
	}
	if !q.GetMuted() {
		return nil, twirp.FailedPrecondition.Error("remote unmute not enabled")
	}
	_, err = r.Do(ctx, actor, &classpb.Command{Body: &classpb.Command_Mute{
		Mute: &classpb.Mute{Sid: q.GetTrackSid(), Muted: q.GetMuted()},
	}})
	if err != nil {
		return nil, twirpError(err)
	}
	after, err := r.State(ctx)
	if err != nil {
		return nil, twirpError(err)
	}
	t, ok := after.GetTracks()[q.GetTrackSid()]
	if !ok {
		return nil, twirp.NotFoundError("track is not found")
	}
	return &lk.MuteRoomTrackResponse{Track: livekit.TrackInfo(t)}, nil
}

// UpdateParticipant changes name, metadata, attributes (an empty value deletes
// one) and permissions. The role is not among them, whatever an attribute says.
func (s *roomService) UpdateParticipant(ctx context.Context, q *lk.UpdateParticipantRequest) (*lk.ParticipantInfo, error) {
	r, actor, err := s.admin(ctx, q.GetRoom())
	if err != nil {
		return nil, err
	}
	_, p, err := person(ctx, r, q.GetIdentity())
	if err != nil {
		return nil, err
	}
	if permission := q.GetPermission(); permission != nil && permission.GetHidden() != class.Hidden(p) {
		return nil, twirp.Unimplemented.Error("this server does not change whether somebody is hidden: that goes with the role")
	}
	if err := s.change(ctx, r, actor, changesOf(p.GetId(), q)); err != nil {
		return nil, err
	}
	s.permitOwnData(roomName(r), p.GetId(), q.GetPermission())
	state, _, err := person(ctx, r, q.GetIdentity())
	if err != nil {
		return nil, err
	}
	return livekit.Participant(state, p.GetId(), true), nil
}

// permitOwnData: that somebody may set their own metadata is the session's to know.
func (s *roomService) permitOwnData(class, participant string, p *lk.ParticipantPermission) {
	if p == nil || s.rtc == nil {
		return
	}
	if session := s.rtc.session(class, participant); session != nil {
		session.offer(func() { session.last().permitOwnData(p.GetCanUpdateMetadata()) })
	}
}

func (s *roomService) change(ctx context.Context, r *room.Room, actor class.Actor, commands []*classpb.Command) error {
	for _, c := range commands {
		if _, err := r.Do(ctx, actor, c); err != nil {
			return twirpError(err)
		}
	}
	return nil
}

// changesOf are the commands that an update amounts to.
func changesOf(participant string, q *lk.UpdateParticipantRequest) []*classpb.Command {
	var commands []*classpb.Command
	attributes := livekit.OwnAttributes(q.GetAttributes())
	if q.GetName() != "" || q.GetMetadata() != "" || len(attributes) > 0 {
		set := &classpb.SetProfile{Participant: participant, Attributes: attributes}
		if name := q.GetName(); name != "" {
			set.Name = &name
		}
		if metadata := q.GetMetadata(); metadata != "" {
			set.Metadata = &metadata
		}
		commands = append(commands, &classpb.Command{Body: &classpb.Command_SetProfile{SetProfile: set}})
	}
	if q.GetPermission() != nil {
		set := permissionsFrom(q.GetPermission())
		set.Participant = participant
		commands = append(commands, &classpb.Command{Body: &classpb.Command_SetPermissions{SetPermissions: set}})
	}
	return commands
}

// permissionsFrom turns LiveKit's permissions into switches. The server API says
// all of it at once: what it grants is allowed whatever the class's locks say,
// since the caller can see neither locks nor switches.
func permissionsFrom(p *lk.ParticipantPermission) *classpb.SetPermissions {
	granted := map[lk.TrackSource]bool{}
	for _, source := range p.GetCanPublishSources() {
		granted[source] = true
	}
	source := func(wanted ...lk.TrackSource) *classpb.Switch {
		to := classpb.Switch_SWITCH_DENIED
		for _, w := range wanted {
			if p.GetCanPublish() && (len(granted) == 0 || granted[w]) {
				to = classpb.Switch_SWITCH_ALLOWED
			}
		}
		return &to
	}
	noSubscribe, noData := !p.GetCanSubscribe(), !p.GetCanPublishData()
	chat := classpb.Switch_SWITCH_DEFAULT
	if noData {
		chat = classpb.Switch_SWITCH_DENIED
	}
	return &classpb.SetPermissions{
		Chat:        &chat,
		Microphone:  source(lk.TrackSource_MICROPHONE),
		Camera:      source(lk.TrackSource_CAMERA),
		Screen:      source(lk.TrackSource_SCREEN_SHARE, lk.TrackSource_SCREEN_SHARE_AUDIO),
		NoSubscribe: &noSubscribe,
		NoData:      &noData,
	}
}
