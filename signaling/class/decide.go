package class

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"preau/signaling/classpb"
)

// firstServerCommand: a participant may not send commands from this field number on.
const firstServerCommand = 64

// rule says who may give a command, and decides it.
type rule struct {
	by     by
	decide func(*docket, *classpb.Command) error
}

// rules is the table of commands, by their names in the schema. It is only read.
var rules = map[protoreflect.Name]rule{
	"leave":           {anyone, decideLeave},
	"end":             {moderators, decideEnd},
	"admit":           {moderators, decideAdmit},
	"refuse":          {moderators, decideRefuse},
	"remove":          {moderators, decideRemove},
	"unban":           {moderators, decideUnban},
	"set_role":        {moderators, decideSetRole},
	"set_locks":       {moderators, decideSetLocks},
	"set_lobby":       {moderators, decideSetLobby},
	"set_permissions": {moderators, decideSetPermissions},
	"mute":            {insiders, decideMute},
	"mute_all":        {moderators, decideMuteAll},
	"raise_hand":      {insiders, decideRaiseHand},
	"lower_hand":      {insiders, decideLowerHand},
	"lower_all_hands": {moderators, decideLowerAllHands},
	"give_word":       {moderators, decideGiveWord},
	"take_word":       {insiders, decideTakeWord},
	"react":           {insiders, decideReact},
	"send_chat":       {insiders, decideSendChat},
	"delete_chat":     {moderators, decideDeleteChat},
	"set_spotlight":   {moderators, decideSetSpotlight},
	"set_title":       {moderators, decideSetTitle},
	"ask_unmute":      {moderators, decideAskUnmute},

	"open":            {server, decideOpen},
	"join":            {node, decideJoin},
	"set_presence":    {node, decideSetPresence},
	"publish_track":   {node, decidePublishTrack},
	"unpublish_track": {node, decideUnpublishTrack},
	"set_profile":     {server, decideSetProfile},
	"set_metadata":    {server, decideSetMetadata},
	"set_sid":         {node, decideSetSid},
	"set_connected":   {node, decideSetConnected},
}

// Decide says what a command amounts to: events, or a refusal, which is always an *Error. It does
// not change the state, and keeps neither state nor command.
func Decide(s *classpb.State, a Actor, c *classpb.Command, in Input) (Decision, error) {
	m := c.ProtoReflect()
	field := m.WhichOneof(m.Descriptor().Oneofs().ByName("body"))
	if field == nil {
		return Decision{}, invalid("no command that this version knows")
	}
	r, known := rules[field.Name()]
	if !known {
		return Decision{}, invalid("the command %s is not handled", field.Name())
	}
	if err := proper(s, a, c, field, r); err != nil {
		return Decision{}, err
	}
	d := &docket{state: s, actor: a, in: in, request: c.GetRequestId(), session: s.GetSession(), seq: s.GetSeq()}
	if err := r.decide(d, c); err != nil {
		return Decision{}, err
	}
	return d.decision, nil
}

// proper checks what is to be checked for every command: its form, its sender, the time.
func proper(s *classpb.State, a Actor, c *classpb.Command, field protoreflect.FieldDescriptor, r rule) error {
	if len(c.GetRequestId()) > MaxRequestIDSize {
		return invalid("the request id is longer than %d bytes", MaxRequestIDSize)
	}
	if a.Kind == ActorParticipant && field.Number() >= firstServerCommand {
		return forbidden("the server alone may %s", field.Name())
	}
	switch {
	case s.GetPhase() == classpb.Phase_PHASE_ENDED:
		return refuse(classpb.Code_CODE_ENDED, "the class has ended")
	case s.GetPhase() == classpb.Phase_PHASE_UNSPECIFIED && field.Name() != "open":
		return notFound("the class is not open")
	}
	if !r.by.admits(s, a) {
		return forbidden("this actor may not %s", field.Name())
	}
	return nil
}

// by says who may give a command.
type by int

const (
	anyone     by = iota // in the class or its lobby, and the server
	insiders             // in the class, and the server
	moderators           // teachers in the class, and the server
	server               // the server API and the server itself
	node                 // the server itself
)

func (b by) admits(s *classpb.State, a Actor) bool {
	switch a.Kind {
	case ActorNode:
		return true
	case ActorKey:
		return b != node
	}
	p := s.GetParticipants()[a.ID]
	switch b {
	case anyone:
		return inside(p) || waits(p)
	case insiders:
		return inside(p)
	case moderators:
		return CanModerate(s, a.ID)
	default:
		return false
	}
}

// docket is one command on its way to a decision.
type docket struct {
	state    *classpb.State // only read: what an event will change is not in it yet
	actor    Actor
	in       Input
	request  string
	session  string
	seq      uint64
	decision Decision
}

// tell adds an event, for an audience; nil is everyone admitted.
func (d *docket) tell(to *classpb.Audience, e *classpb.Event) {
	d.seq++
	e.Session, e.Seq, e.TimeMs = d.session, d.seq, d.in.NowMS
	e.Actor, e.RequestId, e.Audience, e.Schema = d.actor.ID, d.request, to, Schema
	d.decision.Events = append(d.decision.Events, e)
}

// flash adds what is true for a moment.
func (d *docket) flash(e *classpb.Ephemeral) {
	e.From = d.actor.ID
	d.decision.Ephemeral = append(d.decision.Ephemeral, e)
}

// person finds who a command names.
func (d *docket) person(id string) (*classpb.Participant, error) {
	if p := d.state.GetParticipants()[id]; p != nil {
		return p, nil
	}
	return nil, notFound("no such participant")
}

// insider finds who a command names and wants them in the class.
func (d *docket) insider(id string) (*classpb.Participant, error) {
	p, err := d.person(id)
	if err == nil && !inside(p) {
		err = conflict("the participant is not in the class")
	}
	return p, err
}

// self is the participant who acts; nil for the server.
func (d *docket) self() *classpb.Participant {
	if d.actor.Kind != ActorParticipant {
		return nil
	}
	return d.state.GetParticipants()[d.actor.ID]
}

// moderates says whether the actor may do what a teacher may.
func (d *docket) moderates() bool { return moderators.admits(d.state, d.actor) }

// clone is a deep copy; of nil, an empty message.
func clone[M proto.Message](m M) M {
	c := m.ProtoReflect().New().Interface()
	proto.Merge(c, m)
	return c.(M)
}
