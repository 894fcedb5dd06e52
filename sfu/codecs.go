package sfu

import (
	"fmt"
	"strings"

	"github.com/pion/webrtc/v4"
)

// Header extensions this server speaks.
const (
	extMid           = "urn:ietf:params:rtp-hdrext:sdes:mid"
	extRID           = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
	extRepairedRID   = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
	extAudioLevel    = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
	extTransportWide = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
	extOrientation   = "urn:3gpp:video-orientation"
	extDependency    = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)

const (
	mimeRED     = "audio/red"
	opusFmtp    = "minptime=10;useinbandfec=1"
	redFmtp     = "111/111" // two blocks of Opus
	videoClock  = 90000
	opusClock   = 48000
	h264Formats = "level-asymmetry-allowed=1;packetization-mode=%d;profile-level-id=%s"
)

type videoCodec struct {
	mime, fmtp string
	pt, rtx    webrtc.PayloadType
}

// videoCodecs are those offered, most wanted first; in an answer the client's order and payload
// types hold. H.264 stands here by profile (baseline, constrained baseline, high) and packetization
// mode, as a browser decodes only what it was offered (RFC 6184, 8.2.2).
func videoCodecs() []videoCodec {
	c := []videoCodec{
		{webrtc.MimeTypeVP8, "", 96, 97},
		{webrtc.MimeTypeVP9, "profile-id=0", 98, 99},
		{webrtc.MimeTypeAV1, "level-idx=5;profile=0;tier=0", 45, 46},
	}
	pt := webrtc.PayloadType(100)
	for _, profile := range []string{"42e01f", "42001f", "64001f"} {
		for _, mode := range []int{1, 0} {
			c = append(c, videoCodec{webrtc.MimeTypeH264, fmt.Sprintf(h264Formats, mode, profile), pt, pt + 1})
			pt += 2
		}
	}
	return append(c, videoCodec{webrtc.MimeTypeH265, "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST", pt, pt + 1})
}

// newMediaEngine knows what both directions may carry.
func newMediaEngine() (*webrtc.MediaEngine, error) {
	m := &webrtc.MediaEngine{}
	opus := webrtc.RTPCodecParameters{
		PayloadType: 111,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeOpus, ClockRate: opusClock, Channels: 2, SDPFmtpLine: opusFmtp,
			RTCPFeedback: []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}},
		},
	}
	if err := m.RegisterCodec(opus, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("registering opus: %w", err)
	}
	red := webrtc.RTPCodecParameters{
		PayloadType: 63,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: mimeRED, ClockRate: opusClock, Channels: 2, SDPFmtpLine: redFmtp,
		},
	}
	if err := m.RegisterCodec(red, webrtc.RTPCodecTypeAudio); err != nil {
		return nil, fmt.Errorf("registering red: %w", err)
	}
	for _, c := range videoCodecs() {
		if err := registerVideo(m, c); err != nil {
			return nil, fmt.Errorf("registering %s: %w", c.mime, err)
		}
	}
	return m, registerExtensions(m)
}

func registerVideo(m *webrtc.MediaEngine, c videoCodec) error {
	err := m.RegisterCodec(webrtc.RTPCodecParameters{
		PayloadType: c.pt,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: c.mime, ClockRate: videoClock, SDPFmtpLine: c.fmtp,
			RTCPFeedback: []webrtc.RTCPFeedback{
				{Type: "transport-cc"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"},
			},
		},
	}, webrtc.RTPCodecTypeVideo)
	if err != nil {
		return err
	}
	return m.RegisterCodec(webrtc.RTPCodecParameters{
		PayloadType: c.rtx,
		RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: videoClock, SDPFmtpLine: fmt.Sprintf("apt=%d", c.pt),
		},
	}, webrtc.RTPCodecTypeVideo)
}

