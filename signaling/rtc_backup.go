package signaling

import (
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// addCodec takes the second codec of a track, which the client publishes since a
// subscribed_quality_update asked for it. It is known by its cid: livekit-client names
// the first codec here too.
func (s *rtcSession) addCodec(r *lk.AddTrackRequest, asked *lk.TrackInfo, refuse func(lk.RequestResponse_Reason, string)) {
	t := s.own[r.GetSid()]
	if t == nil || len(t.info.GetCodecs()) < 2 {
		refuse(lk.RequestResponse_NOT_FOUND, "no track that has a second codec")
		return
	}
	second := t.info.GetCodecs()[1]
	if second.GetCid() == r.GetCid() { // asked twice
		s.codecPublished(t, r.GetCid())
		return
	}
	second.Cid, second.Layers = r.GetCid(), asked.GetCodecs()[0].GetLayers()
	s.do(AddCodec{SID: r.GetSid(), CID: r.GetCid(), Layers: layerSpecs(second.GetLayers())}, func(err error) {
		if err != nil {
			s.log.Info("rtc: adding a codec", "track", r.GetSid(), "error", err)
			refuse(lk.RequestResponse_UNCLASSIFIED_ERROR, "the codec cannot be taken")
			return
		}
		s.codecPublished(t, r.GetCid())
	})
}

func (s *rtcSession) codecPublished(t *rtcTrack, cid string) {
	s.send(&lk.SignalResponse{Message: &lk.SignalResponse_TrackPublished{
		TrackPublished: &lk.TrackPublishedResponse{Cid: cid, Track: proto.CloneOf(t.info)},
	}})
}

// codecArrived tells the class that a track has come in its second codec.
func (s *rtcSession) codecArrived(t *rtcTrack, e TrackEvent) {
	if len(t.info.GetCodecs()) < 2 || e.CID != t.info.GetCodecs()[1].GetCid() {
		return
	}
	t.info.Codecs[1].MimeType, t.info.Codecs[1].Mid = e.MIME, e.Mid
	s.publishAgain(t)
}
