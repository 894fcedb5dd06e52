package sfu

import (
	"testing"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// Chromium names a lite agent no pair for seconds: what it sends meanwhile must find the agent awake.
func TestFirstCheckConnectsALiteAgent(t *testing.T) {
	r := testNode(t, Options{}).Router("t/class")
	c := joinOver(t, r, "PA_slow", true, network{settings: func(s *webrtc.SettingEngine) {
		for _, never := range []func(time.Duration){
			s.SetHostAcceptanceMinWait, s.SetSrflxAcceptanceMinWait, s.SetPrflxAcceptanceMinWait, s.SetRelayAcceptanceMinWait,
		} {
			never(time.Hour)
		}
	}})
	c.until("connected before a pair was named", func() bool {
		return c.peer.pub.pc.ICEConnectionState() == webrtc.ICEConnectionStateConnected
	})
	if got := c.pub.ICEConnectionState(); got != webrtc.ICEConnectionStateChecking {
		t.Errorf("the client is %s: it has named a pair", got)
	}
}

func TestFirstCheckOfEachGeneration(t *testing.T) {
	var f firstCheck
	for i, c := range []struct {
		names string
		want  bool
	}{{"a:b", true}, {"a:b", false}, {"a:c", true}, {"a:c", false}, {"", false}} {
		m := stun.New()
		if c.names != "" {
			if err := stun.NewUsername(c.names).AddTo(m); err != nil {
				t.Fatal(err)
			}
		}
		if got := f.came(m, nil, nil, nil); got != c.want {
			t.Errorf("check %d, of %q: %t, want %t", i, c.names, got, c.want)
		}
	}
}
