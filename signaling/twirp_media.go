package signaling

import (
	"context"
	"errors"

	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// mediaSession finds the /rtc session of somebody in a class that the caller administers.
func (s *roomService) mediaSession(ctx context.Context, name, identity string) (*rtcSession, *classpb.Participant, error) {
	r, _, err := s.admin(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	_, p, err := person(ctx, r, identity)
	if err != nil {
		return nil, nil, err
	}
	if s.rtc == nil {
		return nil, nil, twirp.Unimplemented.Error("this server carries no media")
	}
	session := s.rtc.session(roomName(r), p.GetId())
	if session == nil {
		return nil, nil, twirp.NotFoundError("participant has no media session")
	}
	return session, p, nil
}

// UpdateSubscriptions subscribes somebody to tracks, or ends that: as if their
// client had asked.
func (s *roomService) UpdateSubscriptions(ctx context.Context, q *lk.UpdateSubscriptionsRequest) (*lk.UpdateSubscriptionsResponse, error) {
	session, _, err := s.mediaSession(ctx, q.GetRoom(), q.GetIdentity())
	if err != nil {
		return nil, err
	}
	session.offer(func() {
		if session.view != nil {
			session.subscription(&lk.UpdateSubscription{
				TrackSids: q.GetTrackSids(), Subscribe: q.GetSubscribe(), ParticipantTracks: q.GetParticipantTracks(),
			})
		}
	})
	return &lk.UpdateSubscriptionsResponse{}, nil
}

// ForwardParticipant has somebody heard and seen in another class of the tenant, which opens if it
// must, while they stay where they are: there a guest publishes what they do, until they go, or the
// guest is removed. Asked again, it changes nothing.
func (s *roomService) ForwardParticipant(ctx context.Context, q *lk.ForwardParticipantRequest) (*lk.ForwardParticipantResponse, error) {
	session, p, to, err := s.way(ctx, q)
	if err != nil {
		return nil, err
	}
	_, actor := caller(ctx)
	if err := s.rtc.forward(ctx, session, p, to, actor); err != nil {
		return nil, moveError(err)
	}
	return &lk.ForwardParticipantResponse{}, nil
}

// way is whom to take from one class to another, and that other one, opened.
func (s *roomService) way(ctx context.Context, q interface {
	GetRoom() string
	GetIdentity() string
	GetDestinationRoom() string
},
) (*rtcSession, *classpb.Participant, *room.Room, error) {
	if err := s.destination(ctx, q.GetRoom(), q.GetDestinationRoom()); err != nil {
		return nil, nil, nil, err
	}
	session, p, err := s.mediaSession(ctx, q.GetRoom(), q.GetIdentity())
	if err != nil {
		return nil, nil, nil, err
	}
	claims, actor := caller(ctx)
	to, err := s.school.Open(ctx, &classpb.OpenClass{
		Tenant: claims.Tenant, Name: q.GetDestinationRoom(), Title: q.GetDestinationRoom(),
	}, actor)
	if err != nil {
		return nil, nil, nil, twirpError(err)
	}
	return session, p, to, nil
}

// destination checks the grants for a way from one class to another, as LiveKit's server does.
func (s *roomService) destination(ctx context.Context, from, to string) error {
	claims, _ := caller(ctx)
	switch video := claims.Grants.Video; {
	case !video.RoomAdmin:
		return granted(false, "roomAdmin")
	case from == "":
		return twirp.RequiredArgumentError("room")
	case claims.Room != from:
		return twirp.PermissionDenied.Error("the access token is for another room")
	case to == "":
		return twirp.RequiredArgumentError("destination_room")
	case video.DestinationRoom != to:
		return granted(false, "that destinationRoom")
	case from == to:
		return twirp.InvalidArgumentError("destination_room", "is the room the participant is in")
	}
	return nil
}

// MoveParticipant takes somebody's media session to another class of the tenant,
// which opens if it must. They are let in there without waiting, and gone from
// the class they were in, except for a page of ours, whose /class stays.
func (s *roomService) MoveParticipant(ctx context.Context, q *lk.MoveParticipantRequest) (*lk.MoveParticipantResponse, error) {
	session, p, to, err := s.way(ctx, q)
	if err != nil {
		return nil, err
	}
	_, actor := caller(ctx)
	moved := session.claims.Moved(q.GetDestinationRoom(), carriedRole(session.claims, p), p.GetProfile())
	moved.Permissions = p.GetPermissions()
	participant, err := letIn(ctx, to, moved, actor)
	if err != nil {
		return nil, twirpError(err)
	}
	if err := session.move(ctx, to, participant, moved); err != nil {
		return nil, moveError(err)
	}
	return &lk.MoveParticipantResponse{}, nil
}

// carriedRole is who somebody is in the class they are moved to: what their token
// makes them, and no more than they are now. Who was made a teacher of one class
// is not by that a teacher of another.
func carriedRole(c *access.Claims, p *classpb.Participant) classpb.Role {
	if c.Role == classpb.Role_ROLE_TEACHER || c.Role == classpb.Role_ROLE_PRESENTER && p.GetRole() != classpb.Role_ROLE_TEACHER {
		return p.GetRole()
	}
	return c.Role
}

// letIn makes somebody a participant of a class, whatever its lobby.
func letIn(ctx context.Context, r *room.Room, c *access.Claims, actor class.Actor) (participant string, err error) {
	if participant, err = join(ctx, r, c, false); err != nil {
		return "", err
	}
	state, err := r.State(ctx)
	if err != nil || !class.Waiting(state, participant) {
		return participant, err
	}
	_, err = r.Do(ctx, actor, &classpb.Command{Body: &classpb.Command_Admit{Admit: &classpb.Admit{Participants: []string{participant}}}})
	return participant, err
}

func moveError(err error) error {
	switch {
	case errors.Is(err, errMoving):
		return twirp.FailedPrecondition.Error(err.Error())
	case errors.Is(err, errForwards):
		return twirp.ResourceExhausted.Error(err.Error())
	case errors.Is(err, errForwardedHere):
		return twirp.AlreadyExists.Error(err.Error())
	case errors.Is(err, errMoveGone):
		return twirp.NotFoundError(err.Error())
	}
	return twirpError(err)
}
