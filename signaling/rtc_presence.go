package signaling

import (
	"slices"

	lk "github.com/livekit/protocol/livekit"
)

// rtcPresence is what is true of a participant while a session lasts, and stands in no log: how far
// its media has come, what its client can do, and its data tracks.
//
//	JOINING ──description agreed──▶ JOINED ──media connected──▶ ACTIVE ──end──▶ (forgotten)
//
// Forward only: a connection that is lost for a while leaves its participant ACTIVE. Others see
// DISCONNECTED when the class has taken the session's sid back.
type rtcPresence struct {
	sid       string
	state     lk.ParticipantInfo_State
	client    *lk.ClientInfo
	abilities []lk.ClientInfo_Capability
	data      []*lk.DataTrackInfo // in the order published; replaced, never changed
}

// complete adds to an announcement what the class does not know. Of a participant without a session
// here it says what the class does: ACTIVE.
func (b *rtcHub) complete(id string, info *lk.ParticipantInfo) {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	p := b.present[id]
	if p == nil || p.sid != info.GetSid() || info.GetState() == lk.ParticipantInfo_DISCONNECTED {
		return
	}
	info.State = p.state
	info.ClientProtocol = p.client.GetClientProtocol()
	info.Capabilities = p.abilities
	info.DataTracks = p.data
}

// revised is the version for what is told next. Clients ignore an announcement that is older than
// one they have; a class's numbers alone would not do, since what is in no log changes too.
func (b *rtcHub) revised(seq uint64) uint32 {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	b.version = max(b.version+1, uint32(seq))
	return b.version
}

// alter changes a session's presence; false: it has none any more, or nothing has changed.
func (b *rtcHub) alter(s *rtcSession, change func(*rtcPresence) bool) bool {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	p := b.present[s.participant]
	return p != nil && p.sid == s.sid && change(p)
}

// progress takes the session's state on, a step at a time, and tells everyone.
func (s *rtcSession) progress(to lk.ParticipantInfo_State) {
	for s.state < to {
		s.state++
		state := s.state
		if s.hub.alter(s, func(p *rtcPresence) bool { p.state = state; return true }) {
			s.tellPresence(false)
		}
	}
}

// tellPresence renews the announcement of this participant, here and with the others: now, or with
// whatever else they are to be told soon.
func (s *rtcSession) tellPresence(now bool) {
	if s.view != nil {
		s.dirty[s.participant] = true
		s.flushSoon(false)
	}
	for _, other := range s.hub.others(s) {
		other.offer(func() { other.renew(s.participant, now) })
	}
}

// renew announces a participant again, unless the client has not heard of it at all.
func (s *rtcSession) renew(id string, now bool) {
	if s.view == nil || s.announced[id] == (rtcAnnounced{}) {
		return
	}
	s.dirty[id] = true
	if now {
		s.flushSoon(false)
	} else {
		s.flushLater(true)
	}
}

// publishesData records the session's data tracks.
func (s *rtcSession) publishesData(all []*lk.DataTrackInfo) {
	data := slices.Clone(all)
	if s.hub.alter(s, func(p *rtcPresence) bool { p.data = data; return true }) {
		s.tellPresence(true)
	}
}
