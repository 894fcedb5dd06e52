package signaling

import (
	"maps"

	lk "github.com/livekit/protocol/livekit"
)

// takeDataTo moves what is true of a participant and stands in no log: how far its media has come,
// its data tracks, under the sids and handles they have, and its blobs. What it subscribed to stays.
func (s *rtcSession) takeDataTo(n *rtcSession) {
	s.leaveData()
	for handle, t := range s.dataTracks.published {
		moved := &rtcDataTrack{info: t.info, publisher: n, subs: map[*rtcSession]*rtcDataSub{}}
		n.dataTracks.published[handle] = moved
		n.hub.addData(moved)
	}
	for key, blob := range s.hub.blobs.all(s.identity) {
		if !n.hub.blobs.store(n.identity, key, blob) {
			n.count("blobs_full")
		}
	}
	n.state = s.state
	n.hub.alter(n, func(p *rtcPresence) bool {
		p.state, p.data = n.state, n.dataTracks.infos()
		return true
	})
}

// all are a participant's blobs by key.
func (b *rtcBlobs) all(identity string) map[string]*lk.DataBlob {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.of[identity])
}
