package webhook

import (
	"cmp"
	"crypto/rand"
	"maps"
	"slices"
	"strings"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// story is what has been told of one session: pure, and the same whether it grew event by event or
// was read from the journal.
type story struct {
	room   *lk.Room
	over   bool
	people map[string]*lk.ParticipantInfo // by sid: told to have joined
	tracks map[string]*lk.WebhookEvent    // by sid: the event that told of it

	// pending are the joins whose media is still to come. They are in no journal.
	pending map[string]*lk.ParticipantInfo // by sid
}

func newStory() *story {
	return &story{
		people: map[string]*lk.ParticipantInfo{}, tracks: map[string]*lk.WebhookEvent{},
		pending: map[string]*lk.ParticipantInfo{},
	}
}

func (s *story) clone() *story {
	c := *s
	c.people, c.tracks, c.pending = maps.Clone(s.people), maps.Clone(s.tracks), maps.Clone(s.pending)
	return &c
}

// matters says whether there may be something to tell after an event.
func matters(e *classpb.Event) bool {
	switch e.GetBody().(type) {
	case *classpb.Event_Opened, *classpb.Event_Ended, *classpb.Event_SidSet, *classpb.Event_MediaConnected,
		*classpb.Event_Joined, *classpb.Event_Waited, *classpb.Event_Left, *classpb.Event_Withdrawn,
		*classpb.Event_TrackPublished, *classpb.Event_TrackUnpublished:
		return true
	}
	return false
}

// next is what is to be told now that the class is in this state, in the order in which it would
// have happened.
func (s *story) next(state *classpb.State) []*lk.WebhookEvent {
	if s.over || state.GetPhase() == classpb.Phase_PHASE_UNSPECIFIED {
		return nil
	}
	room := livekit.Room(state)
	var out []*lk.WebhookEvent
	tell := func(e *lk.WebhookEvent) {
		e.Room = room
		s.note(e)
		out = append(out, e)
	}
	if s.room == nil {
		tell(&lk.WebhookEvent{Event: roomStarted})
	}
	here := present(state)
	for _, e := range s.gone(state, here) {
		tell(e)
	}
	s.await(state, here)
	for _, sid := range slices.Sorted(maps.Keys(here)) {
		if p := here[sid]; p.GetConnectedSid() == sid && s.people[sid] == nil {
			tell(&lk.WebhookEvent{Event: participantJoined, Participant: livekit.Participant(state, p.GetId(), true)})
		}
	}
	for _, e := range s.published(state, here) {
		tell(e)
	}
	if state.GetPhase() == classpb.Phase_PHASE_ENDED {
		tell(&lk.WebhookEvent{Event: roomFinished})
	}
	return out
}

// present are those with a media session, by its sid.
func present(state *classpb.State) map[string]*classpb.Participant {
	here := map[string]*classpb.Participant{}
	for _, p := range state.GetParticipants() {
		if livekit.Visible(p) {
			here[p.GetSid()] = p
		}
	}
	return here
}

// gone tells of tracks and then people that are no more.
func (s *story) gone(state *classpb.State, here map[string]*classpb.Participant) []*lk.WebhookEvent {
	var out []*lk.WebhookEvent
	for _, sid := range slices.Sorted(maps.Keys(s.tracks)) {
		if t := state.GetTracks()[sid]; t == nil || here[s.tracks[sid].GetParticipant().GetSid()].GetId() != t.GetParticipant() {
			out = append(out, endOf(s.tracks[sid]))
		}
	}
	leave := func(name string, of map[string]*lk.ParticipantInfo) {
		for _, sid := range slices.Sorted(maps.Keys(of)) {
			if here[sid] == nil {
				out = append(out, &lk.WebhookEvent{Event: name, Participant: left(of[sid], state)})
			}
		}
	}
	leave(connectionAborted, s.pending)
	leave(participantLeft, s.people)
	return out
}

func endOf(published *lk.WebhookEvent) *lk.WebhookEvent {
	return &lk.WebhookEvent{Event: trackUnpublished, Participant: published.GetParticipant(), Track: published.GetTrack()}
}

// left is a participant as it was told, gone, and why. Its tracks were told of before.
func left(was *lk.ParticipantInfo, state *classpb.State) *lk.ParticipantInfo {
	info := proto.CloneOf(was)
	info.State, info.Tracks, info.IsPublisher = lk.ParticipantInfo_DISCONNECTED, nil, false
	for id, p := range state.GetParticipants() {
		if p.GetProfile().GetIdentity() == was.GetIdentity() {
			info.DisconnectReason = livekit.Gone(state, id, was.GetSid(), was.GetIdentity()).GetDisconnectReason()
		}
	}
	return info
}

// await remembers the joins whose media is still to come.
func (s *story) await(state *classpb.State, here map[string]*classpb.Participant) {
	for sid, p := range here {
		if p.GetConnectedSid() != sid && s.pending[sid] == nil {
			s.pending[sid] = livekit.Participant(state, p.GetId(), true)
		}
	}
}

// published tells of new tracks; of who has not been told to have joined, when that is.
func (s *story) published(state *classpb.State, here map[string]*classpb.Participant) []*lk.WebhookEvent {
	var out []*lk.WebhookEvent
	for _, sid := range slices.Sorted(maps.Keys(state.GetTracks())) {
		t := state.GetTracks()[sid]
		p := state.GetParticipants()[t.GetParticipant()]
		if s.tracks[sid] == nil && here[p.GetSid()] != nil && s.people[p.GetSid()] != nil {
			out = append(out, &lk.WebhookEvent{
				Event: trackPublished, Track: livekit.TrackInfo(t),
				Participant: &lk.ParticipantInfo{Sid: p.GetSid(), Identity: p.GetProfile().GetIdentity()},
			})
		}
	}
	return out
}

// end is what is to be told of a session that is over, and how it ended is not known.
func (s *story) end() []*lk.WebhookEvent {
	if s.over || s.room == nil {
		return nil
	}
	state := &classpb.State{Session: s.room.GetSid(), Name: s.room.GetName(), Phase: classpb.Phase_PHASE_ENDED}
	return s.next(state)
}

// note keeps what an event tells.
func (s *story) note(e *lk.WebhookEvent) {
	s.room = e.GetRoom()
	sid := e.GetParticipant().GetSid()
	switch e.GetEvent() {
	case participantJoined:
		s.people[sid] = e.GetParticipant()
		delete(s.pending, sid)
	case participantLeft:
		delete(s.people, sid)
	case connectionAborted:
		delete(s.pending, sid)
	case trackPublished:
		s.tracks[e.GetTrack().GetSid()] = e
	case trackUnpublished:
		delete(s.tracks, e.GetTrack().GetSid())
	case roomFinished:
		s.over = true
	}
}

// stamp gives events their ids and time (Unix ms), and the last one the reason of the end.
func stamp(events []*lk.WebhookEvent, ms int64, by string) []*lk.WebhookEvent {
	for _, e := range events {
		e.Id, e.CreatedAt = "EV_"+rand.Text(), ms/1000
		if e.GetEvent() == roomFinished {
			e.RoomEndReason = endReason(by)
		}
	}
	return events
}

// endReason: the server API deletes a room, the server itself ends one that is empty. For a teacher
// who ends the class LiveKit has no word.
func endReason(actor string) lk.RoomEndReason {
	switch {
	case strings.HasPrefix(actor, "key:"):
		return lk.RoomEndReason_ROOM_END_API_DELETE
	case actor == "node":
		return lk.RoomEndReason_ROOM_END_IDLE_TIMEOUT
	}
	return lk.RoomEndReason_ROOM_END_UNKNOWN
}

// inOrder sorts what was queued by its number.
func inOrder(items []*item) {
	slices.SortFunc(items, func(a, b *item) int { return cmp.Compare(a.n, b.n) })
}
