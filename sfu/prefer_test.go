package sfu

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"
)

const twoVideos = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=rtpmap:102 H264/90000\r\na=rtpmap:103 rtx/90000\r\n" +
	"m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=rtpmap:102 H264/90000\r\na=rtpmap:103 rtx/90000\r\n"

func TestAnswerPutsTheAnnouncedCodecFirst(t *testing.T) {
	answer, err := prefer(twoVideos, map[string][]string{"0": {"video/h264"}}, nil)
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

// Firefox writes other track ids into its description than its page knows and announces.
func TestAnswerPutsTheAnnouncedCodecFirstUnderAnotherTrackID(t *testing.T) {
	for name, c := range map[string]struct {
		announced []string // ids of cameras that are to be H.264
		sections  []string // ids of the tracks that the offer's sections send
		first     []string // payload types that the answer begins with
	}{
		"the announced one":        {[]string{"cam"}, []string{"cam"}, []string{"126"}},
		"another":                  {[]string{"cam"}, []string{"{other}"}, []string{"126"}},
		"beside the announced one": {[]string{"cam"}, []string{"{other}", "cam"}, []string{"120", "126"}},
		"two for one":              {[]string{"cam"}, []string{"{other}", "{third}"}, []string{"120", "120"}},
		"one for two":              {[]string{"cam", "screen"}, []string{"{other}"}, []string{"120"}},
		"the one that is left":     {[]string{"cam", "screen"}, []string{"{other}", "cam"}, []string{"126", "126"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := testNode(t, Options{}).Router("t/class").Join(PeerOptions{Participant: "PA_a", SinglePC: true}, EventsFunc(func(Event) {}))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			for _, cid := range c.announced {
				if err := p.AddTrack(TrackSpec{CID: cid, SID: "TR_" + cid, Kind: KindVideo, MIMEs: []string{"video/h264"}}); err != nil {
					t.Fatal(err)
				}
			}
			offer := offerHead + section("audio", "109 9 101", "a", "sendonly", append([]string{"a=msid:s {mic}"}, firefoxAudio...)...)
			for i, track := range c.sections {
				offer += section("video", "120 124 121 126 97", strconv.Itoa(i), "sendonly", append([]string{"a=msid:s " + track}, firefoxVideo...)...)
			}
			answer, err := p.Offer(Description{Type: "offer", SDP: offer})
			if err != nil {
				t.Fatal(err)
			}
			var d sdp.SessionDescription
			if err := d.UnmarshalString(answer.SDP); err != nil {
				t.Fatal(err)
			}
			for i, want := range c.first {
				if got := d.MediaDescriptions[i+1].MediaName.Formats; got[0] != want {
					t.Errorf("section %d: got %v, want %s first", i, got, want)
				}
			}
		})
	}
}
