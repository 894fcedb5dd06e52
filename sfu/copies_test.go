package sfu

import (
	"testing"
	"time"

	"preau/sfu/packet"
)

// Where a voice fits a link only without its copies, it goes without; and with them again where both
// fit.
func TestCopiesAreLeftOut(t *testing.T) {
	r := testNode(t, Options{}).Router("t/class")
	speaker, able := joinAble(t, r, "PA_speaker", true, withRED), joinAble(t, r, "PA_able", true, withRED)
	mic := speaker.publish(micSpec("TR_mic"), red)
	every(t, 20*time.Millisecond, func() { mic.sources[0].redundant(false) })
	waitFor(speaker, "microphone announced", func(TrackEvent) bool { return true })
	if err := able.peer.Subscribe("TR_mic", true); err != nil {
		t.Fatal(err)
	}
	lastTen := func(pt uint8) func() bool {
		return func() bool {
			track := able.tracks["TR_mic"]
			if track == nil || len(track.packets) < 10 {
				return false
			}
			for _, h := range track.packets[len(track.packets)-10:] {
				if h.PayloadType != pt {
					return false
				}
			}
			return true
		}
	}
	able.peer.LimitBandwidth(80_000) // 52 kb/s of sound, 106 with two copies
	able.until("heard without copies", lastTen(111))
	able.peer.LimitBandwidth(0)
	able.until("heard with them", lastTen(63))
	able.leave()
	able.mu.Lock()
	defer able.mu.Unlock()
	heard := able.tracks["TR_mic"]
	for i := range heard.packets {
		heard.packets[i].PayloadType = 63
	}
	checkContinuity(t, heard)
}

// On a thin link that loses nothing a voice goes without copies, so that there may be a picture; with
// the first losses they come back, and stay for some reports.
func TestCopiesAgainstLosses(t *testing.T) {
	o := &outlet{}
	s := &subscription{out: o, redPT: 63, pub: &publication{}}
	wants := func(what string, want uint8) {
		t.Helper()
		if got := s.copies(); got != want {
			t.Errorf("%s: it wants layer %d", what, got)
		}
	}
	wants("a wide link", copiesLayer)
	o.thin = true
	wants("a thin link", 0)
	s.noteLoss(0.02)
	for range cleanReports {
		wants("a thin link that loses", copiesLayer)
		s.noteLoss(0)
	}
	wants("a thin link that loses no more", 0)
	s.redPT, o.thin = 0, false
	wants("a receiver without RED", 0)
}

// A voice's price is what it costs while it speaks, for some seconds after it paused too; that of its
// copies is told apart.
func TestPriceOfAVoice(t *testing.T) {
	r := rate{voice: true}
	now := time.Now()
	speak := func(seconds float64, size, copies int, every time.Duration) {
		for end := now.Add(time.Duration(seconds * float64(time.Second))); now.Before(end); now = now.Add(every) {
			r.add(size, copies, &packet.Packet{}, now)
		}
	}
	near := func(what string, got, want uint64) {
		t.Helper()
		if got < want*9/10 || got > want*11/10 {
			t.Errorf("%s costs %d b/s instead of %d", what, got, want)
		}
	}
	speak(5, 200, 80, 20*time.Millisecond)
	near("the voice", r.bits[0][0].Load(), 48_000)
	near("with its copies", r.bits[0][copiesLayer].Load(), 80_000)
	speak(2, 60, 10, 400*time.Millisecond)
	if got := r.bits[0][0].Load(); got < 35_000 {
		t.Errorf("after two seconds of silence the voice costs %d b/s", got)
	}
	speak(60, 60, 10, 400*time.Millisecond)
	if got := r.bits[0][0].Load(); got > 5_000 {
		t.Errorf("after a minute of silence the voice costs %d b/s", got)
	}
}
