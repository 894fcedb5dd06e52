package signaling

import (
	"testing"

	lk "github.com/livekit/protocol/livekit"
)

// livekit-client publishes a second codec in an add_track with the track's sid, under a cid of its
// own and, as it does, under the first codec's name.
func TestRTCBackupCodec(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.token("ada", teacher)), s.enter(s.token("bob", pupil))
	cam := a.publish(s, &lk.AddTrackRequest{
		Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA,
		SimulcastCodecs: []*lk.SimulcastCodec{{Codec: "vp9", Cid: "c"}, {Codec: "vp8"}},
	})
	a.peer.did(t, "the camera has a backup", func(c PeerCommand) bool {
		add, ok := c.(AddTrack)
		return ok && add.Track.Backup == "video/VP8"
	})
	again := func(sid, cid string) {
		a.send(&lk.SignalRequest{Message: &lk.SignalRequest_AddTrack{AddTrack: &lk.AddTrackRequest{
			Cid: cid, Sid: sid, Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA,
			SimulcastCodecs: []*lk.SimulcastCodec{{Codec: "vp9", Cid: cid, Layers: []*lk.VideoLayer{{Width: 320, Height: 180}}}},
		}}})
	}
	again("TR_nothing", "c2")
	a.expect("a refusal", func(m *lk.SignalResponse) bool {
		return m.GetRequestResponse().GetReason() == lk.RequestResponse_NOT_FOUND
	})
	for range 2 { // asked twice, answered twice, done once
		again(cam, "c2")
		got := a.expect("the second codec", func(m *lk.SignalResponse) bool { return m.GetTrackPublished().GetCid() == "c2" }).GetTrackPublished().GetTrack()
		if codecs := got.GetCodecs(); got.GetSid() != cam || len(codecs) != 2 || codecs[1].GetCid() != "c2" || codecs[1].GetMimeType() != "video/VP8" {
			t.Errorf("got %v", got)
		}
	}
	a.peer.did(t, "its media is announced", is(AddCodec{SID: cam, CID: "c2", Layers: []LayerSpec{{Width: 320, Height: 180}}}))
	a.peer.listener.PeerEvent(TrackEvent{CID: "c2", SID: cam, Kind: KindVideo, MIME: "video/VP8", Mid: "9"})
	b.expectInfo("ada", func(p *lk.ParticipantInfo) bool {
		tracks := p.GetTracks()
		return len(tracks) == 1 && len(tracks[0].GetCodecs()) == 2 && tracks[0].GetCodecs()[1].GetMid() == "9"
	})
}

// A sealed track has neither redundant audio nor a backup codec: nobody could take either apart.
func TestRTCSealedTracks(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	cam := a.publish(s, &lk.AddTrackRequest{
		Cid: "c", Type: lk.TrackType_VIDEO, Source: lk.TrackSource_CAMERA, Encryption: lk.Encryption_GCM,
		SimulcastCodecs: []*lk.SimulcastCodec{{Codec: "vp9", Cid: "c"}, {Codec: "vp8"}},
	})
	a.peer.did(t, "the camera is sealed", func(c PeerCommand) bool {
		add, ok := c.(AddTrack)
		return ok && add.Track.SID == cam && add.Track.Sealed && add.Track.NoRED && add.Track.Backup == ""
	})
}
