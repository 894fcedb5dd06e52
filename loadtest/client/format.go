package client

import (
	"encoding/binary"
	"strings"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"preau/loadtest/media"
)

const (
	videoClock = 90000
	audioClock = 48000
)

// markerSize is the length of the tag that every synthetic video packet carries
// after its codec's headers: layer, frame number, packet within the frame.
const markerSize = 1 + 4 + 1 + stampSize

const videoPayload = 1100 // bytes after the codec's headers

// format is how one codec is written into packets and read from them.
type format struct {
	webrtc.RTPCodecCapability
	frame  func(s *stream, keyframe bool) []payload         // of a synthetic source; nil: there is none
	parse  func(payload []byte) (part, bool)                // nil: sound
	tag    func(payload []byte, p part) (b []byte, ok bool) // where a synthetic packet's tag begins; nil: it has none
	pack   func() rtp.Payloader                             // of encoded frames
	number func(payload []byte, picture uint16)             // writes the picture id; nil: the codec has none
}

func (f format) audio() bool { return f.parse == nil }

// fits says whether a negotiated codec can carry the format.
func (f format) fits(have webrtc.RTPCodecCapability) bool {
	if !strings.EqualFold(f.MimeType, have.MimeType) {
		return false
	}
	for _, key := range []string{"packetization-mode=", "profile-id="} {
		if parameter(f.SDPFmtpLine, key) != parameter(have.SDPFmtpLine, key) {
			return false
		}
	}
	const level = "profile-level-id=" // of which the first four digits are the profile (RFC 6184, 8.1)
	want, got := parameter(f.SDPFmtpLine, level), parameter(have.SDPFmtpLine, level)
	return len(want) < 4 || len(got) >= 4 && strings.EqualFold(want[:4], got[:4])
}

func parameter(line, key string) string {
	for p := range strings.SplitSeq(line, ";") {
		if value, ok := strings.CutPrefix(strings.TrimSpace(p), key); ok {
			return value
		}
	}
	return ""
}

// part is what a receiver reads off one packet's codec headers.
type part struct {
	body      []byte // what a server hands on as it came
	picture   uint16
	pictures  bool // picture is told
	rewritten bool // and kept in a row by a server that switches or pauses
	keyframe  bool // of a frame that needs no other
	layered   bool // of VP9 in layers, whose pictures may be left out where tl0 does not tell of them
	tl0       uint8
}

const (
	h264Baseline = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
	h264Single   = "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f"
	h264High     = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f"
)

// formats are the codecs by MIME type.
func formats() map[string]format {
	list := []format{
		{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8},
			frame:              (*stream).vp8, parse: parseVP8, tag: tagVP8,
			pack: func() rtp.Payloader { return vp8Payloader{} }, number: numberVP8,
		}, {
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9, SDPFmtpLine: "profile-id=0"},
			frame:              (*stream).vp9, parse: parseVP9, tag: tagBody,
			pack: func() rtp.Payloader { return &codecs.VP9Payloader{} }, number: numberVP9,
		}, {
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeAV1},
			frame:              (*stream).av1, parse: parseAV1, tag: tagAV1,
			pack: func() rtp.Payloader { return &codecs.AV1Payloader{} },
		}, {
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH264, SDPFmtpLine: h264Baseline},
			frame:              (*stream).h264, parse: parseH264, tag: tagH264,
			pack: func() rtp.Payloader { return &codecs.H264Payloader{} },
		}, {
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH265},
			parse:              parseH265, tag: tagBody,
			pack: func() rtp.Payloader { return &codecs.H265Payloader{} },
		}, {
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: audioClock, Channels: 2},
			frame:              (*stream).opus,
			pack:               func() rtp.Payloader { return &codecs.OpusPayloader{} },
		},
	}
	out := map[string]format{}
	for _, f := range list {
		if f.ClockRate == 0 {
			f.ClockRate = videoClock
		}
		out[f.MimeType] = f
	}
	return out
}

// formatOf is how a clip's codec travels.
func formatOf(c media.Codec) format {
	all := formats()
	switch c {
	case media.Opus:
		return all[webrtc.MimeTypeOpus]
	case media.VP9:
		return all[webrtc.MimeTypeVP9]
	case media.AV1:
		return all[webrtc.MimeTypeAV1]
	case media.H265:
		return all[webrtc.MimeTypeH265]
	case media.H264Baseline:
		return all[webrtc.MimeTypeH264]
	case media.H264High:
		f := all[webrtc.MimeTypeH264]
		f.SDPFmtpLine = h264High
		return f
	case media.H264Slices:
		f := all[webrtc.MimeTypeH264]
		f.SDPFmtpLine, f.pack = h264Single, func() rtp.Payloader { return singleNAL{} }
		return f
	}
	return all[webrtc.MimeTypeVP8]
}

// formatNamed finds a received codec's by its MIME type in any case; what it
// does not know it takes for sound.
func formatNamed(mime string) format {
	for name, f := range formats() {
		if strings.EqualFold(name, mime) {
			return f
		}
	}
	return format{}
}

// tagBody: the tag follows the codec's descriptor.
func tagBody(_ []byte, p part) ([]byte, bool) { return p.body, true }

// tagged appends the tag of packet i of a frame of n and bytes that count.
func tagged(payload []byte, layer int, frame uint32, i, n int) []byte {
	payload = append(payload, byte(layer))
	payload = binary.BigEndian.AppendUint32(payload, frame)
	payload = append(payload, byte(i))
	var sent [stampSize]byte
	stamp(sent[:], time.Now())
	payload = append(payload, sent[:]...)
	body := make([]byte, videoPayload/max(1, 6-n))
	fill(body, frame)
	return append(payload, body...)
}
