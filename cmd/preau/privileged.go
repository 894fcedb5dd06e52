package main

import (
	"context"
	"log/slog"
	"slices"

	"google.golang.org/protobuf/proto"

	"preau/signaling"
	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// follow makes the media plane a Member of a class: it hears the same events as
// everyone, and takes from them whose microphones are always carried.
func follow(r *room.Room, m signaling.Media, log *slog.Logger) {
	tenant, name := r.Key()
	member := &privileged{media: m, class: tenant + "/" + name, state: class.NewState()}
	if _, err := r.Attach(context.Background(), class.Viewer{All: true}, "", 0, member); err != nil {
		log.Error("the media plane cannot follow a class", "class", member.class, "err", err)
	}
}

// privileged tells the media plane who teaches and who was given the word.
// Deliver is called from the class's goroutine only.
type privileged struct {
	media signaling.Media
	class string
	state *classpb.State
	sids  []string
}

// Deliver implements room.Member.
func (p *privileged) Deliver(b class.Batch) bool {
	if b.Snapshot != nil {
		p.state = proto.CloneOf(b.Snapshot) // a batch is everyone's: what is changed is one's own
	}
	for _, e := range b.Events {
		class.Apply(p.state, e)
	}
	if sids := privilegedSIDs(p.state); !slices.Equal(sids, p.sids) {
		p.sids = sids
		p.media.SetPrivileged(p.class, sids)
	}
	return true
}

// privilegedSIDs are the present joins of teachers and of who has the word, in
// a stable order.
func privilegedSIDs(s *classpb.State) []string {
	var sids []string
	for id, p := range s.GetParticipants() {
		if p.GetSid() == "" || p.GetPresence() != classpb.Presence_PRESENCE_PRESENT {
			continue
		}
		if p.GetRole() == classpb.Role_ROLE_TEACHER || slices.Contains(s.GetWord(), id) {
			sids = append(sids, p.GetSid())
		}
	}
	slices.Sort(sids)
	return sids
}
