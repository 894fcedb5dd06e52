package signaling

import (
	"context"
	"maps"
	"slices"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

// maxOwnTracks bounds what one participant publishes at once.
const maxOwnTracks = 16

// rtcTracks are the session's own publications.
type rtcTracks struct {
	own      map[string]*rtcTrack // by sid
	muteTold bool                 // the client was just told to mute: its own update waits
}

func newRTCTracks() rtcTracks { return rtcTracks{own: map[string]*rtcTrack{}} }

// rtcTrack is one publication:
//
//	add_track ──▶ pending ──TrackEvent──▶ arrived ──PublishTrack done──▶ published ──▶ gone
type rtcTrack struct {
	info    *lk.TrackInfo
	cid     string
	source  classpb.Source
	arrived bool // its media has come: the class is told
	known   bool // the class has it
	changed bool // since the class was told, which has not answered yet
	told    bool // muted, as the client has it
	blocked bool // permission withdrawn, as the peer has it
}

// addTrack begins a publication, if the class allows it.
func (s *rtcSession) addTrack(r *lk.AddTrackRequest) {
	refuse := func(reason lk.RequestResponse_Reason, why string) {
		s.respond(&lk.RequestResponse{
			Reason: reason, Message: why,
			Request: &lk.RequestResponse_AddTrack{AddTrack: r},
		})
	}
	for _, t := range s.own { // asked twice: the first answer again
		if t.cid == r.GetCid() && r.GetSid() == "" {
			s.trackPublished(t)
			return
		}
	}
	info := livekit.NewTrackInfo(newSID(trackPrefix(r)), r)
	switch {
	case info == nil:
		refuse(lk.RequestResponse_INVALID_REQUEST, "unusable track")
		return
	case r.GetSid() != "":
		s.addCodec(r, info, refuse)
		return
	case len(s.own) >= maxOwnTracks:
		refuse(lk.RequestResponse_LIMIT_EXCEEDED, "too many tracks")
		return
	}
	t := &rtcTrack{info: info, cid: r.GetCid(), source: livekit.Source(r.GetSource(), r.GetType()), told: info.GetMuted()}
	if !class.MayPublish(s.view, s.participant, t.source) {
		refuse(lk.RequestResponse_NOT_ALLOWED, "not allowed to publish")
		return
	}
	s.own[info.GetSid()] = t
	spec := trackSpec(t)
	s.do(AddTrack{Track: spec}, func(err error) {
		switch {
		case err != nil:
			s.log.Info("rtc: adding a track", "track", info.GetSid(), "error", err)
			delete(s.own, info.GetSid())
			refuse(lk.RequestResponse_UNCLASSIFIED_ERROR, "the track cannot be taken")
		case s.own[info.GetSid()] != t: // taken away before it was there
			s.doNow(RemoveTrack{SID: info.GetSid()})
			refuse(lk.RequestResponse_NOT_ALLOWED, "not allowed to publish")
		default:
			s.caughtUp(t, spec.Muted)
			s.trackPublished(t)
		}
	})
}

// caughtUp tells the peer what was decided of a track while its AddTrack was still in line: the
// peer did not know it then.
func (s *rtcSession) caughtUp(t *rtcTrack, muted bool) {
	if t.info.GetMuted() != muted {
		s.doNow(SetMuted{SID: t.info.GetSid(), Muted: t.info.GetMuted()})
	}
	if t.blocked {
		s.doNow(SetBlocked{SID: t.info.GetSid(), Blocked: true})
	}
}

// trackPrefix as LiveKit has it: clients take any, people reading logs know these.
func trackPrefix(r *lk.AddTrackRequest) string {
	switch livekit.Source(r.GetSource(), r.GetType()) {
	case classpb.Source_SOURCE_CAMERA:
		return "TR_VC"
	case classpb.Source_SOURCE_MICROPHONE:
		return "TR_AM"
	case classpb.Source_SOURCE_SCREEN:
		return "TR_VS"
	default:
		return "TR_AS"
	}
}

func (s *rtcSession) trackPublished(t *rtcTrack) {
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_TrackPublished{
		TrackPublished: &lk.TrackPublishedResponse{Cid: t.cid, Track: proto.CloneOf(t.info)},
	}})
}

func trackSpec(t *rtcTrack) TrackSpec {
	spec := TrackSpec{
		CID: t.cid, SID: t.info.GetSid(), Source: sources[t.source], Muted: t.info.GetMuted(),
		Sealed: t.info.GetEncryption() != lk.Encryption_NONE, NoRED: t.info.GetDisableRed(),
		Low: !livekit.ForOthers(t.info),
	}
	if t.info.GetType() == lk.TrackType_VIDEO {
		spec.Kind = KindVideo
	}
	for _, c := range t.info.GetCodecs() {
		if c.GetMimeType() != "" {
			spec.MIMEs = append(spec.MIMEs, c.GetMimeType())
		}
	}
	if codecs := t.info.GetCodecs(); spec.Kind == KindVideo && len(codecs) > 1 && !spec.Sealed {
		spec.Backup = codecs[1].GetMimeType()
	}
	spec.Layers = layerSpecs(t.info.GetCodecs()[0].GetLayers())
	return spec
}

// layerSpecs are a codec's layers, lowest first.
func layerSpecs(announced []*lk.VideoLayer) (specs []LayerSpec) {
	layers := slices.Clone(announced)
	slices.SortStableFunc(layers, func(a, b *lk.VideoLayer) int { return int(a.GetQuality()) - int(b.GetQuality()) })
	for _, l := range layers {
		specs = append(specs, LayerSpec{
			Quality: Quality(l.GetQuality()), Width: l.GetWidth(), Height: l.GetHeight(),
			Bitrate: l.GetBitrate(), RID: l.GetRid(),
		})
	}
	return specs
}

