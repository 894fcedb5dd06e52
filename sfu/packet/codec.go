package packet

import "strings"

// Codec is what a payload is written in.
type Codec uint8

// The codecs whose payload this package looks into. Others travel as Opaque:
// forwarded, without keyframes or layers.
const (
	Opaque Codec = iota
	Opus
	RED // RFC 2198 around Opus
	VP8
	H264
	VP9
	AV1
	H265
)

// CodecOf finds the codec of a MIME type such as "video/VP8", in any case.
func CodecOf(mime string) Codec {
	_, name, _ := strings.Cut(strings.ToLower(mime), "/")
	switch name {
	case "opus":
		return Opus
	case "red":
		return RED
	case "vp8":
		return VP8
	case "h264":
		return H264
	case "vp9":
		return VP9
	case "av1":
		return AV1
	case "h265":
		return H265
	}
	return Opaque
}

// Audio says whether the codec is one for sound.
func (c Codec) Audio() bool { return c == Opus || c == RED }
