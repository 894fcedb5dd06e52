package room_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// follower is somebody's page: attached or not, it holds what it last knew.
type follower struct {
	listener
	detach func() // nil: not attached
}

// through is the number the page would come back with.
func (f *follower) through() uint64 {
	last := uint64(0)
	for _, b := range f.heard() {
		last = max(last, b.Through)
	}
	return last
}

// gone: it was told goodbye, and nothing more is to come.
func (f *follower) gone() bool {
	b := f.heard()
	return len(b) > 0 && b[len(b)-1].Goodbye != 0
}

// Whoever listens, from whenever, and comes back by since however often, holds
// what its view of the state is.
func TestWhoeverFollowsHoldsItsView(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := room.NewSchool(room.NewMemoryLogs(), room.Options{CompactEvery: 7})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx) }()
		defer func() {
			cancel()
			<-ended
		}()
		r := maths(t, h)
		followers := map[string]*follower{}
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			step(t, rt, r, followers)
			full := state(t, r)
			for who, f := range followers {
				if f.detach == nil || f.gone() {
					continue
				}
				want := class.View(full, class.Viewer{Participant: who})
				f.state.Seq = want.Seq
				if !proto.Equal(f.state, want) {
					rt.Fatalf("%s holds\n%v\nwant\n%v", who, f.state, want)
				}
			}
		}
	})
}

func step(t *testing.T, rt *rapid.T, r *room.Room, followers map[string]*follower) {
	people := slices.Sorted(maps.Keys(state(t, r).GetParticipants()))
	what := rapid.IntRange(0, 5).Draw(rt, "what")
	if len(people) == 0 || what == 0 {
		role := rapid.SampledFrom([]classpb.Role{1, 2, 3, 3, 3, 4}).Draw(rt, "role")
		// who was banned is refused, and that is fine
		_, _ = r.Do(t.Context(), class.Node(), joining(fmt.Sprint("identity ", rapid.IntRange(0, 6).Draw(rt, "who")), role))
		return
	}
	who := rapid.SampledFrom(people).Draw(rt, "whom")
	if what > 2 {
		// refused or not: what matters is what followers make of it
		c, by := anyCommand(rt, who, people), class.Node()
		if c.GetSendChat() != nil || rapid.Bool().Draw(rt, "by a person") {
			by = class.By(rapid.SampledFrom(people).Draw(rt, "by"))
		}
		_, _ = r.Do(t.Context(), by, c)
		return
	}
	f := followers[who]
	if f == nil {
		f = &follower{}
		followers[who] = f
	}
	if f.detach != nil {
		f.detach()
		f.detach = nil
		return
	}
	since := f.through()
	if f.gone() {
		*f, since = follower{}, 0 // a page that was sent away begins anew
	}
	if detach, err := r.Attach(t.Context(), class.Viewer{Participant: who}, r.Session(), since, f); err == nil {
		f.detach = detach
	}
}

func anyCommand(rt *rapid.T, who string, people []string) *classpb.Command {
	to := rapid.SampledFrom([]*classpb.ChatTarget{
		{To: &classpb.ChatTarget_Everyone{Everyone: true}},
		{To: &classpb.ChatTarget_Teachers{Teachers: true}},
		{To: &classpb.ChatTarget_Participant{Participant: rapid.SampledFrom(people).Draw(rt, "to")}},
	}).Draw(rt, "target")
	return rapid.SampledFrom([]*classpb.Command{
		{Body: &classpb.Command_SendChat{SendChat: &classpb.SendChat{To: to, Text: "text"}}},
		{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: rapid.Bool().Draw(rt, "lobby")}}},
		{Body: &classpb.Command_Admit{Admit: &classpb.Admit{All: true}}},
		{Body: &classpb.Command_Admit{Admit: &classpb.Admit{Participants: []string{who}}}},
		{Body: &classpb.Command_Refuse{Refuse: &classpb.Refuse{Participants: []string{who}}}},
		{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: who, Ban: rapid.Bool().Draw(rt, "ban")}}},
		{Body: &classpb.Command_Unban{Unban: &classpb.Unban{Participant: who}}},
		{Body: &classpb.Command_SetRole{SetRole: &classpb.SetRole{Participant: who, Role: rapid.SampledFrom([]classpb.Role{1, 2, 3}).Draw(rt, "role")}}},
		{Body: &classpb.Command_GiveWord{GiveWord: &classpb.GiveWord{Participant: who}}},
		{Body: &classpb.Command_SetSpotlight{SetSpotlight: &classpb.SetSpotlight{Participant: who}}},
		{Body: &classpb.Command_SetPresence{SetPresence: &classpb.SetPresence{Participant: who, Presence: rapid.SampledFrom([]classpb.Presence{2, 3, 4}).Draw(rt, "presence")}}},
		{Body: &classpb.Command_PublishTrack{PublishTrack: &classpb.PublishTrack{Track: &classpb.Track{
			Sid: "TR_" + who, Participant: who, Source: classpb.Source_SOURCE_MICROPHONE, Kind: classpb.TrackKind_TRACK_KIND_AUDIO,
		}}}},
	}).Draw(rt, "command")
}
