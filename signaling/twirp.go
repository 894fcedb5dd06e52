package signaling

import (
	"context"
	"errors"
	"net/http"
	"strings"

	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// maxTwirpBody bounds a request to the server API, in bytes.
const maxTwirpBody = 1 << 20

// roomService is LiveKit's RoomService (Twirp v7 wire format) on classes. Its
// caller acts as the API key that signed the token, and sees its tenant alone.
type roomService struct {
	school  *room.School
	rtc     *rtcHandler // nil: no media
	metrics *metrics
}

// twirp serves RoomService; every other service is honest about not being there.
func (s *Server) twirp() http.Handler {
	service := &roomService{school: s.options.School, rtc: s.rtc, metrics: s.metrics}
	rooms := lk.NewRoomServiceServer(service, twirp.WithServerInterceptors(s.countTwirp))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := s.options.Keys.Verify(tokenOf(r))
		if err != nil {
			s.metrics.refused.WithLabelValues(explain(err).code).Inc()
			_ = twirp.WriteError(w, twirp.Unauthenticated.Error(err.Error()))
			return
		}
		if !strings.HasPrefix(r.URL.Path, rooms.PathPrefix()) {
			_ = twirp.WriteError(w, twirp.Unimplemented.Error("this server does not offer "+strings.TrimPrefix(r.URL.Path, "/twirp/")))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxTwirpBody)
		rooms.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, claims)))
	})
}

// countTwirp counts each call by its result, and bounds its time.
func (s *Server) countTwirp(next twirp.Method) twirp.Method {
	return func(ctx context.Context, request any) (any, error) {
		limit := commandTimeout
		if name, _ := twirp.MethodName(ctx); name == "PerformRpc" {
			limit = maxRPCTime + commandTimeout
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		response, err := next(ctx, request)
		result := "ok"
		var coded twirp.Error
		if errors.As(err, &coded) {
			result = string(coded.Code())
		} else if err != nil {
			result = "internal"
		}
		if result == "internal" {
			s.metrics.errors.WithLabelValues("twirp").Inc()
		}
		s.metrics.commands.WithLabelValues("twirp", result).Inc()
		return response, err
	}
}

// callerKey is where the caller's claims stand in a call's context.
type callerKey struct{}

// caller is who calls: their claims, and themselves as an actor.
func caller(ctx context.Context) (*access.Claims, class.Actor) {
	claims := ctx.Value(callerKey{}).(*access.Claims) // twirp() put it there
	return claims, class.Key(claims.Key)
}

func granted(ok bool, grant string) error {
	if ok {
		return nil
	}
	return twirp.PermissionDenied.Error("the access token does not grant " + grant)
}

// admin is the class of that name, for a caller that administers it.
func (s *roomService) admin(ctx context.Context, name string) (*room.Room, class.Actor, error) {
	claims, actor := caller(ctx)
	if err := granted(claims.Grants.Video.RoomAdmin, "roomAdmin"); err != nil {
		return nil, actor, err
	}
	if name == "" {
		return nil, actor, twirp.RequiredArgumentError("room")
	}
	if claims.Room != name {
		return nil, actor, twirp.PermissionDenied.Error("the access token is for another room")
	}
	r, ok := s.school.Get(claims.Tenant, name)
	if !ok {
		return nil, actor, twirp.NotFoundError("requested room does not exist")
	}
	return r, actor, nil
}

// person is a participant of a class by LiveKit's name for them, the identity.
func person(ctx context.Context, r *room.Room, identity string) (*classpb.State, *classpb.Participant, error) {
	state, err := r.State(ctx)
	if err != nil {
		return nil, nil, twirpError(err)
	}
	if p := class.ByIdentity(state, identity); p != nil && here(p) {
		return state, p, nil
	}
	return nil, nil, twirp.NotFoundError("participant does not exist")
}

// here says whether somebody is in the class, or at its door.
func here(p *classpb.Participant) bool {
	switch p.GetPresence() {
	case classpb.Presence_PRESENCE_WAITING, classpb.Presence_PRESENCE_PRESENT, classpb.Presence_PRESENCE_AWAY:
		return true
	default:
		return false
	}
}

// twirpError turns a class's error into Twirp's.
func twirpError(err error) error {
	var coded *class.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		return twirpCode(coded.Code).Error(coded.Message)
	case errors.Is(err, context.DeadlineExceeded):
		return twirp.Unavailable.Error("the class does not answer: ask again")
	case errors.Is(err, context.Canceled):
		return twirp.Canceled.Error("the caller has gone")
	default:
		return twirp.InternalErrorWith(err)
	}
}

func twirpCode(c classpb.Code) twirp.ErrorCode {
	switch c {
	case classpb.Code_CODE_INVALID:
		return twirp.InvalidArgument
	case classpb.Code_CODE_FORBIDDEN, classpb.Code_CODE_BANNED:
		return twirp.PermissionDenied
	case classpb.Code_CODE_NOT_FOUND, classpb.Code_CODE_ENDED:
		return twirp.NotFound
	case classpb.Code_CODE_CONFLICT:
		return twirp.FailedPrecondition
	case classpb.Code_CODE_FULL, classpb.Code_CODE_RATE:
		return twirp.ResourceExhausted
	case classpb.Code_CODE_UNAVAILABLE:
		return twirp.Unavailable
	default:
		return twirp.Internal
	}
}
