package signaling

import (
	"slices"
	"sync"
	"time"

	lk "github.com/livekit/protocol/livekit"
)

// Bounds of what is kept of a class's reliable packets for who is just joining, or coming back.
const (
	rtcRecentFor     = 15 * time.Second
	rtcRecentPackets = 256
	rtcRecentBytes   = 1 << 20
)

// rtcSilence is how long a connection may have been dead before the media plane says so.
const rtcSilence = 7 * time.Second

// rtcPacket is one data packet as it goes out.
type rtcPacket struct {
	at         time.Time
	from       string // "PA_…"
	identity   string // of the sender
	seq        uint32 // of its sender's channel; 0: it has none
	identities []string
	sids       []string
	payload    []byte
}

// isFor says whether a session is among the destinations; without any, all are.
func (p rtcPacket) isFor(s *rtcSession) bool {
	return len(p.identities) == 0 && len(p.sids) == 0 ||
		slices.Contains(p.identities, s.identity) || slices.Contains(p.sids, s.sid)
}

// rtcRecent holds the reliable packets of the last seconds, oldest first, and drops the oldest
// beyond its bounds. Packets are queued with their receivers under mu, which never waits: whoever
// comes in hears each of them live or from here, and in order.
type rtcRecent struct {
	mu      sync.Mutex
	packets []rtcPacket
	bytes   int
	missed  map[string]time.Time // since when a participant whose session ended may have missed some
}

func (r *rtcRecent) keepLocked(p rtcPacket) {
	r.packets = append(r.packets, p)
	r.bytes += len(p.payload)
	drop := 0
	for drop < len(r.packets) && (len(r.packets)-drop > rtcRecentPackets || r.bytes > rtcRecentBytes ||
		p.at.Sub(r.packets[drop].at) > rtcRecentFor) {
		r.bytes -= len(r.packets[drop].payload)
		drop++
	}
	r.packets = slices.Delete(r.packets, 0, drop)
}

// ended notes since when a participant has heard nothing. What is noted for longer than anything is
// kept is forgotten.
func (r *rtcRecent) ended(participant string, deaf time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, at := range r.missed {
		if time.Since(at) > rtcRecentFor {
			delete(r.missed, id)
		}
	}
	if r.missed == nil {
		r.missed = map[string]time.Time{}
	}
	r.missed[participant] = deaf
}

// comeIn lets a session hear the class from now on, and what was said since it asked to join, or
// since its participant's last session went deaf.
func (b *rtcHub) comeIn(s *rtcSession) {
	r := &b.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	since := s.asked
	if deaf, ok := r.missed[s.participant]; ok && deaf.Before(since) {
		since = deaf
	}
	delete(r.missed, s.participant)
	s.admitted.Store(true)
	for _, p := range r.packets {
		if !p.at.Before(since) && time.Since(p.at) <= rtcRecentFor && p.isFor(s) && p.identity != s.identity {
			s.sendData(DataReliable, p.payload)
		}
	}
}

// replay sends a client that has resumed what it says it has not had of those it names. What is
// under way already comes twice; such clients drop it by its sequence.
func (b *rtcHub) replay(s *rtcSession, had []*lk.DataChannelReceiveState) {
	last := map[string]uint32{}
	for _, h := range had {
		last[h.GetPublisherSid()] = h.GetLastSeq()
	}
	r := &b.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.packets {
		if seq, named := last[p.from]; named && p.seq > seq && p.isFor(s) && p.identity != s.identity {
			s.sendData(DataReliable, p.payload)
		}
	}
}

// deafSince is when the session may have stopped hearing: when its media was lost, or now.
func (s *rtcSession) deafSince() time.Time {
	if s.mediaLost.IsZero() {
		return time.Now()
	}
	return s.mediaLost.Add(-rtcSilence)
}
