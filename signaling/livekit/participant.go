package livekit

import (
	"cmp"
	"maps"
	"slices"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// Visible says whether a participant stands in LiveKit's list: it has a media session and has not
// gone. Who waits is in nobody's view but its own.
func Visible(p *classpb.Participant) bool {
	return p.GetSid() != "" && (p.GetPresence() == classpb.Presence_PRESENCE_PRESENT ||
		p.GetPresence() == classpb.Presence_PRESENCE_AWAY)
}

// Participant is one participant of a view, as LiveKit clients see it; self: to itself. nil when
// the view does not hold it.
func Participant(s *classpb.State, id string, self bool) *lk.ParticipantInfo {
	p := s.GetParticipants()[id]
	if p == nil {
		return nil
	}
	var tracks []*classpb.Track
	for _, t := range s.GetTracks() {
		if t.GetParticipant() == id {
			tracks = append(tracks, t)
		}
	}
	return info(s, p, tracks, self)
}

// Others are all visible participants of a view but one, in the order they first came.
func Others(s *classpb.State, self string) []*lk.ParticipantInfo {
	tracks := map[string][]*classpb.Track{}
	for _, t := range s.GetTracks() {
		tracks[t.GetParticipant()] = append(tracks[t.GetParticipant()], t)
	}
	var out []*lk.ParticipantInfo
	for _, p := range ordered(s) {
		if p.GetId() != self && Visible(p) {
			out = append(out, info(s, p, tracks[p.GetId()], false))
		}
	}
	return out
}

func ordered(s *classpb.State) []*classpb.Participant {
	return slices.SortedFunc(maps.Values(s.GetParticipants()), func(a, b *classpb.Participant) int {
		return cmp.Or(cmp.Compare(a.GetOrder(), b.GetOrder()), cmp.Compare(a.GetId(), b.GetId()))
	})
}

func info(s *classpb.State, p *classpb.Participant, tracks []*classpb.Track, self bool) *lk.ParticipantInfo {
	out := &lk.ParticipantInfo{
		Sid:         p.GetSid(),
		Identity:    p.GetProfile().GetIdentity(),
		Name:        p.GetProfile().GetName(),
		Metadata:    p.GetProfile().GetMetadata(),
		State:       lk.ParticipantInfo_ACTIVE,
		JoinedAt:    p.GetJoinedMs() / 1000,
		JoinedAtMs:  p.GetJoinedMs(),
		Version:     uint32(s.GetSeq()),
		Permission:  Permission(s, p),
		IsPublisher: len(tracks) > 0,
		Attributes:  Attributes(s, p),
		Kind:        lk.ParticipantInfo_Kind(p.GetProfile().GetKind()),
	}
	if p.GetRole() == classpb.Role_ROLE_RECORDER && out.Kind == lk.ParticipantInfo_STANDARD {
		out.Kind = lk.ParticipantInfo_EGRESS
	}
	if class.Forwarded(p) {
		out.KindDetails = []lk.ParticipantInfo_KindDetail{lk.ParticipantInfo_FORWARDED}
	}
	slices.SortFunc(tracks, func(a, b *classpb.Track) int { return cmp.Compare(a.GetSid(), b.GetSid()) })
	for _, t := range tracks {
		if ti := TrackInfo(t); self || ForOthers(ti) {
			out.Tracks = append(out.Tracks, ti)
		}
	}
	if !self && !Visible(p) {
		out.State = lk.ParticipantInfo_DISCONNECTED
		out.DisconnectReason = disconnectReason(p.GetLeft())
		out.Tracks = nil
	}
	return out
}

// Gone tells clients that a participant's media session, by its sid, is over.
func Gone(s *classpb.State, id, sid, identity string) *lk.ParticipantInfo {
	return &lk.ParticipantInfo{
		Sid:              sid,
		Identity:         identity,
		State:            lk.ParticipantInfo_DISCONNECTED,
		Version:          uint32(s.GetSeq()),
		DisconnectReason: disconnectReason(s.GetParticipants()[id].GetLeft()),
	}
}

// Attributes are the participant's own with what the class says of it.
func Attributes(s *classpb.State, p *classpb.Participant) map[string]string {
	out := maps.Clone(p.GetProfile().GetAttributes())
	if out == nil {
		out = map[string]string{}
	}
	delete(out, AttributeHand)
	out[AttributeRole] = RoleName(p.GetRole())
	if slices.Contains(s.GetHands(), p.GetId()) {
		out[AttributeHand] = HandRaised
	}
	return out
}

// Permission is what a participant may do, in LiveKit's terms.
func Permission(s *classpb.State, p *classpb.Participant) *lk.ParticipantPermission {
	out := &lk.ParticipantPermission{
		CanSubscribe:   class.MaySubscribe(s, p.GetId()),
		CanPublishData: class.MaySendPackets(s, p.GetId()),
		Hidden:         class.Hidden(p),
	}
	for _, src := range sources {
		if class.MayPublish(s, p.GetId(), src) {
			out.CanPublishSources = append(out.CanPublishSources, TrackSource(src))
		}
	}
	out.CanPublish = len(out.CanPublishSources) > 0
	if len(out.CanPublishSources) == len(sources) {
		out.CanPublishSources = nil // empty: every source
	}
	return out
}

// Room is the class as LiveKit clients see it.
func Room(s *classpb.State) *lk.Room {
	r := &lk.Room{
		Sid:              s.GetSession(),
		Name:             s.GetName(),
		Metadata:         s.GetMetadata(),
		EmptyTimeout:     s.GetEmptyTimeoutS(),
		DepartureTimeout: s.GetDepartureTimeoutS(),
		MaxParticipants:  s.GetMaxParticipants(),
		CreationTime:     s.GetOpenedMs() / 1000,
		CreationTimeMs:   s.GetOpenedMs(),
		EnabledCodecs:    Codecs(),
	}
	publishers := map[string]bool{}
	for _, t := range s.GetTracks() {
		publishers[t.GetParticipant()] = true
	}
	for id, p := range s.GetParticipants() {
		switch {
		case !Visible(p):
		case class.Hidden(p):
			r.ActiveRecording = r.GetActiveRecording() || p.GetRole() == classpb.Role_ROLE_RECORDER
		default:
			r.NumParticipants++
			if publishers[id] {
				r.NumPublishers++
			}
		}
	}
	return r
}

// Codecs that may be published.
func Codecs() []*lk.Codec {
	var out []*lk.Codec
	for _, mime := range []string{
		"audio/opus", "audio/red", "video/VP8", "video/H264", "video/VP9", "video/AV1", "video/H265", "video/rtx",
	} {
		out = append(out, &lk.Codec{Mime: mime})
	}
	return out
}
