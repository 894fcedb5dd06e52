package access

import (
	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

// roleOf takes the role from the signed token alone: its role attribute, or,
// in a foreign token, what its grants amount to, or did before it was refreshed.
func roleOf(g *auth.ClaimGrants) (role classpb.Role, foreign bool) {
	if role, ok := ParseRole(g.Attributes[roleAttribute]); ok {
		return role, false
	}
	if role, ok := ParseRole(g.Attributes[foreignAttribute]); ok {
		return role, true
	}
	switch v := g.Video; {
	case v.Recorder:
		return classpb.Role_ROLE_RECORDER, true
	case v.Hidden:
		return classpb.Role_ROLE_OBSERVER, true
	case v.RoomAdmin:
		return classpb.Role_ROLE_TEACHER, true
	default:
		return classpb.Role_ROLE_PUPIL, true
	}
}

// ParseRole reads a role as tokens and the command line write it.
func ParseRole(name string) (classpb.Role, bool) {
	switch name {
	case "teacher":
		return classpb.Role_ROLE_TEACHER, true
	case "presenter":
		return classpb.Role_ROLE_PRESENTER, true
	case "pupil":
		return classpb.Role_ROLE_PUPIL, true
	case "observer":
		return classpb.Role_ROLE_OBSERVER, true
	case "recorder":
		return classpb.Role_ROLE_RECORDER, true
	default:
		return classpb.Role_ROLE_UNSPECIFIED, false
	}
}

// RoleName writes a role as tokens and participant attributes do; "" for none.
func RoleName(r classpb.Role) string {
	switch r {
	case classpb.Role_ROLE_TEACHER:
		return "teacher"
	case classpb.Role_ROLE_PRESENTER:
		return "presenter"
	case classpb.Role_ROLE_PUPIL:
		return "pupil"
	case classpb.Role_ROLE_OBSERVER:
		return "observer"
	case classpb.Role_ROLE_RECORDER:
		return "recorder"
	default:
		return ""
	}
}

// permissionsOf are the refusals in a token's grants. What is granted is left
// to the class's locks: a token takes away, it does not unlock.
func permissionsOf(v *auth.VideoGrant) *classpb.Permissions {
	denied := func(sources ...livekit.TrackSource) classpb.Switch {
		for _, s := range sources {
			if v.GetCanPublishSource(s) {
				return classpb.Switch_SWITCH_DEFAULT
			}
		}
		return classpb.Switch_SWITCH_DENIED
	}
	p := &classpb.Permissions{
		Microphone:  denied(livekit.TrackSource_MICROPHONE),
		Camera:      denied(livekit.TrackSource_CAMERA),
		Screen:      denied(livekit.TrackSource_SCREEN_SHARE, livekit.TrackSource_SCREEN_SHARE_AUDIO),
		NoSubscribe: !v.GetCanSubscribe(),
		NoData:      !v.GetCanPublishData(),
	}
	if p.NoData {
		p.Chat = classpb.Switch_SWITCH_DENIED
	}
	return p
}
