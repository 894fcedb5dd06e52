package main

import (
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/webrtc/v4"

	"preau/loadtest/client"
)

// qualities are what a client has been told of connections, by sid.
type qualities struct {
	mu     sync.Mutex
	newest map[string]livekit.ConnectionQuality
}

func (q *qualities) note(m *livekit.SignalResponse) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, u := range m.GetConnectionQuality().GetUpdates() {
		q.newest[u.GetParticipantSid()] = u.GetQuality()
	}
}

func (q *qualities) of(sid string) (livekit.ConnectionQuality, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	quality, ok := q.newest[sid]
	return quality, ok
}

// A speaker whose media does not come any more is LOST to herself, whose signalling lives, and to the
// others, until it comes again; a listener in the same place is not, who has nothing to be heard by.
func TestConnectionQualityIsLostWithTheMedia(t *testing.T) {
	s := startServer(t, "")
	inEachMode(t, func(t *testing.T, o client.Options) {
		ctx := inTime(t)
		class := "quality-" + t.Name()
		o.SettingsFunc = func(e *webrtc.SettingEngine) { // the client itself takes no notice
			e.SetICETimeouts(30*time.Second, time.Minute, time.Second)
		}
		people := map[string]*client.Client{}
		heard, links := map[string]*qualities{}, map[string]*client.Link{}
		for _, who := range []string{"lea", "amina", "zoe"} {
			o, q := o, &qualities{newest: map[string]livekit.ConnectionQuality{}}
			heard[who], links[who] = q, client.NewLink()
			o.Link, o.OnSignal = links[who], q.note
			people[who] = s.join(t, class, who, teacher, o)
		}
		voice, err := people["lea"].PublishMicrophone(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, who := range []string{"amina", "zoe"} {
			receives(ctx, t, people[who], voice.Info.GetSid(), 25)
		}
		is := func(of string, want livekit.ConnectionQuality, by ...string) {
			t.Helper()
			for _, who := range by {
				eventually(ctx, t, of+" to be "+want.String()+" to "+who, func() bool {
					q, ok := heard[who].of(people[of].SID())
					return ok && q == want
				})
			}
		}
		is("lea", livekit.ConnectionQuality_EXCELLENT, "lea", "amina")
		links["lea"].CutMedia()
		links["zoe"].CutMedia()
		is("lea", livekit.ConnectionQuality_LOST, "lea", "amina")
		is("zoe", livekit.ConnectionQuality_POOR, "zoe", "amina")
		links["lea"].Mend()
		links["zoe"].Mend()
		is("lea", livekit.ConnectionQuality_EXCELLENT, "lea", "amina")
		is("zoe", livekit.ConnectionQuality_EXCELLENT, "zoe", "amina")
	})
}
