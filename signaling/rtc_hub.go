package signaling

import (
	"slices"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/livekit"
)

// rtcHub holds the /rtc sessions of one class. It is made with the first, or with
// the first who is forwarded to it, and dropped with the last.
type rtcHub struct {
	handler *rtcHandler
	class   string

	// Guarded by the handler's mu.
	sessions map[string]*rtcSession                // by participant id
	guests   map[string]*rtcForward                // who is forwarded here, by participant id
	allowed  map[string]*lk.SubscriptionPermission // by publisher's participant id
	present  map[string]*rtcPresence               // by participant id
	data     map[string]*rtcDataTrack              // by sid
	version  uint32                                // of the last announcement

	recent rtcRecent // reliable packets of the last seconds
	blobs  rtcBlobs
}

// admit puts a session in its hub and returns the one it takes the place of.
func (h *rtcHandler) admit(s *rtcSession) (hub *rtcHub, old *rtcSession) {
	h.mu.Lock()
	defer h.mu.Unlock()
	hub = h.hubLocked(s.class)
	old = hub.sessions[s.participant]
	hub.sessions[s.participant] = s
	delete(hub.allowed, s.participant)
	hub.present[s.participant] = &rtcPresence{
		sid: s.sid, client: s.join.GetClientInfo(), abilities: s.join.Capabilities(),
	}
	return hub, old
}

func (h *rtcHandler) hubLocked(class string) *rtcHub {
	hub := h.hubs[class]
	if hub == nil {
		hub = &rtcHub{
			handler: h, class: class,
			sessions: map[string]*rtcSession{},
			guests:   map[string]*rtcForward{},
			allowed:  map[string]*lk.SubscriptionPermission{},
			present:  map[string]*rtcPresence{},
			data:     map[string]*rtcDataTrack{},
		}
		h.hubs[class] = hub
	}
	return hub
}

// dropLocked forgets a hub that nobody is in any more.
func (h *rtcHandler) dropLocked(hub *rtcHub) {
	if len(hub.sessions)+len(hub.guests) == 0 && h.hubs[hub.class] == hub {
		delete(h.hubs, hub.class)
	}
}

// dismiss takes a session out, unless another has its place.
func (h *rtcHandler) dismiss(s *rtcSession) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.hub.sessions[s.participant] != s {
		return
	}
	delete(s.hub.sessions, s.participant)
	delete(s.hub.allowed, s.participant)
	delete(s.hub.present, s.participant)
	s.hub.blobs.forget(s.identity)
	h.dropLocked(s.hub)
}

func (h *rtcHandler) hub(class string) *rtcHub {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hubs[class]
}

func (h *rtcHandler) session(class, participant string) *rtcSession {
	h.mu.Lock()
	defer h.mu.Unlock()
	if hub := h.hubs[class]; hub != nil {
		return hub.sessions[participant]
	}
	return nil
}

func (h *rtcHandler) all() []*rtcSession {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []*rtcSession
	for _, hub := range h.hubs {
		for _, s := range hub.sessions {
			out = append(out, s)
		}
	}
	return out
}

// others are the sessions of the class but one.
func (b *rtcHub) others(but *rtcSession) []*rtcSession {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	out := make([]*rtcSession, 0, len(b.sessions))
	for _, s := range b.sessions {
		if s != but {
			out = append(out, s)
		}
	}
	return out
}

// deliver sends a data packet to those it is for, except its sender, and says to how many. Encoded
// once, it is shared by all.
func (b *rtcHub) deliver(from *rtcSession, kind DataKind, p *lk.DataPacket) int {
	payload, err := proto.Marshal(p)
	if err != nil {
		return 0
	}
	m := rtcPacket{
		at: time.Now(), from: p.GetParticipantSid(), identity: p.GetParticipantIdentity(), seq: p.GetSequence(), payload: payload,
		identities: livekit.Destinations(p), sids: livekit.DestinationSIDs(p),
	}
	if kind != DataReliable {
		return b.spread(from, kind, m)
	}
	b.recent.mu.Lock() // so that who comes in meanwhile hears it once, and in order
	defer b.recent.mu.Unlock()
	b.recent.keepLocked(m)
	return b.spread(from, kind, m)
}

// spread queues a packet with those who are in the class. It never waits.
func (b *rtcHub) spread(from *rtcSession, kind DataKind, m rtcPacket) (n int) {
	for _, s := range b.others(from) {
		if m.isFor(s) && s.admitted.Load() {
			s.sendData(kind, m.payload)
			n++
		}
	}
	return n
}

// permit records whom a publisher lets subscribe.
func (b *rtcHub) permit(publisher string, p *lk.SubscriptionPermission) {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	b.allowed[publisher] = p
}

// permits says whether a publisher lets a subscriber have a track; unless it said otherwise, it does.
func (b *rtcHub) permits(publisher, sid, subscriberSID, subscriberIdentity string) bool {
	b.handler.mu.Lock()
	p := b.allowed[publisher]
	b.handler.mu.Unlock()
	if p == nil || p.GetAllParticipants() {
		return true
	}
	for _, t := range p.GetTrackPermissions() {
		if t.GetParticipantSid() != subscriberSID && t.GetParticipantIdentity() != subscriberIdentity {
			continue
		}
		if t.GetAllTracks() || slices.Contains(t.GetTrackSids(), sid) {
			return true
		}
	}
	return false
}
