package class

import (
	"slices"

	"preau/signaling/classpb"
)

// MayChat says whether a participant may write to a target. Pupils whose private chat is locked
// still reach a teacher. To oneself, to who waits, and, but for teachers, to the hidden: never.
func MayChat(s *classpb.State, from string, to *classpb.ChatTarget) bool {
	p := s.GetParticipants()[from]
	if !inside(p) || !rightsOf(s, p).chat() {
		return false
	}
	switch to.GetTo().(type) {
	case *classpb.ChatTarget_Everyone:
		return to.GetEveryone()
	case *classpb.ChatTarget_Teachers:
		return to.GetTeachers()
	case *classpb.ChatTarget_Participant:
		return mayWriteTo(s, p, s.GetParticipants()[to.GetParticipant()])
	default:
		return false
	}
}

func mayWriteTo(s *classpb.State, from, to *classpb.Participant) bool {
	switch {
	case !inside(to) || to.GetId() == from.GetId():
		return false
	case from.GetRole() == classpb.Role_ROLE_TEACHER:
		return true
	default:
		return !Hidden(to) && (to.GetRole() == classpb.Role_ROLE_TEACHER || !s.GetLocks().GetPrivateChat())
	}
}

func decideSendChat(d *docket, c *classpb.Command) error {
	send := c.GetSendChat()
	p := d.self()
	if p == nil {
		return invalid("only a participant writes")
	}
	text, err := cleanChat(send.GetText())
	if err != nil {
		return err
	}
	if to, one := send.GetTo().GetTo().(*classpb.ChatTarget_Participant); one && !d.sees(p, to.Participant) {
		return notFound("no such participant")
	}
	if !MayChat(d.state, p.GetId(), send.GetTo()) {
		return forbidden("the participant may not write to them")
	}
	m := &classpb.ChatMessage{
		Id: d.in.NewID("CM_"), From: p.GetId(), To: clone(send.GetTo()), Text: text, TimeMs: d.in.NowMS,
	}
	d.forget(poolOf(m))
	d.tell(audienceOf(m), &classpb.Event{Body: &classpb.Event_ChatSent{ChatSent: &classpb.ChatSent{Message: m}}})
	return nil
}

// sees says whether a participant in the class may know of another who is in it.
func (d *docket) sees(p *classpb.Participant, id string) bool {
	other := d.state.GetParticipants()[id]
	return visible(other) || inside(other) && p.GetRole() == classpb.Role_ROLE_TEACHER
}

// decideDeleteChat: by a teacher, of what a teacher may read.
func decideDeleteChat(d *docket, c *classpb.Command) error {
	for _, m := range d.state.GetChat() {
		if m.GetId() != c.GetDeleteChat().GetId() {
			continue
		}
		if p := d.self(); p != nil && !reaches(LensModerator, p.GetId(), audienceOf(m)) {
			break
		}
		if !m.GetDeleted() {
			d.tell(audienceOf(m), &classpb.Event{Body: &classpb.Event_ChatDeleted{ChatDeleted: &classpb.ChatDeleted{Id: m.GetId()}}})
		}
		return nil
	}
	return notFound("no such message")
}

// audienceOf is who may read a message, and hear of its end.
func audienceOf(m *classpb.ChatMessage) *classpb.Audience {
	switch to := m.GetTo().GetTo().(type) {
	case *classpb.ChatTarget_Teachers:
		return teachersAnd(m.GetFrom())
	case *classpb.ChatTarget_Participant:
		return only(m.GetFrom(), to.Participant)
	default:
		return nil
	}
}

// pool is what messages are counted in, so that a flood of one kind leaves the others alone.
type pool int

const (
	poolEveryone pool = iota
	poolTeachers
	poolPrivate
)

func poolOf(m *classpb.ChatMessage) pool {
	switch m.GetTo().GetTo().(type) {
	case *classpb.ChatTarget_Teachers:
		return poolTeachers
	case *classpb.ChatTarget_Participant:
		return poolPrivate
	default:
		return poolEveryone
	}
}

// forget makes room in a pool for one more message. That is an event and not a rule of the reducer:
// which messages are the oldest, a view that holds only some of them could not tell.
func (d *docket) forget(which pool) {
	var kept []*classpb.ChatMessage
	for _, m := range d.state.GetChat() {
		if poolOf(m) == which {
			kept = append(kept, m)
		}
	}
	if len(kept) < MaxChatPool+chatSlack {
		return
	}
	groups := map[string]*classpb.ChatForgotten{}
	for _, m := range kept[:len(kept)+1-MaxChatPool] {
		to := audienceOf(m)
		key := ""
		if to != nil {
			ids := slices.Sorted(slices.Values(to.GetParticipants()))
			key = ids[0] + " " + ids[len(ids)-1]
		}
		if groups[key] == nil {
			groups[key] = &classpb.ChatForgotten{}
			d.tell(to, &classpb.Event{Body: &classpb.Event_ChatForgotten{ChatForgotten: groups[key]}})
		}
		groups[key].Ids = append(groups[key].Ids, m.GetId())
	}
}

func applyChatSent(s *classpb.State, e *classpb.Event) {
	s.Chat = append(s.Chat, clone(e.GetChatSent().GetMessage()))
}

func applyChatDeleted(s *classpb.State, e *classpb.Event) {
	for _, m := range s.GetChat() {
		if m.GetId() == e.GetChatDeleted().GetId() {
			m.Text, m.Deleted = "", true
		}
	}
}

func applyChatForgotten(s *classpb.State, e *classpb.Event) {
	s.Chat = slices.DeleteFunc(s.Chat, func(m *classpb.ChatMessage) bool {
		return slices.Contains(e.GetChatForgotten().GetIds(), m.GetId())
	})
}
