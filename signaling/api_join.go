package signaling

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"net/http"
	"strings"

	"preau/signaling/access"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

const (
	// A device key is random and kept by the page: who knows it is the person.
	minDevice, maxDevice = 16, 128 // bytes
)

type joinRequest struct {
	Code   string `json:"code"`   // this, or
	Invite string `json:"invite"` // this
	Name   string `json:"name"`
	Device string `json:"device"`
}

type joinAnswer struct {
	Token    string `json:"token"`
	Class    string `json:"class"`
	Title    string `json:"title"`
	Role     string `json:"role"`
	Identity string `json:"identity"`
	Lobby    bool   `json:"lobby"` // pupils wait to be let in, once
}

// apiJoin exchanges a short code or an invite for an access token under a name.
// Nobody has joined by that yet: /class and /rtc do.
func (s *Server) apiJoin(w http.ResponseWriter, r *http.Request) {
	var req joinRequest
	err := readJSON(w, r, &req)
	if err == nil {
		err = req.check()
	}
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	ctx, cancel := apiContext(r)
	defer cancel()
	joined, err := s.invited(ctx, r, req)
	if err != nil {
		s.turnAway(w, r, err)
		return
	}
	answer(w, http.StatusOK, joined)
}

// check cleans the request's name and refuses what cannot be meant.
func (q *joinRequest) check() error {
	name, err := class.CleanName(q.Name)
	if err != nil {
		return err
	}
	if name == "" {
		return &refused{http.StatusBadRequest, "invalid", "a name is wanted"}
	}
	q.Name = name
	if len(q.Device) < minDevice || len(q.Device) > maxDevice {
		return &refused{http.StatusBadRequest, "invalid", "device: want a random key of 16 to 128 bytes"}
	}
	if (q.Code == "") == (q.Invite == "") {
		return &refused{http.StatusBadRequest, "invalid", "want either a code or an invite"}
	}
	return nil
}

func (s *Server) invited(ctx context.Context, r *http.Request, req joinRequest) (joinAnswer, error) {
	in, invite, err := s.invitedTo(ctx, r, req)
	if err != nil {
		return joinAnswer{}, err
	}
	tenant, name := in.Key()
	door := in.Door()
	key, ok := s.options.Keys.For(tenant)
	if !ok {
		return joinAnswer{}, &refused{http.StatusForbidden, "key_unknown", "no key is configured that could sign for this class"}
	}
	role := access.RoleName(invite.Role)
	a := joinAnswer{
		Class: name, Title: door.Title, Role: role,
		Identity: identityOf(tenant, name, role, req.Device),
		Lobby:    door.Lobby && invite.Role == classpb.Role_ROLE_PUPIL,
	}
	a.Token, err = s.options.Keys.Sign(key, access.Token{
		Class: name, Identity: a.Identity, Name: req.Name, Role: invite.Role, Title: invite.Title, Lobby: invite.Lobby,
	})
	return a, err
}

// invitedTo is the class that the code or the invite stands for, and what the
// invite says. A teacher's opens the class where it is not open.
func (s *Server) invitedTo(ctx context.Context, r *http.Request, req joinRequest) (*room.Room, access.Invite, error) {
	if req.Code != "" {
		in, err := s.roomByCode(r, req.Code)
		return in, access.Invite{Role: classpb.Role_ROLE_PUPIL}, err
	}
	claims, err := s.options.Keys.Verify(req.Invite)
	if err != nil {
		return nil, access.Invite{}, err
	}
	invite, err := claims.Invite()
	if err != nil {
		return nil, access.Invite{}, err
	}
	if in, ok := s.options.School.Get(claims.Tenant, invite.Class); ok {
		return in, invite, nil
	}
	if invite.Role != classpb.Role_ROLE_TEACHER {
		return nil, access.Invite{}, errNotOpen
	}
	title := invite.Title
	if title == "" {
		title = invite.Class
	}
	in, err := s.options.School.Open(ctx, &classpb.OpenClass{
		Tenant: claims.Tenant, Name: invite.Class, Title: title, Lobby: invite.Lobby,
	}, class.Node())
	return in, invite, err
}

// identityOf names the same device in the same class and role by the same
// identity, so that a reload or a comeback is the same person, a teacher's tab and
// a pupil's of one browser are two, and nobody is told the device.
func identityOf(tenant, name, role, device string) string {
	sum := sha256.Sum256([]byte(tenant + "|" + name + "|" + role + "|" + device))
	return "u-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:16])
}
