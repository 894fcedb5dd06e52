package sfu

import (
	"fmt"
	"testing"

	"github.com/pion/webrtc/v4"
)

func TestMatchCodec(t *testing.T) {
	h264 := func(mode int, profile string, pt webrtc.PayloadType) webrtc.RTPCodecParameters {
		return webrtc.RTPCodecParameters{PayloadType: pt, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeH264, SDPFmtpLine: fmt.Sprintf(h264Formats, mode, profile),
		}}
	}
	rtx := func(apt, pt webrtc.PayloadType) webrtc.RTPCodecParameters {
		return webrtc.RTPCodecParameters{PayloadType: pt, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, SDPFmtpLine: fmt.Sprintf("apt=%d", apt),
		}}
	}
	have := []webrtc.RTPCodecParameters{
		{PayloadType: 120, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: "video/vp8"}},
		rtx(120, 121),
		h264(0, "42e01f", 102), h264(1, "42e01f", 104), rtx(104, 105), h264(1, "64001f", 106),
		{PayloadType: 98, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9, SDPFmtpLine: "profile-id=2"}},
		{PayloadType: 49, RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeH265, SDPFmtpLine: "level-id=93;tx-mode=SRST"}},
	}
	for _, c := range []struct {
		name string
		want webrtc.RTPCodecCapability
		pt   webrtc.PayloadType
		rtx  uint8
	}{
		{"VP8 in any case", vp8, 120, 121},
		{"constrained baseline", h264(1, "42e01f", 0).RTPCodecCapability, 104, 105},
		{"its other packetization", h264(0, "42e034", 0).RTPCodecCapability, 102, 0},
		{"baseline goes to constrained baseline", h264(1, "42001f", 0).RTPCodecCapability, 104, 105},
		{"high stays high", h264(1, "640c1f", 0).RTPCodecCapability, 106, 0},
		{"main is not decoded", h264(1, "4d001f", 0).RTPCodecCapability, 0, 0},
		{"VP9 of another profile", webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9}, 0, 0},
		{"H.265 main", webrtc.RTPCodecCapability{MimeType: "video/h265", SDPFmtpLine: "profile-id=1;tier-flag=0;level-id=120"}, 49, 0},
		{"H.265 main 10", webrtc.RTPCodecCapability{MimeType: "video/h265", SDPFmtpLine: "profile-id=2"}, 0, 0},
		{"AV1 was not offered", webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeAV1}, 0, 0},
	} {
		got, gotRTX, ok := matchCodec(c.want, have)
		if ok != (c.pt != 0) || (ok && got.PayloadType != c.pt) || gotRTX != c.rtx {
			t.Errorf("%s: payload type %d, rtx %d, %v", c.name, got.PayloadType, gotRTX, ok)
		}
	}
}
