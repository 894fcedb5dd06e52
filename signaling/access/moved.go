package access

import (
	"maps"

	"preau/signaling/classpb"
)

// Moved are the claims of somebody whom the server API takes to another class of the tenant: with
// the role and the profile that are theirs now, for joining alone.
func (c *Claims) Moved(class string, role classpb.Role, profile *classpb.Profile) *Claims {
	grants := *c.Grants
	grants.Video = joining(c.Grants.Video)
	grants.Video.Room = class
	grants.RoomConfig = nil // of the class that this token may open
	grants.Name, grants.Metadata = profile.GetName(), profile.GetMetadata()
	grants.Attributes = map[string]string{}
	maps.Copy(grants.Attributes, profile.GetAttributes())
	if !c.Foreign {
		grants.Attributes[roleAttribute] = RoleName(role)
	}
	moved := *c
	moved.Room, moved.Title, moved.Lobby, moved.Role, moved.Grants = class, class, false, role, &grants
	moved.Name, moved.Metadata, moved.Attributes = profile.GetName(), profile.GetMetadata(), profile.GetAttributes()
	return &moved
}

// WithOwnMetadata are the claims with canUpdateOwnMetadata as given.
func (c *Claims) WithOwnMetadata(may bool) *Claims {
	grants, video := *c.Grants, *c.Grants.Video
	video.CanUpdateOwnMetadata = &may
	grants.Video = &video
	with := *c
	with.Grants = &grants
	return &with
}
