package access

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/livekit/protocol/auth"

	"preau/signaling/classpb"
)

// Attributes of a token that are the server's own and never shown as a
// participant's attributes.
const (
	roleAttribute    = "role"
	handAttribute    = "hand"
	reservedPrefix   = "preau."
	lineageAttribute = reservedPrefix + "lineage"
	foreignAttribute = reservedPrefix + "foreign" // a foreign token's role, once refreshed
	titleAttribute   = reservedPrefix + "title"   // of the class, should this token open it
	lobbyAttribute   = reservedPrefix + "lobby"   // "true": who comes then waits
)

// maxToken bounds a token before it is parsed, in bytes.
const maxToken = 16 << 10

// Claims is what a checked token says.
type Claims struct {
	Key         string // API key that signed it
	Tenant      string // the key's owner
	Room        string // class name within the tenant; may be empty for server API tokens
	Identity    string // "sub"; empty in an invite
	Name        string
	Metadata    string
	Attributes  map[string]string // without what is the server's own; nil when empty
	Role        classpb.Role
	Foreign     bool // the token carries no role of ours: a client that speaks LiveKit only
	Permissions *classpb.Permissions
	// Title and Lobby are the class's, should this token open it. Title is never
	// empty where Room is not.
	Title   string
	Lobby   bool
	Expires time.Time
	// Lifetime is how long its signer meant the token to hold, at most TokenTTL.
	Lifetime time.Duration
	// Lineage is the same for a token and all that were refreshed from it, and
	// differs between tokens that were signed apart: one page, one lineage.
	Lineage string
	// Grants are the token's own, Video never nil. Read-only.
	Grants *auth.ClaimGrants
}

// Verify checks a token: signature by a known key, HS256, not expired. Errors
// are *Error.
func (k Keys) Verify(token string) (*Claims, error) {
	if token == "" {
		return nil, &Error{CodeNoToken, "no access token was given"}
	}
	if len(token) > maxToken {
		return nil, &Error{CodeInvalid, "the access token is too long"}
	}
	parsed, err := auth.ParseAPIToken(token)
	if err != nil {
		return nil, &Error{CodeInvalid, "the access token is malformed"}
	}
	key, ok := k[parsed.APIKey()]
	if !ok || key.Secret == "" {
		return nil, &Error{CodeUnknownKey, "the access token was signed with a key that is not known here"}
	}
	registered, grants, err := parsed.Verify(key.Secret)
	switch {
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, &Error{CodeExpired, "the access token has expired"}
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return nil, &Error{CodeInvalid, "the access token is not valid yet: check the clock of whoever signed it"}
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return nil, &Error{CodeInvalid, "the access token has no expiry (exp)"}
	case err != nil:
		return nil, &Error{CodeInvalid, "the access token's signature does not hold"}
	}
	return claimsOf(token, parsed.APIKey(), key.Tenant, registered, grants), nil
}

func claimsOf(token, key, tenant string, registered *jwt.RegisteredClaims, grants *auth.ClaimGrants) *Claims {
	if grants.Video == nil {
		grants.Video = &auth.VideoGrant{}
	}
	role, foreign := roleOf(grants)
	return &Claims{
		Key: key, Tenant: tenant, Room: grants.Video.Room,
		Identity: registered.Subject, Name: grants.Name, Metadata: grants.Metadata,
		Attributes:  publicAttributes(grants.Attributes),
		Role:        role,
		Foreign:     foreign,
		Permissions: permissionsOf(grants.Video),
		Title:       titleOf(grants),
		Lobby:       grants.Attributes[lobbyAttribute] == "true",
		Expires:     registered.ExpiresAt.Time,
		Lifetime:    lifetimeOf(registered, time.Now()),
		Lineage:     lineageOf(token, grants),
		Grants:      grants,
	}
}

// lifetimeOf counts from when the token began to hold: the later of nbf and iat
// (RFC 7519, sections 4.1.5 and 4.1.6), or, where it has neither, now.
func lifetimeOf(r *jwt.RegisteredClaims, now time.Time) time.Duration {
	var begins time.Time
	for _, d := range []*jwt.NumericDate{r.NotBefore, r.IssuedAt} {
		if d != nil && d.After(begins) {
			begins = d.Time
		}
	}
	if begins.IsZero() {
		begins = now
	}
	return min(max(r.ExpiresAt.Sub(begins), time.Second), TokenTTL)
}

func titleOf(grants *auth.ClaimGrants) string {
	if title := grants.Attributes[titleAttribute]; title != "" {
		return title
	}
	return grants.Video.Room
}

func lineageOf(token string, grants *auth.ClaimGrants) string {
	if l := grants.Attributes[lineageAttribute]; l != "" {
		return l
	}
	return NewLineage(token)
}

// NewLineage is that of a token, or what stands for one, which was not refreshed from another.
func NewLineage(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func publicAttributes(all map[string]string) map[string]string {
	public := maps.Clone(all)
	maps.DeleteFunc(public, func(name, _ string) bool {
		return name == roleAttribute || name == handAttribute || strings.HasPrefix(name, reservedPrefix)
	})
	if len(public) == 0 {
		return nil
	}
	return public
}

// MayJoin refuses a token that does not let its holder into the class.
// An empty class asks for whichever the token names.
func (c *Claims) MayJoin(class string) error {
	switch {
	case !c.Grants.Video.RoomJoin:
		return &Error{CodeNoGrant, "the access token does not allow joining a class (roomJoin)"}
	case c.Room == "":
		return &Error{CodeWrongClass, "the access token names no class (room)"}
	case class != "" && class != c.Room:
		return &Error{CodeWrongClass, "the access token is for another class"}
	case c.Identity == "":
		return &Error{CodeNoGrant, "the access token names nobody (sub): an invite is exchanged at /api/join first"}
	}
	return nil
}
