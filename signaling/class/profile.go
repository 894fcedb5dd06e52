package class

import (
	"maps"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// cleanProfile checks what a token says of a person. The attributes role and hand are the class's
// to give: they are dropped.
func cleanProfile(p *classpb.Profile) (*classpb.Profile, error) {
	if p.GetIdentity() == "" {
		return nil, invalid("a token needs an identity")
	}
	if err := cleanToken("identity", p.GetIdentity(), MaxIdentitySize); err != nil {
		return nil, err
	}
	name, err := CleanName(p.GetName())
	if err != nil {
		return nil, err
	}
	if err := checkMetadata(p.GetMetadata()); err != nil {
		return nil, err
	}
	attributes, err := mergeAttributes(nil, p.GetAttributes())
	if err != nil {
		return nil, err
	}
	kind := p.GetKind()
	if _, named := classpb.ParticipantKind_name[int32(kind)]; !named {
		kind = classpb.ParticipantKind_PARTICIPANT_KIND_STANDARD
	}
	return &classpb.Profile{
		Identity: p.GetIdentity(), Name: name, Metadata: p.GetMetadata(), Attributes: attributes, Kind: kind,
	}, nil
}

// mergeAttributes sets what is new and deletes what is empty.
func mergeAttributes(old, changes map[string]string) (map[string]string, error) {
	merged := map[string]string{}
	maps.Copy(merged, old)
	for key, value := range changes {
		switch {
		case !utf8.ValidString(key) || !utf8.ValidString(value):
			return nil, invalid("an attribute is not UTF-8")
		case key == "role" || key == "hand":
		case value == "":
			delete(merged, key)
		default:
			merged[key] = value
		}
	}
	size := 0
	for key, value := range merged {
		size += len(key) + len(value)
	}
	if size > MaxMetadataSize {
		return nil, invalid("the attributes are larger than %d bytes", MaxMetadataSize)
	}
	return merged, nil
}

func checkMetadata(metadata string) error {
	if len(metadata) > MaxMetadataSize || !utf8.ValidString(metadata) {
		return invalid("the metadata is larger than %d bytes or not UTF-8", MaxMetadataSize)
	}
	return nil
}

func decideSetProfile(d *docket, c *classpb.Command) error {
	set := c.GetSetProfile()
	p, err := d.person(set.GetParticipant())
	if err != nil {
		return err
	}
	profile := clone(p.GetProfile())
	if set.Name != nil {
		if profile.Name, err = CleanName(set.GetName()); err != nil {
			return err
		}
	}
	if set.Metadata != nil {
		if err := checkMetadata(set.GetMetadata()); err != nil {
			return err
		}
		profile.Metadata = set.GetMetadata()
	}
	if profile.Attributes, err = mergeAttributes(profile.GetAttributes(), set.GetAttributes()); err != nil {
		return err
	}
	if !proto.Equal(profile, p.GetProfile()) {
		d.tell(about(p), &classpb.Event{Body: &classpb.Event_ProfileSet{ProfileSet: &classpb.ProfileSet{
			Participant: p.GetId(), Profile: profile,
		}}})
	}
	return nil
}

// applyProfileSet: whom everyone hears of is introduced from then on.
func applyProfileSet(s *classpb.State, e *classpb.Event) {
	p := record(s, e.GetProfileSet().GetParticipant())
	p.Profile = clone(e.GetProfileSet().GetProfile())
	p.Introduced = p.Introduced || e.GetAudience() == nil
}
