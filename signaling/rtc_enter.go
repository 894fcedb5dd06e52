package signaling

import (
	"context"
	"maps"
	"net/http"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
	"preau/signaling/room"
)

// noSuchClass has the words by which LiveKit clients know that trying again is of no use.
const noSuchClass = "requested room does not exist: the class is not open, a teacher opens it"

// authorize checks the token of a request.
func (h *rtcHandler) authorize(r *http.Request) (*access.Claims, error) {
	claims, err := h.options.Claims(r)
	if err == nil {
		err = claims.MayJoin(r.URL.Query().Get("room"))
	}
	return claims, err
}

// serveValidate says what became of a failed upgrade: the same statuses, without joining.
func (h *rtcHandler) serveValidate(w http.ResponseWriter, r *http.Request) {
	claims, err := h.authorize(r)
	if err == nil {
		if _, bad := livekit.ParseJoin(r.URL.Query()); bad != nil {
			err = errJoinRequest
		}
	}
	if err == nil {
		err = h.mayEnter(r.Context(), claims)
	}
	if err != nil {
		h.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("success"))
}

var errJoinRequest = &refused{http.StatusBadRequest, "join_request", "malformed join request"}

// refuse answers before any websocket. LiveKit clients read the status, and search the body's text.
func (h *rtcHandler) refuse(w http.ResponseWriter, err error) {
	why := explain(err)
	h.options.Metrics.refused.WithLabelValues(why.code).Inc()
	if why.status == http.StatusInternalServerError {
		h.options.Metrics.errors.WithLabelValues("rtc").Inc()
		h.log.Error("rtc: entering a class", "error", err)
	}
	refuse(w, why.status, why.code, why.message)
}

// mayEnter foretells what enter would say, as far as that can be told without entering.
func (h *rtcHandler) mayEnter(ctx context.Context, c *access.Claims) error {
	r, ok := h.options.School.Get(c.Tenant, c.Room)
	if !ok {
		if mayOpen(c) {
			return nil
		}
		return &refused{http.StatusNotFound, "not_open", noSuchClass}
	}
	if r.Door().Banned(c.Identity) {
		return errBanned
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	state, err := r.State(ctx)
	if err == nil && class.Full(state, c.Identity, c.Role) {
		return &class.Error{Code: classpb.Code_CODE_FULL, Message: "the class is full"}
	}
	return err
}

// mayOpen: a class opens with its teacher, or with the first client that knows of no roles.
func mayOpen(c *access.Claims) bool {
	return c.Role == classpb.Role_ROLE_TEACHER || c.Foreign
}

// enter brings the holder of a token into its class, opening it if need be, and returns the
// participant it is there. What the token says of it wins over what the client brings along.
func (h *rtcHandler) enter(ctx context.Context, c *access.Claims, asked livekit.Join) (*room.Room, string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	r, err := h.openRoom(ctx, c)
	if err != nil {
		return nil, "", err
	}
	brought := *c
	brought.Attributes = maps.Clone(asked.GetParticipantAttributes())
	if brought.Attributes == nil {
		brought.Attributes = map[string]string{}
	}
	maps.Copy(brought.Attributes, c.Attributes)
	if brought.Metadata == "" {
		brought.Metadata = asked.GetMetadata()
	}
	participant, err := join(ctx, r, &brought, asked.Page != "")
	if err == nil && asked.Page != "" {
		h.options.Seats.visits.begin(c, asked.Page)
	}
	return r, participant, err
}

func (h *rtcHandler) openRoom(ctx context.Context, c *access.Claims) (*room.Room, error) {
	if r, ok := h.options.School.Get(c.Tenant, c.Room); ok {
		return r, nil
	}
	if !mayOpen(c) {
		return nil, &refused{http.StatusNotFound, "not_open", noSuchClass}
	}
	open := opening(c)
	if c.Foreign {
		open.Locks = &classpb.Locks{} // a LiveKit client knows no locks
	}
	return h.options.School.Open(ctx, open, class.Node())
}
