package class

import (
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// arrival is someone about to enter or to wait, with what holds for them from then on.
type arrival struct {
	known       *classpb.Participant // nil: never here before
	id          string
	role        classpb.Role
	tokenRole   classpb.Role
	foreign     bool
	permissions *classpb.Permissions
	profile     *classpb.Profile
}

// decideJoin is idempotent: one identity is one participant, however often it joins. A role or
// permissions that a teacher changed hold until a token of another role comes.
func decideJoin(d *docket, c *classpb.Command) error {
	j := c.GetJoin()
	profile, err := cleanProfile(j.GetProfile())
	if err != nil {
		return err
	}
	if _, named := classpb.Role_name[int32(j.GetRole())]; !named || j.GetRole() == classpb.Role_ROLE_UNSPECIFIED {
		return invalid("a token needs a role")
	}
	a := d.arrivalOf(j, profile)
	if a.known.GetBanned() {
		return refuse(classpb.Code_CODE_BANNED, "banned from this class")
	}
	if j.GetUnasked() && knocks(a.known) && !waits(a.known) {
		return refuse(classpb.Code_CODE_FORBIDDEN, "sent away: ask to come back on the page")
	}
	d.decision.Participant = a.id
	switch {
	case inside(a.known):
		d.again(a)
	case waits(a.known) && a.known.GetTokenRole() == a.tokenRole && d.mustWait(a):
		d.introduce(a, about(a.known))
	default:
		return d.arrive(a)
	}
	return nil
}

func (d *docket) arrivalOf(j *classpb.Join, profile *classpb.Profile) arrival {
	a := arrival{
		known: ByIdentity(d.state, profile.GetIdentity()), role: j.GetRole(), tokenRole: j.GetRole(),
		foreign: j.GetForeign(), permissions: &classpb.Permissions{}, profile: profile,
	}
	proto.Merge(a.permissions, j.GetPermissions())
	p := a.known
	if p == nil {
		a.id = d.in.NewID("P_")
		return a
	}
	a.id = p.GetId()
	if p.GetTokenRole() != a.tokenRole {
		return a
	}
	a.role = p.GetRole()
	if knocks(p) && a.role == classpb.Role_ROLE_TEACHER {
		a.role = a.tokenRole // who was made a teacher and then removed is not one any more
	}
	if here := inside(p) || waits(p); here || !a.foreign { // a foreign token's grants hold anew after each absence
		a.permissions = clone(p.GetPermissions())
	}
	return a
}

// mustWait: pupils do, while the lobby is on and they have not been admitted once; and whoever
// knocks.
func (d *docket) mustWait(a arrival) bool {
	foreign := a.foreign && !d.state.GetLobby() // to LiveKit's clients a removal is no ban, and no lobby is known
	if knocks(a.known) && !entersUnasked(a.tokenRole) && !foreign {
		return true
	}
	return d.state.GetLobby() && a.role == classpb.Role_ROLE_PUPIL && !a.known.GetAdmitted()
}

// again is the join of someone who is in the class: a second socket, a reload, another token.
func (d *docket) again(a arrival) {
	p := a.known
	if a.tokenRole != p.GetTokenRole() {
		d.enter(a)
		return
	}
	profile := clone(p.GetProfile()) // the server API may have set more than the token says
	profile.Kind = a.profile.GetKind()
	if !a.foreign {
		profile.Name = a.profile.GetName()
	}
	a.profile = profile
	d.introduce(a, about(p))
	if p.GetPresence() == classpb.Presence_PRESENCE_AWAY {
		d.tell(about(p), &classpb.Event{Body: &classpb.Event_Back{Back: &classpb.Back{Participant: a.id}}})
	}
}

// arrive lets someone in who is not there, or has them wait.
func (d *docket) arrive(a arrival) error {
	if err := d.roomFor(a); err != nil {
		return err
	}
	if !d.mustWait(a) {
		d.enter(a)
		return nil
	}
	d.wait(a)
	return nil
}

// wait puts someone before the door. Who had been inside is withdrawn first, since pupils know
// nothing of who waits.
func (d *docket) wait(a arrival) {
	knocking := knocks(a.known)
	if a.known.GetAdmitted() {
		d.tell(about(a.known), &classpb.Event{Body: &classpb.Event_Withdrawn{Withdrawn: &classpb.Withdrawn{Participant: a.id}}})
		a.known = nil
	}
	d.introduce(a, teachersAnd(a.id))
	d.tell(teachersAnd(a.id), &classpb.Event{Body: &classpb.Event_Waited{Waited: &classpb.Waited{
		Participant: a.id, Role: a.role, TokenRole: a.tokenRole, Foreign: a.foreign, Permissions: a.permissions,
		Knocks: knocking,
	}}})
}

// enter brings someone into the class: from outside, from the lobby, or within it with another role.
// Between hidden and visible roles lies a Withdrawn, so that views hold either all of a participant
// or nothing.
func (d *docket) enter(a arrival) {
	known, sid, connected, forwarded := a.known, "", "", ""
	if inside(known) || waits(known) {
		sid, connected = known.GetSid(), known.GetConnectedSid()
	}
	if Forwarded(known) {
		forwarded = sid
	}
	if known.GetAdmitted() && Hidden(known) != hiddenRole(a.role) {
		d.tell(about(known), &classpb.Event{Body: &classpb.Event_Withdrawn{Withdrawn: &classpb.Withdrawn{Participant: a.id}}})
		a.known = nil
	}
	var to *classpb.Audience
	if hiddenRole(a.role) {
		to = teachersAnd(a.id)
	}
	d.rename(a)
	d.introduce(a, to)
	d.tell(to, &classpb.Event{Body: &classpb.Event_Joined{Joined: &classpb.Joined{
		Participant: a.id, Role: a.role, TokenRole: a.tokenRole, Foreign: a.foreign,
		Permissions: a.permissions, Sid: sid, ConnectedSid: connected, ForwardedSid: forwarded,
	}}})
	if a.known != nil {
		r := rightsOf(d.state, a.known)
		r.role, r.foreign, r.permissions = a.role, a.foreign, a.permissions
		d.enforce(a.known, r)
	}
}

// rename tells who waits of their new name, before everyone else: an introduction does not reach the
// lobby.
func (d *docket) rename(a arrival) {
	if waits(a.known) {
		d.introduce(a, about(a.known))
	}
}

// introduce tells the audience a name that it does not know.
func (d *docket) introduce(a arrival, to *classpb.Audience) {
	news := to == nil && !a.known.GetIntroduced()
	if !news && a.known != nil && proto.Equal(a.known.GetProfile(), a.profile) {
		return
	}
	d.tell(to, &classpb.Event{Body: &classpb.Event_ProfileSet{ProfileSet: &classpb.ProfileSet{
		Participant: a.id, Profile: a.profile,
	}}})
}

// full says whether a class, counting its lobby, has no place for another of this role.
func full(s *classpb.State, role classpb.Role) bool {
	here, seen := 0, 0
	for _, p := range s.GetParticipants() {
		if inside(p) || waits(p) {
			here++
			if !hiddenRole(p.GetRole()) {
				seen++
			}
		}
	}
	own := int(s.GetMaxParticipants())
	return here >= MaxParticipants || own > 0 && seen >= own && !hiddenRole(role)
}

// roomFor checks the bounds of the class. Who teaches is never counted out: a class filled by
// strangers needs a teacher most. The hidden are not by the class's own bound, nor counted in it.
func (d *docket) roomFor(a arrival) error {
	switch {
	case a.role == classpb.Role_ROLE_TEACHER || waits(a.known):
		return nil
	case full(d.state, a.role),
		a.known == nil && len(d.state.GetParticipants())-d.forgetTheGone() >= MaxRecords:
		return refuse(classpb.Code_CODE_FULL, "the class is full")
	}
	return nil
}
