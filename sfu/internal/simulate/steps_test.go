package simulate

import (
	"fmt"
	"os"
	"testing"
	"time"
)

func steady(bits float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return bits }
}

func (w *world) trace(t *testing.T, name string, d time.Duration) {
	if os.Getenv("TRACE") == "" {
		w.run(d)
		return
	}
	for end := w.now + d; w.now < end; {
		pad, vid := w.padBytes, w.videoBytes
		w.run(250 * time.Millisecond)
		s := w.e.Snapshot()
		c := w.choice[1]
		ch := "--"
		if c.Sending {
			ch = fmt.Sprintf("%d%d", c.Spatial, c.Temporal)
		}
		fmt.Printf("%s %6.2f link %5.0f est %5d spend %5d acked %5d over %-5t drain %-5t rtt %4d stand %5d choice %s cur %d q %6d vid %5d pad %4d next %d\n", name, w.now.Seconds(), w.link.rate(w.now)/1000, s.Bits/1000, s.Spend/1000, s.Acked/1000, s.Overused, s.Draining, s.RTT.Milliseconds(), w.link.stands(w.now).Milliseconds(), ch, w.current, w.queue.Bytes(), (w.videoBytes-vid)*8*4/1000, (w.padBytes - pad), w.result.Next/1000)
	}
}

func TestTrace(t *testing.T) {
	w := newWorld(&link{rate: steady(20e6), delay: 20 * time.Millisecond, queue: 64000})
	w.trace(t, "good", 4*time.Second)
	for _, k := range []float64{48e3, 64e3, 80e3, 300e3} {
		w = newWorld(&link{rate: steady(k), delay: 150 * time.Millisecond, queue: 16000})
		w.trace(t, fmt.Sprint(k), 20*time.Second)
	}
	w = newWorld(&link{rate: func(now time.Duration) float64 {
		if now > 15*time.Second && now < 40*time.Second {
			return 100e3
		}
		return 1200e3
	}, delay: 125 * time.Millisecond, queue: 48000})
	w.trace(t, "drop", 52*time.Second)
}
