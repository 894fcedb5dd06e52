package sfu

import (
	"fmt"
	"testing"
	"time"
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
					listener.until(old+" without a section", func() bool {
						for _, track := range listener.mids {
							if track == old {
								return false
							}
						}
						return true
					})
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
