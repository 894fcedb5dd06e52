package sfu

import (
	"slices"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
)

const twoVideos = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=rtpmap:102 H264/90000\r\na=rtpmap:103 rtx/90000\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=rtpmap:102 H264/90000\r\na=rtpmap:103 rtx/90000\r\n"

func TestAnswerPutsTheAnnouncedCodecFirst(t *testing.T) {
	answer, err := prefer(twoVideos, map[string][]string{"0": {"video/h264"}})
	if err != nil {
		t.Fatal(err)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"102 96 97 103", "96 97 102 103"} {
		if got := d.MediaDescriptions[i].MediaName.Formats; !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("section %d: got %v, want %s", i, got, want)
		}
	}
}
