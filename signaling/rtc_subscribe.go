package signaling

import (
	"cmp"
	"maps"
	"slices"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// maxListed bounds the tracks one request names.
const maxListed = 4096

// rtcSubscriptions are what the session receives.
type rtcSubscriptions struct {
	auto        bool            // tracks are subscribed to unasked
	wanted      map[string]bool // what the client asked for, by track sid; beats auto
	held        map[string]bool // subscribed at the peer, by track sid
	settings    map[string]TrackSetting
	refused     map[string]bool // the publisher does not permit it, and the client knows
	sectionsDue bool            // sections were asked for while the client was away
}

func newRTCSubscriptions(join livekit.Join) rtcSubscriptions {
	return rtcSubscriptions{
		auto:   join.GetConnectionSettings().GetAutoSubscribe(),
		wanted: map[string]bool{}, held: map[string]bool{},
		settings: map[string]TrackSetting{}, refused: map[string]bool{},
	}
}

// subscribeAll brings the subscriptions in line with the view: all that the client knows of, wants
// and may have.
func (s *rtcSession) subscribeAll() {
	for _, sid := range slices.Sorted(maps.Keys(s.held)) {
		if _, there := s.view.GetTracks()[sid]; !there {
			delete(s.held, sid)
			delete(s.settings, sid)
		}
	}
	for sid := range s.wanted {
		if _, there := s.view.GetTracks()[sid]; !there {
			delete(s.wanted, sid)
			delete(s.refused, sid)
		}
	}
	tracks := slices.SortedFunc(maps.Values(s.view.GetTracks()), func(a, b *classpb.Track) int {
		return cmp.Compare(a.GetSid(), b.GetSid())
	})
	for _, t := range tracks {
		if _, known := s.announced[t.GetParticipant()]; known {
			s.subscribeTo(t)
		}
	}
	s.subscribeData()
}

func (s *rtcSession) subscribeTo(t *classpb.Track) {
	sid := t.GetSid()
	wants, asked := s.wanted[sid]
	on := wants || s.auto && !asked
	if on && !s.held[sid] && !livekit.ForOthers(livekit.TrackInfo(t)) {
		return
	}
	on = on && class.MaySubscribe(s.view, s.participant)
	if on && !s.hub.permits(t.GetParticipant(), sid, s.sid, s.identity) {
		s.permission(t, false)
		on = false
	} else if on && s.refused[sid] {
		s.permission(t, true)
	}
	if on == s.held[sid] {
		return
	}
	if !on {
		delete(s.held, sid)
		s.do(Subscribe{SID: sid}, nil)
		return
	}
	s.held[sid] = true
	s.do(Subscribe{SID: sid, On: true}, func(err error) {
		if err != nil {
			s.log.Debug("rtc: subscribing", "track", sid, "error", err)
			delete(s.held, sid)
		}
	})
	if setting, ok := s.settings[sid]; ok {
		s.do(Configure{SID: sid, Setting: setting}, nil)
	}
}

// permission tells the client that a publisher does, or does not, let it have a track.
func (s *rtcSession) permission(t *classpb.Track, allowed bool) {
	if s.refused[t.GetSid()] == !allowed {
		return
	}
	s.refused[t.GetSid()] = !allowed
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_SubscriptionPermissionUpdate{
		SubscriptionPermissionUpdate: &lk.SubscriptionPermissionUpdate{
			ParticipantSid: s.view.GetParticipants()[t.GetParticipant()].GetSid(),
			TrackSid:       t.GetSid(), Allowed: allowed,
		},
	}})
}

// subscription is the client's choice of tracks.
func (s *rtcSession) subscription(u *lk.UpdateSubscription) {
	sids := slices.Clone(u.GetTrackSids())
	for _, p := range u.GetParticipantTracks() {
		sids = append(sids, p.GetTrackSids()...)
	}
	if len(sids) > maxListed {
		s.count("rtc_rate")
		return
	}
	for _, sid := range sids {
		if t := s.view.GetTracks()[sid]; t == nil || !livekit.ForOthers(livekit.TrackInfo(t)) {
			if u.GetSubscribe() {
				s.send(&lk.SignalResponse{Message: &lk.SignalResponse_SubscriptionResponse{
					SubscriptionResponse: &lk.SubscriptionResponse{TrackSid: sid, Err: lk.SubscriptionError_SE_TRACK_NOTFOUND},
				}})
			}
			continue
		}
		s.wanted[sid] = u.GetSubscribe()
	}
	s.subscribeAll()
}

// trackSetting is how the client wants what it receives.
func (s *rtcSession) trackSetting(u *lk.UpdateTrackSettings) {
	if len(u.GetTrackSids()) > maxListed {
		s.count("rtc_rate")
		return
	}
	setting := TrackSetting{
		Disabled: u.GetDisabled(), Width: u.GetWidth(), Height: u.GetHeight(), FPS: u.GetFps(),
		Quality: Quality(u.GetQuality()), Priority: u.GetPriority(),
	}
	for _, sid := range u.GetTrackSids() {
		if s.view.GetTracks()[sid] == nil {
			continue
		}
		s.settings[sid] = setting
		if s.held[sid] {
			s.do(Configure{SID: sid, Setting: setting}, nil)
		}
	}
}

// subscriptionPermission is whom the client lets have its tracks.
func (s *rtcSession) subscriptionPermission(p *lk.SubscriptionPermission) {
	listed := len(p.GetTrackPermissions())
	for _, of := range p.GetTrackPermissions() {
		listed += len(of.GetTrackSids())
	}
	if listed > maxListed {
		s.count("rtc_rate")
		return
	}
	waits := s.permits.next != nil
	s.permits.next = p
	switch since := time.Since(s.permits.last); {
	case waits: // the last word counts
	case since >= permitEvery:
		s.permit()
	default: // gone by then: nobody takes it
		time.AfterFunc(permitEvery-since, func() { s.post(s.permit) })
	}
}

// permitEvery is how often a client's word on who may have its tracks is heard: the whole class looks
// again each time.
const permitEvery = 500 * time.Millisecond

// rtcPermits is what a client said last of it.
type rtcPermits struct {
	next *lk.SubscriptionPermission // not heard yet; nil: nothing
	last time.Time                  // when one was heard
}

// permit has the last word heard, in the class where the participant is by then.
func (s *rtcSession) permit() {
	p := s.permits.next
	s.permits.next = nil
	if s = s.last(); s.over {
		return
	}
	s.permits.last = time.Now()
	s.hub.permit(s.participant, p)
	s.hub.resubscribe(s, s.participant)
	for _, f := range s.handler.forwardsOf(s) {
		f.hub.permit(f.participant, p)
		f.hub.resubscribe(nil, f.participant)
	}
}

// resubscribe has the class's sessions but one look again at what they may have of a participant.
func (b *rtcHub) resubscribe(but *rtcSession, of string) {
	for _, other := range b.others(but) {
		other.offer(func() {
			if other.view != nil && other.socket != nil {
				other.subscribeOf(of)
			}
		})
	}
}

// subscribeOf is subscribeAll for one participant's tracks.
func (s *rtcSession) subscribeOf(participant string) {
	if _, known := s.announced[participant]; known {
		for _, sid := range slices.Sorted(maps.Keys(s.view.GetTracks())) {
			if t := s.view.GetTracks()[sid]; t.GetParticipant() == participant {
				s.subscribeTo(t)
			}
		}
	}
	s.subscribeData()
}
