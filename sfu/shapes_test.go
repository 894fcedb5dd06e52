package sfu

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/sdp/v3"
)

const offerHead = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2 3\r\na=extmap-allow-mixed\r\na=msid-semantic: WMS\r\n"

// section is one media section of a browser's offer, with what all of them share.
func section(kind, formats, mid, direction string, lines ...string) string {
	s := []string{
		"m=" + kind + " 9 UDP/TLS/RTP/SAVPF " + formats, "c=IN IP4 0.0.0.0", "a=mid:" + mid, "a=" + direction,
		"a=ice-ufrag:abcd", "a=ice-pwd:0123456789abcdef01234567", "a=setup:actpass", "a=rtcp-mux",
		"a=fingerprint:sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":"),
	}
	return strings.Join(append(s, lines...), "\r\n") + "\r\n"
}

var chromiumAudio = []string{
	"a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc", "a=fmtp:111 minptime=10;useinbandfec=1;stereo=1;usedtx=1",
	"a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111", "a=rtpmap:9 G722/8000", "a=rtpmap:0 PCMU/8000",
}

var chromiumVideo = []string{
	"a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack", "a=rtcp-fb:96 nack pli", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96",
	"a=rtpmap:103 H264/90000", "a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
	"a=rtpmap:109 H264/90000", "a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
	"a=rtpmap:114 H264/90000", "a=fmtp:114 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
	"a=rtpmap:39 H264/90000", "a=fmtp:39 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f",
	"a=rtpmap:45 AV1/90000", "a=fmtp:45 level-idx=5;profile=0;tier=0", "a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=0",
}

var firefoxAudio = []string{
	"a=rtpmap:109 opus/48000/2", "a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1",
	"a=rtpmap:9 G722/8000/1", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15",
}

var firefoxVideo = []string{
	"a=rtpmap:120 VP8/90000", "a=fmtp:120 max-fs=12288;max-fr=60", "a=rtcp-fb:120 nack", "a=rtcp-fb:120 nack pli",
	"a=rtpmap:124 rtx/90000", "a=fmtp:124 apt=120", "a=rtpmap:121 VP9/90000", "a=fmtp:121 max-fs=12288;max-fr=60",
	"a=rtpmap:126 H264/90000", "a=fmtp:126 profile-level-id=42e01f;level-asymmetry-allowed=1;packetization-mode=1",
	"a=rtpmap:97 H264/90000", "a=fmtp:97 profile-level-id=42e01f;level-asymmetry-allowed=1",
}

// Both browsers' shapes of an offer on a single connection (pitfalls 6 and 7): payload types are
// echoed, H.264 stays in both packetizations, Opus stays in every section, with the same format
// parameters wherever the connection is bundled.
func TestBrowsersShapesOfOffers(t *testing.T) {
	for _, c := range []struct {
		browser                string
		full                   bool
		audio, video           string
		audioLines, videoLines []string
		wantAudio, wantVideo   []string
	}{
		{
			"Chromium", false, "111 63 9 0", "96 97 103 109 114 39 45 98", chromiumAudio, chromiumVideo,
			[]string{"111 opus/48000/2", "63 red/48000/2"},
			[]string{"96 VP8/90000", "97 rtx/90000", "103 H264/90000", "109 H264/90000", "114 H264/90000", "39 H264/90000", "45 AV1/90000", "98 VP9/90000"},
		},
		{
			"Firefox", true, "109 9 101", "120 124 121 126 97", firefoxAudio, firefoxVideo,
			[]string{"109 opus/48000/2"},
			[]string{"120 VP8/90000", "124 rtx/90000", "121 VP9/90000", "126 H264/90000", "97 H264/90000"},
		},
	} {
		t.Run(c.browser, func(t *testing.T) {
			r := testNode(t, Options{}).Router("t/class")
			p, err := r.Join(PeerOptions{Participant: "PA_a", SinglePC: true, FullICE: c.full}, EventsFunc(func(Event) {}))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			offer := offerHead +
				section("audio", c.audio, "0", "recvonly", c.audioLines...) + section("video", c.video, "1", "recvonly", c.videoLines...) +
				section("audio", c.audio, "2", "sendonly", append([]string{"a=msid:s mic"}, c.audioLines...)...) +
				section("video", c.video, "3", "sendonly", append([]string{"a=msid:s cam"}, c.videoLines...)...)
			answer, err := p.Offer(Description{Type: "offer", SDP: offer, ID: 7})
			if err != nil {
				t.Fatal(err)
			}
			if answer.ID != 7 {
				t.Errorf("answered as %d", answer.ID)
			}
			echoes(t, answer.SDP, c.wantAudio, c.wantVideo)
		})
	}
}

