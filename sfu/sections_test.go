package sfu

import (
	"fmt"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// However many speak in turn, a subscriber has few microphone sections, reused; a section that
// goes to another is inactive in between (the client checks that at each description).
func TestMicrophoneSections(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			const limit, pupils = 3, 6
			n := testNode(t, Options{Microphones: limit})
			r := n.Router("t/class")
			listener := join(t, r, "PA_listener", one)
			var all []*client
			for i := range pupils {
				c := join(t, r, fmt.Sprintf("PA_%d", i), true)
				sid := fmt.Sprintf("TR_%d", i)
				mic := c.publish(micSpec(sid), opus)
				every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
				waitFor(c, "microphone announced", func(TrackEvent) bool { return true })
				c.peer.SetMuted(sid, true)
				if err := listener.peer.Subscribe(sid, true); err != nil {
					t.Fatal(err)
				}
				all = append(all, c)
			}
			for i, c := range all {
				sid := fmt.Sprintf("TR_%d", i)
				c.peer.SetMuted(sid, false)
				listener.until(sid+" heard", func() bool { return listener.count(sid) > 5 })
				if i >= limit-1 {
					old := fmt.Sprintf("TR_%d", i-limit+1)
					all[i-limit+1].peer.SetMuted(old, true)
					listener.until(old+" without a section", func() bool { return !listener.carries(old) })
				}
			}
			audio := 0
			for _, tr := range listener.sub.GetTransceivers() {
				if tr.Kind() == kindOf(KindAudio) {
					audio++
				}
			}
			if audio > limit+1 {
				t.Errorf("%d audio sections for %d open microphones", audio, limit)
			}
		})
	}
}

// A section goes silent, is described again while silent, and carries a track anew: that must be
// heard, by pion's clients too, which stop a receiver at each inactive offer.
func TestSectionHeardAfterLongSilence(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			n := testNode(t, Options{})
			r := n.Router("t/class")
			listener, speaker := join(t, r, "PA_listener", one), join(t, r, "PA_speaker", true)
			mic := speaker.publish(micSpec("TR_mic"), opus)
			every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
			waitFor(speaker, "microphone announced", func(e TrackEvent) bool { return e.SID == "TR_mic" })
			if err := listener.peer.Subscribe("TR_mic", true); err != nil {
				t.Fatal(err)
			}
			for round := range 2 {
				before := 0
				listener.change(func() { before = listener.count("TR_mic") })
				speaker.peer.SetMuted("TR_mic", false)
				listener.until(fmt.Sprint("heard in round ", round), func() bool { return listener.count("TR_mic") > before+5 })
				speaker.peer.SetMuted("TR_mic", true)
				listener.until("microphone without a section", func() bool { return !listener.carries("TR_mic") })
				renegotiate(t, listener, speaker, fmt.Sprint("TR_screen", round))
			}
		})
	}
}

// renegotiate has the listener's receiving sections described again, by a screen that comes and goes.
func renegotiate(t *testing.T, listener, speaker *client, sid string) {
	t.Helper()
	screen := speaker.publish(TrackSpec{CID: "cid-" + sid, SID: sid, Kind: KindVideo, Source: SourceScreen}, vp8)
	stop := every(t, 33*time.Millisecond, func() { screen.sources[0].picture(screen.mid(), 1, 200) })
	defer stop()
	waitFor(speaker, sid+" announced", func(e TrackEvent) bool { return e.SID == sid })
	if err := listener.peer.Subscribe(sid, true); err != nil {
		t.Fatal(err)
	}
	listener.until(sid+" seen", func() bool { return listener.count(sid) > 0 })
	speaker.peer.RemoveTrack(sid)
	listener.until(sid+" without a section", func() bool { return !listener.carries(sid) })
}

// What begins to drain while an offer is out stands in no description: the answer to that offer
// does not free it.
func TestDrainingOutlivesAnOlderOffer(t *testing.T) {
	n := newNegotiation()
	n.draining["1"] = false
	n.described()
	n.draining["2"] = false
	n.settled()
	if n.drains("1") || !n.drains("2") {
		t.Errorf("draining after the answer: %v", n.draining)
	}
	n.described()
	n.settled()
	if n.drains("2") {
		t.Error("a section drains for ever")
	}
}

// A stream that is announced by an answer names its section from its first packet on, so that none is
// taken for another section's by a receiver that has not read the answer yet (Firefox did), and no
// longer than until the receiver has reported on it. One that was offered before needs no name.
func TestStreamNamesItsSection(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			r := testNode(t, Options{}).Router("t/class")
			watcher, teacher := join(t, r, "PA_watcher", one), join(t, r, "PA_teacher", true)
			camera := teacher.publish(TrackSpec{CID: "cid", SID: "TR_cam", Kind: KindVideo}, vp8)
			every(t, 20*time.Millisecond, func() { camera.sources[0].picture("", 1, 500) })
			if err := watcher.peer.Subscribe("TR_cam", true); err != nil {
				t.Fatal(err)
			}
			var names []string
			watcher.until("a stream without the name", func() bool {
				names = names[:0]
				if track := watcher.tracks["TR_cam"]; track != nil {
					for i := range track.packets {
						names = append(names, sectionNamed(watcher, &track.packets[i]))
					}
				}
				return len(names) > 20 && names[len(names)-1] == ""
			})
			for i, name := range names[1:] {
				if name != "" && names[i] == "" {
					t.Fatalf("packet %d names its section, the one before did not", i+1)
				}
			}
			if one && watcher.mids[names[0]] != "TR_cam" || !one && names[0] != "" {
				t.Errorf("the first packet names the section %q; sections: %v", names[0], watcher.mids)
			}
		})
	}
}

// sectionNamed is the section that a packet names; called under the client's lock.
func sectionNamed(c *client, h *rtp.Header) string {
	for _, id := range h.GetExtensionIDs() {
		if value := string(h.GetExtension(id)); c.mids[value] != "" {
			return value
		}
	}
	return ""
}

// However many microphones are open at once, a listener gets twelve of them, by default.
func TestAtMostTwelveMicrophones(t *testing.T) {
	r := testNode(t, Options{}).Router("t/class")
	listener := join(t, r, "PA_listener", true)
	const open, most = 15, 12
	for i := range open {
		c := join(t, r, fmt.Sprintf("PA_%d", i), true)
		sid := fmt.Sprintf("TR_%d", i)
		mic := c.publish(micSpec(sid), opus)
		every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
		waitFor(c, "microphone announced", func(TrackEvent) bool { return true })
		if err := listener.peer.Subscribe(sid, true); err != nil {
			t.Fatal(err)
		}
	}
	heard := func() (sids []string) {
		for i := range open {
			if sid := fmt.Sprintf("TR_%d", i); listener.count(sid) > 5 {
				sids = append(sids, sid)
			}
		}
		return sids
	}
	listener.until("twelve heard", func() bool { return len(heard()) >= most })
	settled := 0
	listener.change(func() { settled = listener.count(heard()[0]) })
	listener.until("a second more", func() bool {
		if len(listener.mids) > most {
			t.Fatalf("%d microphones have a section: %v", len(listener.mids), listener.mids)
		}
		return listener.count(heard()[0]) > settled+50
	})
	listener.mu.Lock()
	defer listener.mu.Unlock()
	if got := len(listener.mids); got != most {
		t.Errorf("%d microphones have a section", got)
	}
}
