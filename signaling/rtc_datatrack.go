package signaling

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/livekit"
)

// Bounds of data tracks: what one participant publishes, and subscribes to.
const (
	maxDataTracks        = 16
	maxDataSubscriptions = 1024
)

// rtcDataTrack is one data track of a class. Its packets go from the publisher's session straight
// to the subscribers' media lines:
//
//	publish_data_track_request ──▶ published ──unpublish, or the permission or the session ends──▶ gone
//	update_data_subscription ──▶ a handle of the subscriber's own ──▶ packets under that handle
type rtcDataTrack struct {
	info      *lk.DataTrackInfo
	publisher *rtcSession

	mu   sync.Mutex
	subs map[*rtcSession]*rtcDataSub
}

// rtcDataSub is one subscription, guarded by its track's mu.
type rtcDataSub struct {
	handle uint16
	pace   livekit.FramePace
}

// rtcDataTracks are what a session publishes and receives of them.
type rtcDataTracks struct {
	published map[uint16]*rtcDataTrack // by the client's own handle
	autoData  bool                     // data tracks are subscribed to unasked
	asked     map[string]rtcDataWish   // what the client asked for, by track sid; beats autoData
	handles   map[string]uint16        // subscribed now, by track sid
	taken     map[uint16]bool          // handles in use
}

type rtcDataWish struct {
	on  bool
	fps uint32
}

func newRTCDataTracks(join livekit.Join) rtcDataTracks {
	return rtcDataTracks{
		autoData:  join.GetConnectionSettings().GetAutoSubscribeDataTrack(),
		published: map[uint16]*rtcDataTrack{}, asked: map[string]rtcDataWish{},
		handles: map[string]uint16{}, taken: map[uint16]bool{},
	}
}

// publishDataTrack begins a data track, if the class lets the client send data.
func (s *rtcSession) publishDataTrack(r *lk.PublishDataTrackRequest) {
	refuse := func(reason lk.RequestResponse_Reason, why string) {
		s.respond(&lk.RequestResponse{
			Reason: reason, Message: why,
			Request: &lk.RequestResponse_PublishDataTrack{PublishDataTrack: r},
		})
	}
	info, reason := livekit.NewDataTrackInfo(newSID("DTR_"), r)
	switch {
	case info == nil:
		refuse(reason, "unusable data track")
		return
	case !class.MaySendData(s.view, s.participant):
		refuse(lk.RequestResponse_NOT_ALLOWED, "not allowed to publish data")
		return
	case s.dataTracks.published[uint16(r.GetPubHandle())] != nil:
		refuse(lk.RequestResponse_DUPLICATE_HANDLE, "the handle is in use")
		return
	case len(s.dataTracks.published) >= maxDataTracks:
		refuse(lk.RequestResponse_LIMIT_EXCEEDED, "too many data tracks")
		return
	}
	for _, t := range s.dataTracks.published {
		if t.info.GetName() == r.GetName() {
			refuse(lk.RequestResponse_DUPLICATE_NAME, "the name is in use")
			return
		}
	}
	t := &rtcDataTrack{info: info, publisher: s, subs: map[*rtcSession]*rtcDataSub{}}
	s.dataTracks.published[uint16(info.GetPubHandle())] = t
	s.hub.addData(t)
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_PublishDataTrackResponse{
		PublishDataTrackResponse: &lk.PublishDataTrackResponse{Info: info},
	}})
	s.publishesData(s.dataTracks.infos())
}

func (d *rtcDataTracks) infos() []*lk.DataTrackInfo {
	var out []*lk.DataTrackInfo
	for _, t := range d.published {
		out = append(out, t.info)
	}
	slices.SortFunc(out, func(a, b *lk.DataTrackInfo) int { return cmp.Compare(a.GetPubHandle(), b.GetPubHandle()) })
	return out
}

func (s *rtcSession) unpublishDataTrack(r *lk.UnpublishDataTrackRequest) {
	t := s.dataTracks.published[uint16(r.GetPubHandle())]
	if t == nil || r.GetPubHandle() > 0xffff {
		s.respond(&lk.RequestResponse{
			Reason: lk.RequestResponse_INVALID_HANDLE, Message: "no such data track",
			Request: &lk.RequestResponse_UnpublishDataTrack{UnpublishDataTrack: r},
		})
		return
	}
	s.dropDataTrack(t)
	s.publishesData(s.dataTracks.infos())
}

// dropDataTrack ends a data track and tells its publisher. The subscribers see it in the next
// announcement of the publisher.
func (s *rtcSession) dropDataTrack(t *rtcDataTrack) {
	delete(s.dataTracks.published, uint16(t.info.GetPubHandle()))
	s.hub.removeData(t)
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_UnpublishDataTrackResponse{
		UnpublishDataTrackResponse: &lk.UnpublishDataTrackResponse{Info: t.info},
	}})
}

// enforceData ends the data tracks of who may not send data any more.
func (s *rtcSession) enforceData() {
	if len(s.dataTracks.published) == 0 || class.MaySendData(s.view, s.participant) {
		return
	}
	for _, h := range slices.Sorted(maps.Keys(s.dataTracks.published)) {
		s.dropDataTrack(s.dataTracks.published[h])
	}
	s.publishesData(nil)
}

// leaveData takes an ended session out of everything it published and subscribed to.
func (s *rtcSession) leaveData() {
	for _, t := range s.dataTracks.published {
		s.hub.removeData(t)
	}
	for sid := range s.dataTracks.handles {
		if t := s.hub.dataTrack(sid); t != nil {
			t.drop(s)
		}
	}
}

