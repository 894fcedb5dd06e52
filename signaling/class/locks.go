package class

import (
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

func decideSetLocks(d *docket, c *classpb.Command) error {
	set, locks := c.GetSetLocks(), clone(d.state.GetLocks())
	change(&locks.Microphone, set.Microphone)
	change(&locks.Camera, set.Camera)
	change(&locks.Screen, set.Screen)
	change(&locks.Chat, set.Chat)
	change(&locks.Unmute, set.Unmute)
	change(&locks.PrivateChat, set.PrivateChat)
	d.setLocks(locks)
	return nil
}

// setLocks also takes away the tracks that the new locks forbid. Unmute is about the next time:
// it closes no microphone that is open.
func (d *docket) setLocks(locks *classpb.Locks) {
	if proto.Equal(locks, d.state.GetLocks()) {
		return
	}
	d.tell(nil, &classpb.Event{Body: &classpb.Event_LocksSet{LocksSet: &classpb.LocksSet{Locks: locks}}})
	for _, t := range d.tracks() {
		p := d.state.GetParticipants()[t.GetParticipant()]
		r := rightsOf(d.state, p)
		r.locks = locks
		d.enforceTrack(t, r)
	}
}

func applyLocksSet(s *classpb.State, e *classpb.Event) { s.Locks = clone(e.GetLocksSet().GetLocks()) }

func decideSetPermissions(d *docket, c *classpb.Command) error {
	set := c.GetSetPermissions()
	p, err := d.person(set.GetParticipant())
	if err != nil {
		return err
	}
	for _, s := range []classpb.Switch{set.GetMicrophone(), set.GetCamera(), set.GetScreen(), set.GetChat()} {
		if _, named := classpb.Switch_name[int32(s)]; !named {
			return invalid("the switch %v is not known", s)
		}
	}
	permissions := clone(p.GetPermissions())
	change(&permissions.Microphone, set.Microphone)
	change(&permissions.Camera, set.Camera)
	change(&permissions.Screen, set.Screen)
	change(&permissions.Chat, set.Chat)
	change(&permissions.NoSubscribe, set.NoSubscribe)
	change(&permissions.NoData, set.NoData)
	if proto.Equal(permissions, p.GetPermissions()) {
		return nil
	}
	d.tell(about(p), &classpb.Event{Body: &classpb.Event_PermissionsSet{PermissionsSet: &classpb.PermissionsSet{
		Participant: p.GetId(), Permissions: permissions,
	}}})
	r := rightsOf(d.state, p)
	r.permissions = permissions
	d.enforce(p, r)
	return nil
}

func applyPermissionsSet(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetPermissionsSet().GetParticipant()]; p != nil {
		p.Permissions = clone(e.GetPermissionsSet().GetPermissions())
	}
}

// enforce takes away the tracks of a participant that their rights will forbid.
func (d *docket) enforce(p *classpb.Participant, r rights) {
	for _, t := range d.tracks() {
		if t.GetParticipant() == p.GetId() {
			d.enforceTrack(t, r)
		}
	}
}

// enforceTrack: a microphone is muted, since its owner may get the right back at any time; camera
// and screen go.
func (d *docket) enforceTrack(t *classpb.Track, r rights) {
	source := sourceOf(t)
	switch {
	case r.publish(source):
	case source != classpb.Source_SOURCE_MICROPHONE:
		d.unpublished(t)
	case !t.GetMuted():
		d.muted(t, true, true)
	}
}

func change[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}
