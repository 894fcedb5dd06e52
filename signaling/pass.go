package signaling

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"preau/signaling/access"
)

const (
	// passPrefix is how a pass begins: no JWT does.
	passPrefix = "pass."
	maxPass    = 8 << 10 // bytes
)

// claimsOf checks a request's token. In place of one it may bring a pass: "pass." and, in base64url
// (RFC 4648, 5), the JSON that POST /api/join would be asked with by a code. It says the same as the
// token that would be had for it, and spares a thin link the exchange. What else the JSON holds, as a
// random "visit", tells passes apart as tokens that were signed apart are: one page, one lineage.
func (s *Server) claimsOf(r *http.Request) (*access.Claims, error) {
	token := tokenOf(r)
	text, ok := strings.CutPrefix(token, passPrefix)
	if !ok {
		return s.options.Keys.Verify(token)
	}
	req, err := readPass(text)
	if err != nil {
		return nil, err
	}
	ctx, cancel := apiContext(r)
	defer cancel()
	joined, err := s.invited(ctx, r, req)
	if err != nil {
		return nil, err
	}
	claims, err := s.options.Keys.Verify(joined.Token)
	if err == nil {
		claims.Lineage = access.NewLineage(token)
	}
	return claims, err
}

func readPass(text string) (req joinRequest, err error) {
	malformed := &refused{http.StatusBadRequest, "invalid", "the pass is malformed"}
	if len(text) > maxPass {
		return req, malformed
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &req) != nil {
		return req, malformed
	}
	if req.Invite != "" { // a teacher's opens a class, which no comeback and no GET is to do
		return req, &refused{http.StatusBadRequest, "invalid", "a pass holds a code: an invite is exchanged first"}
	}
	return req, req.check()
}
