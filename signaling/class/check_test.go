package class

import (
	"fmt"
	"slices"

	"preau/signaling/classpb"
)

// check says what is wrong with a full state, between two commands.
func check(s *classpb.State) error {
	for _, find := range []func(*classpb.State) error{checkPeople, checkFloor, checkTracks, checkChat} {
		if err := find(s); err != nil {
			return err
		}
	}
	return nil
}

func checkPeople(s *classpb.State) error {
	identities := map[string]bool{}
	for id, p := range s.GetParticipants() {
		identity := p.GetProfile().GetIdentity()
		switch {
		case p.GetId() != id:
			return fmt.Errorf("%s stands under %s", p.GetId(), id)
		case identity == "" || identities[identity]:
			return fmt.Errorf("%s has no identity of its own", id)
		case p.GetPresence() == classpb.Presence_PRESENCE_UNSPECIFIED || p.GetRole() == classpb.Role_ROLE_UNSPECIFIED || p.GetTokenRole() == classpb.Role_ROLE_UNSPECIFIED:
			return fmt.Errorf("%s is half there: %v", id, p)
		case waits(p) && (p.GetAdmitted() || p.GetRole() != classpb.Role_ROLE_PUPIL && !p.GetKnocks()):
			return fmt.Errorf("%s waits and need not: %v", id, p)
		case inside(p) && (!p.GetAdmitted() || p.GetKnocks() || p.GetBanned() || p.GetOrder() == 0):
			return fmt.Errorf("%s should not be inside: %v", id, p)
		case p.GetAdmitted() && p.GetIntroduced() == Hidden(p), p.GetIntroduced() && !p.GetAdmitted():
			return fmt.Errorf("%s is known to the wrong people: %v", id, p)
		case s.GetPhase() != classpb.Phase_PHASE_OPEN && (inside(p) || waits(p)):
			return fmt.Errorf("%s is in a class that is not open", id)
		case waits(p) && !s.GetLobby() && !p.GetKnocks():
			return fmt.Errorf("%s waits, and there is no lobby", id)
		}
		identities[identity] = true
	}
	return nil
}

func checkFloor(s *classpb.State) error {
	floor := slices.Concat(s.GetHands(), s.GetWord())
	if s.GetSpotlight() != "" {
		floor = append(floor, s.GetSpotlight())
	}
	for _, id := range floor {
		if !visible(s.GetParticipants()[id]) {
			return fmt.Errorf("%s has a hand, the word or the spotlight, and is not visibly inside", id)
		}
	}
	for _, ids := range [][]string{s.GetHands(), s.GetWord()} {
		if len(slices.Compact(slices.Sorted(slices.Values(ids)))) != len(ids) {
			return fmt.Errorf("someone stands twice in %v", ids)
		}
	}
	return nil
}

func checkTracks(s *classpb.State) error {
	orders := map[uint64]bool{}
	for sid, t := range s.GetTracks() {
		source := sourceOf(t)
		switch may := MayPublish(s, t.GetParticipant(), source); {
		case t.GetSid() != sid || !visible(s.GetParticipants()[t.GetParticipant()]):
			return fmt.Errorf("the track %s has no owner inside", sid)
		case !may && (source != microphone || !t.GetMuted()):
			return fmt.Errorf("the track %s of source %v is forbidden", sid, source)
		case t.GetOrder() == 0 || t.GetOrder() > s.GetSeq() || orders[t.GetOrder()]:
			return fmt.Errorf("the track %s is the %d., as another, or none", sid, t.GetOrder())
		case t.GetMutedByTeacher() && !t.GetMuted():
			return fmt.Errorf("the track %s is open though muted", sid)
		}
		orders[t.GetOrder()] = true
	}
	return nil
}

func checkChat(s *classpb.State) error {
	ids, pools := map[string]bool{}, map[pool]int{}
	for _, m := range s.GetChat() {
		pools[poolOf(m)]++
		if ids[m.GetId()] || m.GetDeleted() != (m.GetText() == "") || pools[poolOf(m)] > MaxChatPool+chatSlack {
			return fmt.Errorf("the message %s is there twice, half deleted, or too many", m.GetId())
		}
		ids[m.GetId()] = true
	}
	return nil
}
