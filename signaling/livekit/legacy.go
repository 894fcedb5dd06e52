//lint:file-ignore SA1019 older clients read and write the deprecated fields; only this file does

package livekit

import (
	"slices"

	lk "github.com/livekit/protocol/livekit"
)

// mendLegacy fills the fields that newer clients find under codecs and audio_features, and takes
// over the features that older clients could only name there.
func mendLegacy(info *lk.TrackInfo, r *lk.AddTrackRequest) {
	features := slices.Clone(r.GetAudioFeatures())
	add := func(on bool, f lk.AudioTrackFeature) {
		if on && !slices.Contains(features, f) {
			features = append(features, f)
		}
	}
	add(r.GetStereo(), lk.AudioTrackFeature_TF_STEREO)
	add(r.GetDisableDtx(), lk.AudioTrackFeature_TF_NO_DTX)
	info.AudioFeatures = features
	info.Stereo = slices.Contains(features, lk.AudioTrackFeature_TF_STEREO)
	info.DisableDtx = slices.Contains(features, lk.AudioTrackFeature_TF_NO_DTX)
	info.Layers, info.Simulcast = r.GetLayers(), len(r.GetLayers()) > 1
}

// legacyFrom: older clients read the sender in the user packet.
func legacyFrom(u *lk.UserPacket, sid, identity string) {
	if u != nil {
		u.ParticipantSid, u.ParticipantIdentity = sid, identity
	}
}

// legacyDestinations: older clients write the destinations in the user packet.
func legacyDestinations(u *lk.UserPacket) []string { return u.GetDestinationIdentities() }

// DestinationSIDs are the sids that older clients name instead of identities.
func DestinationSIDs(p *lk.DataPacket) []string { return p.GetUser().GetDestinationSids() }

// SubscribedQualities sets what older clients read of the layers wanted.
func SubscribedQualities(u *lk.SubscribedQualityUpdate, q []*lk.SubscribedQuality) {
	u.SubscribedQualities = q
}
