package access

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/livekit/protocol/auth"

	"preau/signaling/classpb"
)

// Lifetimes of what is signed here, when nothing else is asked for.
const (
	TokenTTL  = 6 * time.Hour
	InviteTTL = 30 * 24 * time.Hour
)

// Token is what a new access token shall say.
type Token struct {
	Class    string
	Identity string
	Name     string
	Role     classpb.Role
	Title    string        // the class's, for when the token opens it; empty: Class
	Lobby    bool          // whether pupils wait, for when the token opens it
	TTL      time.Duration // 0: TokenTTL
}

// Sign makes an access token with the named key.
func (k Keys) Sign(key string, t Token) (string, error) {
	return k.sign(key, signed{
		identity: t.Identity, name: t.Name, ttl: orElse(t.TTL, TokenTTL),
		attributes: t.attributes(),
		video:      videoOf(t.Class, t.Role),
	})
}

func (t Token) attributes() map[string]string {
	all := map[string]string{roleAttribute: RoleName(t.Role)}
	if t.Title != "" {
		all[titleAttribute] = t.Title
	}
	if t.Lobby {
		all[lobbyAttribute] = "true"
	}
	return all
}

// Invite lets whoever holds it in under a role and a name of their choice.
type Invite struct {
	Class string
	Role  classpb.Role
	Title string // the class's, for when the invite opens it
	Lobby bool   // whether pupils wait, for when the invite opens it
	TTL   time.Duration
}

// invitation is the part of an Invite that travels in the token's metadata.
type invitation struct {
	Title string `json:"title,omitempty"`
	Lobby bool   `json:"lobby,omitempty"`
}

// SignInvite makes an invite with the named key.
func (k Keys) SignInvite(key string, i Invite) (string, error) {
	metadata, err := json.Marshal(invitation{i.Title, i.Lobby})
	if err != nil {
		return "", fmt.Errorf("encode invite: %w", err)
	}
	return k.sign(key, signed{
		metadata: string(metadata), ttl: orElse(i.TTL, InviteTTL),
		attributes: map[string]string{roleAttribute: RoleName(i.Role)},
		video:      videoOf(i.Class, i.Role),
	})
}

// Invite reads an invite out of checked claims. A token that names somebody
// (sub) is no invite.
func (c *Claims) Invite() (Invite, error) {
	if c.Identity != "" {
		return Invite{}, &Error{CodeNoGrant, "this is an access token, not an invite"}
	}
	if !c.Grants.Video.RoomJoin || c.Room == "" || c.Foreign {
		return Invite{}, &Error{CodeNoGrant, "the invite does not say which class, or which role"}
	}
	var meta invitation
	if c.Metadata != "" {
		if err := json.Unmarshal([]byte(c.Metadata), &meta); err != nil {
			return Invite{}, &Error{CodeInvalid, "the invite is malformed"}
		}
	}
	return Invite{Class: c.Room, Role: c.Role, Title: meta.Title, Lobby: meta.Lobby}, nil
}

// Refresh signs the claims again with a new expiry, so that a class-long stay
// outlives its token: for as long as the token itself was meant to hold, and for
// joining alone. The lineage stays.
func (k Keys) Refresh(c *Claims) (string, error) {
	attributes := maps.Clone(c.Grants.Attributes)
	if attributes == nil {
		attributes = map[string]string{}
	}
	attributes[lineageAttribute] = c.Lineage
	if c.Foreign { // the grants that made the role do not stay
		attributes[foreignAttribute] = RoleName(c.Role)
	}
	return k.sign(c.Key, signed{
		identity: c.Identity, name: c.Name, metadata: c.Metadata, ttl: c.Lifetime,
		attributes: attributes, video: joining(c.Grants.Video), kind: c.Grants.Kind, details: c.Grants.KindDetails,
	})
}

// joining are the grants that matter to who is in a class. Those of the server
// API (roomAdmin, roomCreate and the like) are left out by not being named.
func joining(v *auth.VideoGrant) *auth.VideoGrant {
	return &auth.VideoGrant{
		RoomJoin: v.RoomJoin, Room: v.Room,
		CanPublish: v.CanPublish, CanPublishSources: v.CanPublishSources, CanPublishData: v.CanPublishData,
		CanSubscribe: v.CanSubscribe, CanSubscribeMetrics: v.CanSubscribeMetrics,
		CanUpdateOwnMetadata: v.CanUpdateOwnMetadata,
		Hidden:               v.Hidden, Recorder: v.Recorder, Agent: v.Agent,
	}
}

type signed struct {
	identity, name, metadata string
	attributes               map[string]string
	video                    *auth.VideoGrant
	kind                     string
	details                  []string
	ttl                      time.Duration
}

func (k Keys) sign(name string, s signed) (string, error) {
	key, ok := k[name]
	if !ok {
		return "", &Error{CodeUnknownKey, "the key that shall sign is not known here"}
	}
	t := auth.NewAccessToken(name, key.Secret).
		SetIdentity(s.identity).SetName(s.name).SetMetadata(s.metadata).
		SetAttributes(s.attributes).SetVideoGrant(s.video).SetValidFor(s.ttl)
	t.GetGrants().Kind, t.GetGrants().KindDetails = s.kind, s.details
	token, err := t.ToJWT()
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return token, nil
}

// videoOf are the grants that go with a role. A teacher's token has no
// roomAdmin: who loses the role in class must not keep it at the server API.
func videoOf(class string, role classpb.Role) *auth.VideoGrant {
	return &auth.VideoGrant{
		RoomJoin: true, Room: class,
		Hidden:   role == classpb.Role_ROLE_OBSERVER || role == classpb.Role_ROLE_RECORDER,
		Recorder: role == classpb.Role_ROLE_RECORDER,
	}
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}