// sources of the class as the media plane has them.
var sources = map[classpb.Source]Source{
	classpb.Source_SOURCE_CAMERA:       SourceCamera,
	classpb.Source_SOURCE_MICROPHONE:   SourceMicrophone,
	classpb.Source_SOURCE_SCREEN:       SourceScreen,
	classpb.Source_SOURCE_SCREEN_AUDIO: SourceScreenAudio,
}

// trackArrived tells the class of a publication: its media is here.
func (s *rtcSession) trackArrived(e TrackEvent) {
	t := s.own[e.SID]
	if t == nil {
		return
	}
	if t.arrived {
		s.codecArrived(t, e)
		return
	}
	t.arrived = true
	livekit.Arrived(t.info, e.MIME, e.Mid)
	s.publish(t)
}

// publish tells the class of a track, or what has changed of it since.
func (s *rtcSession) publish(t *rtcTrack) {
	sid := t.info.GetSid()
	track, err := livekit.ClassTrack(s.participant, t.info)
	if err != nil {
		s.dropTrack(sid)
		return
	}
	publish := &classpb.Command{Body: &classpb.Command_PublishTrack{PublishTrack: &classpb.PublishTrack{Track: track}}}
	s.command(class.Node(), publish, func(err error) {
		switch {
		case err != nil && !t.known:
			s.log.Info("rtc: publishing a track", "track", sid, "error", err)
			s.dropTrack(sid)
		case err == nil && !t.known:
			t.known = true
			if t.changed {
				s.publish(t)
			}
			if t.told != track.GetMuted() { // the client has changed its mind meanwhile
				s.muteCommand(sid, t.told, nil)
			}
		}
	})
}

// publishAgain tells the class what has changed of a track: at once, or when the class has the track.
func (s *rtcSession) publishAgain(t *rtcTrack) {
	if t.known {
		s.publish(t)
	} else {
		t.changed = t.arrived
	}
}

// trackGone: the client has taken its track back by negotiation.
func (s *rtcSession) trackGone(sid string) {
	t := s.own[sid]
	if t == nil {
		return
	}
	s.dropTrack(sid)
	if t.arrived {
		s.command(class.Node(), &classpb.Command{Body: &classpb.Command_UnpublishTrack{
			UnpublishTrack: &classpb.UnpublishTrack{Sid: sid},
		}}, nil)
	}
}

// trackUnpublished: the class has ended the publication.
func (s *rtcSession) trackUnpublished(sid string) { s.dropTrack(sid) }

// dropTrack ends a publication at the peer and tells the client.
func (s *rtcSession) dropTrack(sid string) {
	if s.own[sid] == nil {
		return
	}
	delete(s.own, sid)
	s.doNow(RemoveTrack{SID: sid})
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_TrackUnpublished{
		TrackUnpublished: &lk.TrackUnpublishedResponse{TrackSid: sid},
	}})
}

// reconcileTracks drops the publications that a new snapshot no longer has.
func (s *rtcSession) reconcileTracks() {
	for _, sid := range slices.Sorted(maps.Keys(s.own)) {
		switch t := s.view.GetTracks()[sid]; {
		case t == nil && s.own[sid].known:
			s.dropTrack(sid)
		case t != nil:
			s.trackMuted(&classpb.TrackMuted{Sid: sid, Muted: t.GetMuted()})
		}
	}
}

// enforce holds the peer to what the class now allows.
func (s *rtcSession) enforce() {
	for _, sid := range slices.Sorted(maps.Keys(s.own)) {
		t := s.own[sid]
		blocked := !class.MayPublish(s.view, s.participant, t.source)
		switch {
		case blocked && !t.arrived:
			s.dropTrack(sid)
		case blocked != t.blocked:
			t.blocked = blocked
			s.doNow(SetBlocked{SID: sid, Blocked: blocked})
		}
	}
}

// updateAudio keeps what the client says of its microphone.
func (s *rtcSession) updateAudio(u *lk.UpdateLocalAudioTrack) {
	t := s.own[u.GetTrackSid()]
	if t == nil || len(u.GetFeatures()) > maxOwnTracks {
		s.respond(&lk.RequestResponse{
			Reason:  lk.RequestResponse_NOT_FOUND,
			Request: &lk.RequestResponse_UpdateAudioTrack{UpdateAudioTrack: u},
		})
		return
	}
	t.info.AudioFeatures = u.GetFeatures()
	s.publishAgain(t)
}

// updateVideo keeps the size the client's video now has.
func (s *rtcSession) updateVideo(u *lk.UpdateLocalVideoTrack) {
	t := s.own[u.GetTrackSid()]
	if t == nil {
		s.respond(&lk.RequestResponse{
			Reason:  lk.RequestResponse_NOT_FOUND,
			Request: &lk.RequestResponse_UpdateVideoTrack{UpdateVideoTrack: u},
		})
		return
	}
	t.info.Width, t.info.Height = u.GetWidth(), u.GetHeight()
	s.publishAgain(t)
}

// command has the class decide, in order with all that was asked before. then, if not nil, hears
// the outcome on the session's goroutine.
func (s *rtcSession) command(a class.Actor, c *classpb.Command, then func(error)) {
	ok := s.commands.offer(func(ctx context.Context) {
		_, err := s.room.Do(ctx, a, c)
		s.post(func() {
			s.counted(err)
			if then != nil {
				then(err)
			}
		})
	})
	if !ok {
		s.count("rtc_commands_full")
		s.end(livekit.Reconnect(lk.DisconnectReason_STATE_MISMATCH))
	}
}

// self acts for the participant.
func (s *rtcSession) self() class.Actor {
	return class.Actor{ID: s.participant, Kind: class.ActorParticipant}
}
