package signaling

import (
	"slices"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/livekit"
)

// offerSocket offers the session its client's new socket. false: it has ended meanwhile, and nobody
// answers on that socket.
func (s *rtcSession) offerSocket(k *rtcSocket, join livekit.Join) bool {
	taken := make(chan struct{})
	s.post(func() {
		defer close(taken)
		s.last().resumed(k, join)
	})
	select {
	case <-taken:
		return true
	case <-s.stopped:
	}
	select { // what ran before the stop ran whole
	case <-taken:
		return true
	default:
		return false
	}
}

// resumed gives the session its client back, on another socket. The client throws away all that
// comes before the reconnect response.
func (s *rtcSession) resumed(k *rtcSocket, join livekit.Join) {
	if s.over || s.view == nil {
		k.send(leaveMessage(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH)))
		k.finish()
		return
	}
	fault := s.resumeFault
	s.resumeFault = resumeWell
	if fault == resumeUnheard {
		k.close()
		return
	}
	if fault == resumeThenLost {
		defer k.finish()
	}
	if s.socket != nil {
		s.socket.finish()
	}
	s.socket = k
	s.linger.Stop()
	if s.disconnected == nil {
		s.disconnected = s.room.Connected(s.participant)
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_Reconnect{Reconnect: &lk.ReconnectResponse{
		IceServers:          s.iceServers(),
		ClientConfiguration: s.clientConfiguration(),
		ServerInfo:          serverInfo(),
		LastMessageSeq:      s.lastSeq,
	}}})
	s.refreshToken()
	if join.GetParticipantSid() != "" && join.GetParticipantSid() != s.sid {
		self := s.selfInfo()
		self.Version = s.hub.revised(s.view.GetSeq())
		s.sendMoved(self, s.others()) // it was moved, and has not heard
	}
	s.announceAll()
	s.tellHandlesAgain()
	if s.join.Single {
		if s.sectionsDue {
			s.sectionsDue = false
			e := s.sections
			s.sections = SectionsEvent{}
			s.needSections(e)
		}
	} else {
		s.do(RestartICE{}, nil)
	}
	if state := join.GetSyncState(); state != nil {
		s.syncState(state)
	}
	if o := join.GetPublisherOffer(); o.GetSdp() != "" {
		s.offered(o)
	}
}

// announceAll tells the client everything anew: who is there, and with that, who is not.
func (s *rtcSession) announceAll() {
	clear(s.dirty)
	clear(s.announced)
	infos := []*lk.ParticipantInfo{s.selfInfo()}
	for id, p := range s.view.GetParticipants() {
		if id != s.participant && livekit.Visible(p) && !class.Hidden(p) {
			s.announced[id] = rtcAnnounced{p.GetSid(), p.GetProfile().GetIdentity()}
			infos = append(infos, s.infoOf(id))
		}
	}
	s.update(infos, true)
	s.roomSent = livekit.Room(s.view)
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_RoomUpdate{RoomUpdate: &lk.RoomUpdate{Room: s.roomSent}}})
	for sid, t := range s.own {
		if t.told != t.info.GetMuted() {
			t.told = t.info.GetMuted()
			s.tellMuted(sid, t.told)
		}
	}
	s.subscribeAll()
}

// syncState is what the client believes. A track of its that is not here cannot be resumed.
func (s *rtcSession) syncState(st *lk.SyncState) {
	for _, p := range st.GetPublishTracks() {
		if s.own[p.GetTrack().GetSid()] == nil {
			s.end(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH))
			return
		}
	}
	for _, p := range st.GetPublishDataTracks() {
		t := s.dataTracks.published[uint16(p.GetInfo().GetPubHandle())]
		if t == nil || t.info.GetSid() != p.GetInfo().GetSid() {
			s.end(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH))
			return
		}
	}
	if u := st.GetSubscription(); u != nil {
		s.syncSubscription(u)
	}
	if u := st.GetDataSubscription(); u != nil {
		s.updateDataSubscription(u)
	}
	if had := st.GetDatachannelReceiveStates(); len(had) <= maxListed {
		s.hub.replay(s, had)
	}
	if sids := st.GetTrackSidsDisabled(); len(sids) <= maxListed {
		for _, sid := range sids {
			if setting := s.settings[sid]; !setting.Disabled {
				setting.Disabled = true
				s.settings[sid] = setting
				s.do(Configure{SID: sid, Setting: setting}, nil)
			}
		}
	}
}

// syncSubscription: the list holds the exceptions to the client's rule: with automatic
// subscription, what it does not want.
func (s *rtcSession) syncSubscription(u *lk.UpdateSubscription) {
	sids := slices.Clone(u.GetTrackSids())
	for _, p := range u.GetParticipantTracks() {
		sids = append(sids, p.GetTrackSids()...)
	}
	if len(sids) > maxListed {
		return
	}
	for _, sid := range sids {
		if s.view.GetTracks()[sid] != nil {
			s.wanted[sid] = u.GetSubscribe()
		}
	}
	s.subscribeAll()
}