// updateDataSubscription is the client's choice of data tracks.
func (s *rtcSession) updateDataSubscription(u *lk.UpdateDataSubscription) {
	if len(u.GetUpdates()) > maxDataSubscriptions {
		s.count("rtc_rate")
		return
	}
	for _, one := range u.GetUpdates() {
		t := s.hub.dataTrack(one.GetTrackSid())
		if t == nil || t.publisher == s {
			if one.GetSubscribe() {
				s.send(&lk.SignalResponse{Message: &lk.SignalResponse_SubscriptionResponse{
					SubscriptionResponse: &lk.SubscriptionResponse{
						TrackSid: one.GetTrackSid(), Err: lk.SubscriptionError_SE_TRACK_NOTFOUND,
					},
				}})
			}
			continue
		}
		s.dataTracks.asked[one.GetTrackSid()] = rtcDataWish{one.GetSubscribe(), one.GetOptions().GetTargetFps()}
	}
	s.subscribeData()
}

// subscribeData brings the data subscriptions in line: all that the client knows of, wants and may
// have. It tells the client the handles that are new.
func (s *rtcSession) subscribeData() {
	all := s.hub.dataTracks()
	for sid := range s.dataTracks.asked {
		if all[sid] == nil {
			delete(s.dataTracks.asked, sid)
		}
	}
	for sid, handle := range s.dataTracks.handles {
		if all[sid] == nil {
			s.dataTracks.free(sid, handle)
		}
	}
	news := map[uint32]*lk.DataTrackSubscriberHandles_PublishedDataTrack{}
	for _, sid := range slices.Sorted(maps.Keys(all)) {
		t := all[sid]
		wish, asked := s.dataTracks.asked[sid]
		on := (wish.on || s.dataTracks.autoData && !asked) && s.mayHaveData(t)
		handle, held := s.dataTracks.handles[sid]
		switch {
		case on && !held:
			if handle = s.dataTracks.take(sid); handle == 0 {
				s.count("data_subscriptions_full")
				continue
			}
			news[uint32(handle)] = t.published()
			fallthrough
		case on:
			t.add(s, handle, wish.fps)
		case held:
			t.drop(s)
			s.dataTracks.free(sid, handle)
		}
	}
	s.tellHandles(news)
}

func (s *rtcSession) mayHaveData(t *rtcDataTrack) bool {
	id := t.publisher.participant
	return id != s.participant && s.announced[id].sid == t.publisher.sid && class.MaySubscribe(s.view, s.participant) &&
		s.hub.permits(id, t.info.GetSid(), s.sid, s.identity)
}

// take gives a track the lowest handle that is free; 0: there are enough.
func (d *rtcDataTracks) take(sid string) uint16 {
	if len(d.handles) >= maxDataSubscriptions {
		return 0
	}
	h := uint16(1)
	for d.taken[h] {
		h++
	}
	d.taken[h], d.handles[sid] = true, h
	return h
}

func (d *rtcDataTracks) free(sid string, handle uint16) {
	delete(d.taken, handle)
	delete(d.handles, sid)
}

func (s *rtcSession) tellHandles(handles map[uint32]*lk.DataTrackSubscriberHandles_PublishedDataTrack) {
	if len(handles) == 0 {
		return
	}
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_DataTrackSubscriberHandles{
		DataTrackSubscriberHandles: &lk.DataTrackSubscriberHandles{SubHandles: handles},
	}})
}

// tellHandlesAgain tells a client that has resumed all its handles.
func (s *rtcSession) tellHandlesAgain() {
	all := map[uint32]*lk.DataTrackSubscriberHandles_PublishedDataTrack{}
	for sid, h := range s.dataTracks.handles {
		if t := s.hub.dataTrack(sid); t != nil {
			all[uint32(h)] = t.published()
		}
	}
	s.tellHandles(all)
}

// dataFrame passes one packet of a data track on to its subscribers.
func (s *rtcSession) dataFrame(payload []byte) {
	p, err := livekit.ReadDataTrackPacket(payload)
	if err != nil {
		s.count("bad_packet")
		return
	}
	t := s.dataTracks.published[p.Handle]
	if t == nil {
		s.count("data_track")
		return
	}
	t.spread(p, time.Now())
}

// spread sends a packet to every subscriber, under the subscriber's handle. It never waits.
func (t *rtcDataTrack) spread(p livekit.DataTrackPacket, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for other, sub := range t.subs {
		if sub.pace.Take(p, now) {
			other.sendData(DataTrack, p.To(sub.handle))
		}
	}
}

// add subscribes a session, or changes the rate at which it is.
func (t *rtcDataTrack) add(s *rtcSession, handle uint16, fps uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if old := t.subs[s]; old == nil || old.handle != handle {
		t.subs[s] = &rtcDataSub{handle: handle}
	}
	t.subs[s].pace.FPS = fps
}

func (t *rtcDataTrack) drop(s *rtcSession) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.subs, s)
}

func (t *rtcDataTrack) published() *lk.DataTrackSubscriberHandles_PublishedDataTrack {
	return &lk.DataTrackSubscriberHandles_PublishedDataTrack{
		PublisherIdentity: t.publisher.identity, PublisherSid: t.publisher.sid, TrackSid: t.info.GetSid(),
	}
}

func (b *rtcHub) addData(t *rtcDataTrack) {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	b.data[t.info.GetSid()] = t
}

func (b *rtcHub) removeData(t *rtcDataTrack) {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	delete(b.data, t.info.GetSid())
}

func (b *rtcHub) dataTrack(sid string) *rtcDataTrack {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	return b.data[sid]
}

// dataTracks are all of the class, by sid.
func (b *rtcHub) dataTracks() map[string]*rtcDataTrack {
	b.handler.mu.Lock()
	defer b.handler.mu.Unlock()
	return maps.Clone(b.data)
}
