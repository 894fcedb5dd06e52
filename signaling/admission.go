package signaling

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
	"preau/signaling/room"
)

// commandTimeout is how long a command may wait for its class and its log.
// Clients wait longer for their socket to open (LiveKit's 15 s); what it says first has rtcFirst.
const commandTimeout = 10 * time.Second

// refused is a request that is not let in: a status, and why.
type refused struct {
	status  int
	code    string
	message string
}

func (e *refused) Error() string { return e.message }

// errNotOpen: only a teacher's coming opens a class.
var errNotOpen = &refused{http.StatusNotFound, "not_open", "the class is not open: a teacher opens it"}

// errEnded: the session the reader comes back to is over.
var errEnded = &refused{http.StatusGone, "ended", "the class has ended"}

// errBanned: nothing but a teacher's word lets this person in again.
var errBanned = &refused{http.StatusForbidden, "banned", "a teacher has shut you out of this class"}

// tokenOf is the access token of a request: its query's, else its Bearer.
func tokenOf(r *http.Request) string {
	if t := r.URL.Query().Get("access_token"); t != "" {
		return t
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// joiner checks a request's token, and that it lets its holder join a class:
// the one named in the query, if one is.
func (s *Server) joiner(r *http.Request) (*access.Claims, error) {
	claims, err := s.claimsOf(r)
	if err == nil {
		err = claims.MayJoin(r.URL.Query().Get("class"))
	}
	return claims, err
}

// roomOf is the class that claims are for, nil where a teacher's coming is to
// open it. Who says in which session they were comes back to that one or to none:
// a class that has ended is opened again on purpose, not by a reconnect.
func (s *Server) roomOf(c *access.Claims, session string) (*room.Room, error) {
	r, ok := s.options.School.Get(c.Tenant, c.Room)
	switch {
	case strings.HasPrefix(session, "RM_") && (!ok || r.Session() != session):
		return nil, errEnded
	case ok:
		return r, nil
	case c.Role != classpb.Role_ROLE_TEACHER:
		return nil, errNotOpen
	default:
		return nil, nil
	}
}

// opening is the command by which a token opens its class, with LiveKit's room
// configuration if it brings one.
func opening(c *access.Claims) *classpb.OpenClass {
	open := &classpb.OpenClass{Tenant: c.Tenant, Name: c.Room, Title: c.Title, Lobby: c.Lobby}
	if config := c.Grants.RoomConfig; config != nil {
		open.Metadata, open.MaxParticipants = config.Metadata, config.MaxParticipants
		open.EmptyTimeoutS, open.DepartureTimeoutS = config.EmptyTimeout, config.DepartureTimeout
	}
	return open
}

// join makes the claims' holder a participant, or finds that they are one; unasked: whoever was sent
// away is not to knock by this.
func join(ctx context.Context, r *room.Room, c *access.Claims, unasked bool) (participant string, err error) {
	result, err := r.Do(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_Join{Join: &classpb.Join{
		Role: c.Role, Permissions: c.Permissions, Foreign: c.Foreign, Unasked: unasked,
		Profile: &classpb.Profile{
			Identity: c.Identity, Name: c.Name, Metadata: c.Metadata, Attributes: c.Attributes,
			Kind: livekit.Kind(c.Grants.GetParticipantKind()),
		},
	}}})
	if err != nil {
		return "", err
	}
	return result.Participant, nil
}

// explain turns an error into what the client is told.
func explain(err error) *refused {
	var (
		asRefused *refused
		asAccess  *access.Error
		asClass   *class.Error
	)
	switch {
	case errors.As(err, &asRefused):
		return asRefused
	case errors.As(err, &asAccess):
		if asAccess.Unauthorized() {
			return &refused{http.StatusUnauthorized, string(asAccess.Code), asAccess.Message}
		}
		return &refused{http.StatusForbidden, string(asAccess.Code), asAccess.Message}
	case errors.As(err, &asClass):
		return &refused{statusOf(asClass.Code), codeName(asClass.Code), asClass.Message}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &refused{http.StatusServiceUnavailable, "unavailable", "the class does not answer: ask again"}
	default:
		return &refused{http.StatusInternalServerError, "internal", "internal error"}
	}
}

// turnAway answers a request with why it is not let in, and counts it.
func (s *Server) turnAway(w http.ResponseWriter, r *http.Request, err error) {
	why := explain(err)
	s.metrics.refused.WithLabelValues(why.code).Inc()
	if why.status >= http.StatusInternalServerError {
		s.metrics.errors.WithLabelValues("request").Inc()
		s.log.Error("request failed", "path", r.URL.Path, "err", err)
	}
	switch why.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="preau"`)
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "2")
	}
	refuse(w, why.status, why.code, why.message)
}

// codeName is a class error's code as JSON answers and metrics write it.
func codeName(c classpb.Code) string {
	return strings.ToLower(strings.TrimPrefix(c.String(), "CODE_"))
}

func statusOf(c classpb.Code) int {
	switch c {
	case classpb.Code_CODE_INVALID:
		return http.StatusBadRequest
	case classpb.Code_CODE_FORBIDDEN, classpb.Code_CODE_BANNED:
		return http.StatusForbidden
	case classpb.Code_CODE_NOT_FOUND:
		return http.StatusNotFound
	case classpb.Code_CODE_CONFLICT:
		return http.StatusConflict
	case classpb.Code_CODE_ENDED:
		return http.StatusGone
	case classpb.Code_CODE_RATE:
		return http.StatusTooManyRequests
	case classpb.Code_CODE_FULL, classpb.Code_CODE_UNAVAILABLE:
		return http.StatusServiceUnavailable
	default:
		return http.StatusInternalServerError
	}
}

// throttled lets requests of one address through at the throttle's pace.
func (s *Server) throttled(t *throttle, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !t.allow(clientAddr(r, s.options.Proxies)) {
			s.turnAway(w, r, &refused{http.StatusTooManyRequests, "rate", "too many requests from this address: wait a moment"})
			return
		}
		next(w, r)
	}
}
