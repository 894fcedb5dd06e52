package client

import (
	"encoding/binary"
	"errors"
	"strings"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// errCodec is the refusal to publish in a codec that has no synthetic source.
var errCodec = errors.New("no source for this codec")

// markerSize is the length of the tag that every synthetic video packet carries
// after its codec's headers: layer, frame number, packet within the frame.
const markerSize = 1 + 4 + 1

const videoPayload = 1100 // bytes after the codec's headers

// format is how one codec is written into packets and read from them.
type format struct {
	webrtc.RTPCodecCapability
	frame func(s *stream, l *localLayer, keyframe bool) []*rtp.Packet
	parse func(payload []byte) (part, bool)
}

// part is what a receiver reads off one packet's codec headers.
type part struct {
	body      []byte // the tag and the bytes that count; nil in a packet of parameters alone
	picture   uint16
	pictures  bool // picture is told
	rewritten bool // and kept in a row by a server that switches or pauses
	start     bool // begins a frame
	keyframe  bool // and that frame needs no other
}

// formats are the codecs a synthetic source writes, by MIME type.
func formats() map[string]format {
	list := []format{
		{webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, (*stream).vp8, parseVP8},
		{webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9, SDPFmtpLine: "profile-id=0"}, (*stream).vp9, parseVP9},
		{webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeAV1}, (*stream).av1, parseAV1},
		{webrtc.RTPCodecCapability{
			MimeType:    webrtc.MimeTypeH264,
			SDPFmtpLine: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
		}, (*stream).h264, parseH264},
	}
	out := map[string]format{}
	for _, f := range list {
		f.ClockRate = 90000
		out[f.MimeType] = f
	}
	return out
}

// parserOf reads a codec by its MIME type in any case; what it does not know it calls bad.
func parserOf(mime string) func([]byte) (part, bool) {
	for name, f := range formats() {
		if strings.EqualFold(name, mime) {
			return f.parse
		}
	}
	return func([]byte) (part, bool) { return part{}, false }
}

// opusFormat is the one for sound: it has no frames of several packets.
func opusFormat() format {
	return format{
		RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2},
		frame:              func(s *stream, _ *localLayer, _ bool) []*rtp.Packet { return []*rtp.Packet{s.opus()} },
	}
}

// tagged appends the tag of packet i of the current frame and bytes that count.
func (s *stream) tagged(payload []byte, l *localLayer, i int) []byte {
	payload = append(payload, byte(l.index))
	payload = binary.BigEndian.AppendUint32(payload, s.frame)
	payload = append(payload, byte(i))
	body := make([]byte, videoPayload/max(1, 6-l.Packets))
	fill(body, s.frame)
	return append(payload, body...)
}