func registerExtensions(m *webrtc.MediaEngine) error {
	in, both := []webrtc.RTPTransceiverDirection{webrtc.RTPTransceiverDirectionRecvonly}, []webrtc.RTPTransceiverDirection(nil)
	for _, e := range []struct {
		uri  string
		kind webrtc.RTPCodecType
		dirs []webrtc.RTPTransceiverDirection
	}{
		{extMid, webrtc.RTPCodecTypeAudio, both},
		{extMid, webrtc.RTPCodecTypeVideo, both},
		{extTransportWide, webrtc.RTPCodecTypeAudio, both},
		{extTransportWide, webrtc.RTPCodecTypeVideo, both},
		{extAudioLevel, webrtc.RTPCodecTypeAudio, both},
		{extOrientation, webrtc.RTPCodecTypeVideo, both},
		{extDependency, webrtc.RTPCodecTypeVideo, both},
		{extRID, webrtc.RTPCodecTypeVideo, in},
		{extRepairedRID, webrtc.RTPCodecTypeVideo, in},
	} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: e.uri}, e.kind, e.dirs...); err != nil {
			return fmt.Errorf("registering %s: %w", e.uri, err)
		}
	}
	return nil
}

// matchCodec finds what the far end negotiated for a publication's codec, and its RTX payload type
// (0: none). For H.264 the packetization mode must be equal, and the profile the same if that was
// negotiated: then constrained baseline stands in for baseline, which few encoders use in full.
func matchCodec(want webrtc.RTPCodecCapability, have []webrtc.RTPCodecParameters) (c webrtc.RTPCodecParameters, rtx uint8, ok bool) {
	best := 0
	for _, h := range have {
		if score := codecScore(want, h.RTPCodecCapability); score > best {
			best, c = score, h
		}
	}
	if best == 0 {
		return c, 0, false
	}
	apt := fmt.Sprintf("apt=%d", c.PayloadType)
	for _, h := range have {
		if strings.EqualFold(h.MimeType, webrtc.MimeTypeRTX) && h.SDPFmtpLine == apt {
			rtx = uint8(h.PayloadType)
		}
	}
	return c, rtx, true
}

// matchSound is matchCodec for audio: what comes as RED is sent as Opus where RED is unknown, so
// that Opus is what matters.
func matchSound(want webrtc.RTPCodecCapability, have []webrtc.RTPCodecParameters) (c webrtc.RTPCodecParameters, ok bool) {
	if strings.EqualFold(want.MimeType, mimeRED) {
		want.MimeType = webrtc.MimeTypeOpus
	}
	c, _, ok = matchCodec(want, have)
	return c, ok
}

// codecScore is 0 for codecs that do not fit, and higher for the better fit.
func codecScore(want, have webrtc.RTPCodecCapability) int {
	if !strings.EqualFold(want.MimeType, have.MimeType) {
		return 0
	}
	w, h := fmtp(want.SDPFmtpLine), fmtp(have.SDPFmtpLine)
	switch {
	case strings.EqualFold(want.MimeType, webrtc.MimeTypeH264):
		if modeOf(w) != modeOf(h) {
			return 0
		}
		wp, hp := profileOf(w), profileOf(h)
		switch {
		case wp == hp:
			return 3
		case wp[:2] == hp[:2]:
			return 2
		case wp[:2] == "42": // every profile's decoder decodes baseline as encoders write it
			return 1
		}
		return 0
	case strings.EqualFold(want.MimeType, webrtc.MimeTypeH265):
		if orOne(w["profile-id"]) != orOne(h["profile-id"]) { // RFC 7798, 7.1
			return 0
		}
	case strings.EqualFold(want.MimeType, webrtc.MimeTypeVP9):
		if orZero(w["profile-id"]) != orZero(h["profile-id"]) {
			return 0
		}
	}
	return 1
}

func fmtp(line string) map[string]string {
	m := map[string]string{}
	for _, p := range strings.Split(line, ";") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		m[strings.ToLower(k)] = strings.ToLower(v)
	}
	return m
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

func orOne(s string) string {
	if s == "" {
		return "1"
	}
	return s
}

func modeOf(f map[string]string) string { return orZero(f["packetization-mode"]) }

// profileOf is profile_idc and profile-iop of an H.264 format; without it, baseline (RFC 6184, 8.1).
func profileOf(f map[string]string) string {
	if p := f["profile-level-id"]; len(p) == 6 {
		return p[:4]
	}
	return "4200"
}
