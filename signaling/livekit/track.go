package livekit

import (
	"cmp"
	"strings"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// maxLayers bounds what one request may list: codecs, layers, features.
const maxLayers = 16

// maxTrackName bounds a track's name and stream, in bytes.
const maxTrackName = 256

// NewTrackInfo is the publication a client asked for, under the sid given. It keeps what the
// client announced and nothing it may not decide. nil: the request cannot be met.
func NewTrackInfo(sid string, r *lk.AddTrackRequest) *lk.TrackInfo {
	if r.GetCid() == "" || len(r.GetCid()) > maxTrackName || len(r.GetName()) > maxTrackName ||
		len(r.GetStream()) > maxTrackName || len(r.GetLayers()) > maxLayers ||
		len(r.GetSimulcastCodecs()) > maxLayers || len(r.GetAudioFeatures()) > maxLayers ||
		len(r.GetPacketTrailerFeatures()) > maxLayers {
		return nil
	}
	if r.GetType() != lk.TrackType_AUDIO && r.GetType() != lk.TrackType_VIDEO {
		return nil
	}
	info := &lk.TrackInfo{
		Sid:                   sid,
		Type:                  r.GetType(),
		Name:                  r.GetName(),
		Muted:                 r.GetMuted(),
		Width:                 r.GetWidth(),
		Height:                r.GetHeight(),
		Source:                TrackSource(Source(r.GetSource(), r.GetType())),
		Encryption:            r.GetEncryption(),
		Stream:                r.GetStream(),
		DisableRed:            r.GetDisableRed() || r.GetEncryption() != lk.Encryption_NONE,
		AudioFeatures:         r.GetAudioFeatures(),
		BackupCodecPolicy:     r.GetBackupCodecPolicy(),
		PacketTrailerFeatures: r.GetPacketTrailerFeatures(),
	}
	mendLegacy(info, r)
	for _, c := range r.GetSimulcastCodecs() {
		if len(c.GetLayers()) > maxLayers || len(c.GetCodec()) > 32 || len(c.GetCid()) > maxTrackName {
			return nil
		}
		info.Codecs = append(info.Codecs, &lk.SimulcastCodecInfo{
			MimeType:       MIME(info.GetType(), c.GetCodec()),
			Cid:            cmp.Or(c.GetCid(), r.GetCid()),
			Layers:         layersOf(c, r),
			VideoLayerMode: c.GetVideoLayerMode(),
		})
	}
	if len(info.GetCodecs()) == 0 { // clients read codecs[0] whatever they announced
		info.Codecs = []*lk.SimulcastCodecInfo{{Cid: r.GetCid(), Layers: r.GetLayers()}}
	}
	info.MimeType = info.GetCodecs()[0].GetMimeType()
	return info
}

func layersOf(c *lk.SimulcastCodec, r *lk.AddTrackRequest) []*lk.VideoLayer {
	if len(c.GetLayers()) > 0 {
		return c.GetLayers()
	}
	return r.GetLayers()
}

// MIME is the media type of a codec as clients name it: "vp8", "VP8" or "video/vp8".
func MIME(t lk.TrackType, codec string) string {
	name := strings.ToLower(codec)
	if _, after, ok := strings.Cut(name, "/"); ok {
		name = after
	}
	switch name {
	case "":
		return ""
	case "vp8", "vp9", "av1", "h264", "h265":
		return "video/" + strings.ToUpper(name)
	case "opus", "red":
		return "audio/" + name
	}
	if t == lk.TrackType_AUDIO {
		return "audio/" + name
	}
	return "video/" + name
}

// Arrived completes a publication with what its media turned out to be.
func Arrived(info *lk.TrackInfo, mime, mid string) {
	if mime != "" {
		info.MimeType = mime
	}
	info.Mid = mid
	if len(info.GetCodecs()) > 0 {
		info.Codecs[0].MimeType = info.GetMimeType()
		info.Codecs[0].Mid = mid
	}
}

// ClassTrack is a publication as the class keeps it.
func ClassTrack(participant string, info *lk.TrackInfo) (*classpb.Track, error) {
	b, err := proto.Marshal(info)
	if err != nil {
		return nil, err
	}
	kind := classpb.TrackKind_TRACK_KIND_AUDIO
	if info.GetType() == lk.TrackType_VIDEO {
		kind = classpb.TrackKind_TRACK_KIND_VIDEO
	}
	return &classpb.Track{
		Sid:         info.GetSid(),
		Participant: participant,
		Source:      Source(info.GetSource(), info.GetType()),
		Kind:        kind,
		Muted:       info.GetMuted(),
		Mime:        info.GetMimeType(),
		Width:       info.GetWidth(),
		Height:      info.GetHeight(),
		Info:        b,
	}, nil
}

// TrackInfo is a publication of the class as LiveKit clients see it.
func TrackInfo(t *classpb.Track) *lk.TrackInfo {
	info := &lk.TrackInfo{}
	if err := proto.Unmarshal(t.GetInfo(), info); err != nil || len(t.GetInfo()) == 0 {
		info = &lk.TrackInfo{Type: lk.TrackType_AUDIO}
		if t.GetKind() == classpb.TrackKind_TRACK_KIND_VIDEO {
			info.Type = lk.TrackType_VIDEO
		}
	}
	info.Sid = t.GetSid()
	info.Muted = t.GetMuted()
	info.Source = TrackSource(t.GetSource())
	if t.GetMime() != "" {
		info.MimeType = t.GetMime()
	}
	if t.GetWidth() > 0 {
		info.Width, info.Height = t.GetWidth(), t.GetHeight()
	}
	return info
}

// ForOthers says whether a track is shown to anyone but its publisher.
func ForOthers(info *lk.TrackInfo) bool {
	return info.GetSource() != lk.TrackSource_MICROPHONE || info.GetName() != VoiceLow
}
