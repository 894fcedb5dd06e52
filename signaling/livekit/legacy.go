package livekit

import (
	"strings"

	lk "github.com/livekit/protocol/livekit"
)

// reflectLegacy fills the deprecated fields of a TrackInfo, which older clients still read.
func reflectLegacy(info *lk.TrackInfo, stereo, noDTX bool, layers []*lk.VideoLayer) {
	//nolint:staticcheck // see above
	info.Stereo, info.DisableDtx = stereo, noDTX
	//nolint:staticcheck // see above
	info.Layers, info.Simulcast = layers, len(layers) > 1
}

func lower(s string) string { return strings.ToLower(s) }
func upper(s string) string { return strings.ToUpper(s) }