// echoes holds each section's codecs against those wanted, and format parameters against each other.
func echoes(t *testing.T, answer string, audio, video []string) {
	t.Helper()
	var d sdp.SessionDescription
	if err := d.UnmarshalString(answer); err != nil {
		t.Fatal(err)
	}
	formats := map[string]string{}
	for i, m := range d.MediaDescriptions {
		want := audio
		if m.MediaName.Media == "video" {
			want = video
		}
		var got []string
		for _, a := range m.Attributes {
			switch {
			case a.Key == "rtpmap":
				got = append(got, a.Value)
			case a.Key == "fmtp":
				pt, line, _ := strings.Cut(a.Value, " ")
				if before, ok := formats[pt]; ok && before != line {
					t.Errorf("section %d: payload type %s has %q, before %q", i, pt, line, before)
				}
				formats[pt] = line
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("section %d of %s:\n got %q\nwant %q", i, m.MediaName.Media, got, want)
		}
	}
}

// Sections of a bundle may differ in what they say of Opus: Chromium's of a microphone that asks for
// stereo and DTX beside those that only receive. Each answer says the same in all of them (pitfall 7),
// also when such a section comes later.
func TestOpusIsDescribedAlikeInEverySection(t *testing.T) {
	plain := []string{"a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;useinbandfec=1"}
	stereo := []string{"a=rtpmap:111 opus/48000/2", "a=fmtp:111 minptime=10;stereo=1;usedtx=1;useinbandfec=1"}
	for name, order := range map[string][2][]string{"stereo comes later": {plain, stereo}, "stereo comes first": {stereo, plain}} {
		t.Run(name, func(t *testing.T) {
			r := testNode(t, Options{}).Router("t/class")
			p, err := r.Join(PeerOptions{Participant: "PA_a", SinglePC: true}, EventsFunc(func(Event) {}))
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			offer := strings.Replace(offerHead, "0 1 2 3", "0 1", 1) + section("audio", "111", "0", "recvonly", order[0]...) +
				section("audio", "111", "1", "recvonly", order[0]...)
			later := strings.Replace(offer, "0 1\r\n", "0 1 2 3\r\n", 1) +
				section("audio", "111", "2", "sendonly", append([]string{"a=msid:s mic"}, order[1]...)...) +
				section("audio", "111", "3", "recvonly", order[0]...)
			for i, text := range []string{offer, later, later} {
				answer, err := p.Offer(Description{Type: "offer", SDP: text, ID: uint32(i + 1)})
				if err != nil {
					t.Fatal(err)
				}
				if got := strings.Count(answer.SDP, "a=fmtp:111 "); got != strings.Count(text, "m=audio") {
					t.Errorf("%d format parameters of Opus in answer %d", got, i)
				}
				echoes(t, answer.SDP, []string{"111 opus/48000/2"}, nil)
				if i > 0 && !strings.Contains(answer.SDP, "stereo=1;usedtx=1") {
					t.Errorf("stereo and DTX are lost in answer %d", i)
				}
			}
		})
	}
}

// A layer that the client's offer calls paused is taken all the same: the answer pauses none, and
// the layer is forwarded when it comes.
func TestPausedLayersAreIgnored(t *testing.T) {
	paused := 0
	r := testNode(t, Options{}).Router("t/class")
	teacher := joinWith(t, r, "PA_teacher", true, means{spell: func(offer string) string {
		now := strings.Replace(offer, "a=simulcast:send q;h;f", "a=simulcast:send ~q;h;~f", 1)
		if now != offer {
			paused++
		}
		return now
	}})
	pupil := join(t, r, "PA_pupil", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8, "q", "h", "f")
	if answer := teacher.pub.RemoteDescription().SDP; paused == 0 || !strings.Contains(answer, "a=simulcast:recv q;h;f\r\n") {
		t.Errorf("%d offers paused a layer; the answer was\n%s", paused, answer)
	}
	every(t, 33*time.Millisecond, func() {
		for i, s := range cam.sources {
			s.picture(cam.mid(), i+1, 200*(i+1))
		}
	})
	waitFor(teacher, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
	if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	for _, width := range []uint32{320, 1280, 640, 320} {
		switchTo(pupil, width)
	}
}
