package sfu

import (
	"testing"
	"time"
)

// A publisher is told which layers are wanted: fewer only after a while, more at once.
func TestWantedLayers(t *testing.T) {
	n := testNode(t, Options{})
	var told []SubscribedQualityEvent
	owner := ownerIn(n, "PA_a")
	pub := newPublication(owner, cameraSpec("TR_a"))
	pub.announced, pub.codec = true, vp8
	w := &want{pub: pub, setting: TrackSetting{Width: 320, Height: 180}}
	viewers := []*Peer{{node: n, wants: map[string]*want{"TR_a": w}}}
	at := time.Unix(1000, 0)
	step := func(after time.Duration) {
		at = at.Add(after)
		pub.tellWanted(at, viewers)
		for len(owner.mail.queue) > 0 {
			told = append(told, (<-owner.mail.queue).(SubscribedQualityEvent))
		}
	}
	expect := func(what string, count int, enabled ...bool) {
		t.Helper()
		if len(told) != count {
			t.Fatalf("%s: told %d times", what, len(told))
		}
		for i, on := range enabled {
			if got := told[count-1].Codecs[0].Qualities[i].Enabled; got != on {
				t.Errorf("%s: layer %d enabled: %v", what, i, got)
			}
		}
	}
	step(0)
	step(downgradeAfter - time.Second)
	expect("a small picture, at first", 0)
	step(time.Second)
	expect("a small picture, after a while", 1, true, false, false)
	w.setting.Width, w.setting.Height = 1280, 720
	step(time.Second)
	expect("a large one, at once", 2, true, true, true)
	w.setting.Disabled = true
	step(time.Second)
	expect("none, at first", 2)
	step(downgradeAfter)
	expect("none, after a while", 3, false, false, false)
}
