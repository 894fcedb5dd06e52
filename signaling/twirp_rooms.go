package signaling

import (
	"context"
	"slices"

	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/signaling/classpb"
	"preau/signaling/livekit"
	"preau/signaling/room"
)

// CreateRoom opens a class, or finds the one that is open, which stays as it is.
func (s *roomService) CreateRoom(ctx context.Context, q *lk.CreateRoomRequest) (*lk.Room, error) {
	claims, actor := caller(ctx)
	if err := granted(claims.Grants.Video.RoomCreate, "roomCreate"); err != nil {
		return nil, err
	}
	if q.GetName() == "" {
		return nil, twirp.RequiredArgumentError("name")
	}
	if err := absent(q); err != nil {
		return nil, err
	}
	r, err := s.school.Open(ctx, &classpb.OpenClass{
		Tenant: claims.Tenant, Name: q.GetName(), Title: q.GetName(), Metadata: q.GetMetadata(),
		MaxParticipants: q.GetMaxParticipants(),
		EmptyTimeoutS:   q.GetEmptyTimeout(), DepartureTimeoutS: q.GetDepartureTimeout(),
	}, actor)
	if err != nil {
		return nil, twirpError(err)
	}
	return roomInfo(ctx, r)
}

// absent refuses what would not be done: better than a room without it. Delays of
// playout, streams kept in step, the node and tags are hints, and passed over.
func absent(q *lk.CreateRoomRequest) error {
	for field, asked := range map[string]bool{
		"egress": q.GetEgress() != nil, "agents": len(q.GetAgents()) > 0, "replay_enabled": q.GetReplayEnabled(),
		"room_preset": q.GetRoomPreset() != "",
	} {
		if asked {
			return twirp.Unimplemented.Error("this server does not offer a room's " + field)
		}
	}
	return nil
}

// ListRooms lists the caller's classes that are open, or those named.
func (s *roomService) ListRooms(ctx context.Context, q *lk.ListRoomsRequest) (*lk.ListRoomsResponse, error) {
	claims, _ := caller(ctx)
	if err := granted(claims.Grants.Video.RoomList, "roomList"); err != nil {
		return nil, err
	}
	answer := &lk.ListRoomsResponse{}
	for _, r := range s.school.List(claims.Tenant) {
		_, name := r.Key()
		if len(q.GetNames()) > 0 && !slices.Contains(q.GetNames(), name) {
			continue
		}
		if info, err := roomInfo(ctx, r); err == nil { // one that ends meanwhile is not listed
			answer.Rooms = append(answer.Rooms, info)
		} else if ctx.Err() != nil {
			return nil, twirpError(ctx.Err())
		}
	}
	slices.SortFunc(answer.Rooms, func(a, b *lk.Room) int { return int(a.GetCreationTimeMs() - b.GetCreationTimeMs()) })
	return answer, nil
}

// DeleteRoom ends a class for everybody.
func (s *roomService) DeleteRoom(ctx context.Context, q *lk.DeleteRoomRequest) (*lk.DeleteRoomResponse, error) {
	claims, actor := caller(ctx)
	if err := granted(claims.Grants.Video.RoomCreate, "roomCreate"); err != nil {
		return nil, err
	}
	r, ok := s.school.Get(claims.Tenant, q.GetRoom())
	if !ok {
		return nil, twirp.NotFoundError("requested room does not exist")
	}
	_, err := r.Do(ctx, actor, &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
	if err != nil {
		return nil, twirpError(err)
	}
	return &lk.DeleteRoomResponse{}, nil
}

// UpdateRoomMetadata replaces a class's LiveKit metadata.
func (s *roomService) UpdateRoomMetadata(ctx context.Context, q *lk.UpdateRoomMetadataRequest) (*lk.Room, error) {
	r, actor, err := s.admin(ctx, q.GetRoom())
	if err != nil {
		return nil, err
	}
	_, err = r.Do(ctx, actor, &classpb.Command{Body: &classpb.Command_SetMetadata{
		SetMetadata: &classpb.SetMetadata{Metadata: q.GetMetadata()},
	}})
	if err != nil {
		return nil, twirpError(err)
	}
	return roomInfo(ctx, r)
}

// SendData sends a packet to the identities or sids named, or to everyone.
func (s *roomService) SendData(ctx context.Context, q *lk.SendDataRequest) (*lk.SendDataResponse, error) {
	r, _, err := s.admin(ctx, q.GetRoom())
	if err != nil {
		return nil, err
	}
	if s.rtc == nil {
		return nil, twirp.Unimplemented.Error("this server carries no media")
	}
	state, err := r.State(ctx)
	if err != nil {
		return nil, twirpError(err)
	}
	//lint:ignore SA1019 older server SDKs still name sids
	sids := q.GetDestinationSids()
	to := slices.Concat(q.GetDestinationIdentities(), identitiesOf(state, sids))
	if len(to) == 0 && len(sids) > 0 {
		return &lk.SendDataResponse{}, nil // those it was for have gone
	}
	kind := DataReliable
	if q.GetKind() == lk.DataPacket_LOSSY {
		kind = DataLossy
	}
	user := &lk.UserPacket{Payload: q.GetData(), Topic: q.Topic, Nonce: q.GetNonce()}
	packet := &lk.DataPacket{DestinationIdentities: to, Value: &lk.DataPacket_User{User: user}}
	//lint:ignore SA1019 older clients still read these two
	packet.Kind, user.DestinationIdentities = q.GetKind(), to
	s.rtc.sendData(roomName(r), kind, packet)
	return &lk.SendDataResponse{}, nil
}

func identitiesOf(s *classpb.State, sids []string) []string {
	var identities []string
	for _, p := range s.GetParticipants() {
		if p.GetSid() != "" && slices.Contains(sids, p.GetSid()) {
			identities = append(identities, p.GetProfile().GetIdentity())
		}
	}
	return identities
}

func roomInfo(ctx context.Context, r *room.Room) (*lk.Room, error) {
	state, err := r.State(ctx)
	if err != nil {
		return nil, twirpError(err)
	}
	return livekit.Room(state), nil
}
