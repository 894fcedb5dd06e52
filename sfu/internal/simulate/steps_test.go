package simulate

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func steady(bits float64) func(time.Duration) float64 {
	return func(time.Duration) float64 { return bits }
}

// lateAt is how long the unluckiest voice packet but one in twenty stood in the queue.
func (w *world) lateAt(from, to time.Duration) time.Duration {
	var late []time.Duration
	for i, at := range w.voiceAt {
		if at >= from && at < to {
			late = append(late, w.voiceLate[i])
		}
	}
	slices.Sort(late)
	return late[len(late)*19/20]
}

// until runs until the condition holds, and says how long that took.
func (w *world) until(t *testing.T, what string, most time.Duration, holds func() bool) time.Duration {
	t.Helper()
	from := w.now
	for !holds() {
		if w.now-from > most {
			t.Fatalf("%s: not within %v; the estimate is %d", what, most, w.e.Snapshot().Bits)
		}
		w.run(step)
	}
	return w.now - from
}

func (w *world) sees(spatial int) func() bool {
	return func() bool { return w.current >= spatial }
}

func TestStartOnAFreeLink(t *testing.T) {
	w := newWorld(&link{rate: steady(20e6), delay: 20 * time.Millisecond, queue: 64_000})
	t.Logf("a picture after %v", w.until(t, "a picture", 600*time.Millisecond, w.sees(0)))
	t.Logf("the largest after %v", w.until(t, "the largest picture", 2*time.Second, w.sees(2)))
}

func TestStartOnAThinLink(t *testing.T) {
	for _, bits := range []float64{64e3, 80e3, 100e3, 120e3} {
		w := newWorld(&link{rate: steady(bits), delay: 150 * time.Millisecond, queue: 16_000})
		w.run(60 * time.Second)
		late := w.lateAt(0, 3*time.Second)
		t.Logf("%.0f kb/s: voice waits %v at the start, %v later; %d bytes of padding", bits/1000, late, w.lateAt(3*time.Second, time.Minute), w.padBytes)
		if late > 150*time.Millisecond {
			t.Errorf("%.0f kb/s: voice waits %v at the start", bits/1000, late)
		}
		if most := int(bits / 8 * 60 * 0.02); w.padBytes > most {
			t.Errorf("%.0f kb/s: %d bytes of padding, at most %d", bits/1000, w.padBytes, most)
		}
	}
}

// TestDrop is the link that falls from 1200 to 100 kb/s for 25 s, with half a second there and back.
func TestDrop(t *testing.T) {
	const falls, returns = 15 * time.Second, 40 * time.Second
	w := newWorld(&link{delay: 125 * time.Millisecond, queue: 48_000, rate: func(now time.Duration) float64 {
		if now >= falls && now < returns {
			return 100e3
		}
		return 1200e3
	}})
	w.run(falls)
	before := w.current
	w.until(t, "the fall seen", time.Second, func() bool { return w.e.Snapshot().Queue > 60*time.Millisecond })
	seen := w.now
	took := w.until(t, "the estimate below the link", 400*time.Millisecond, func() bool { return w.e.Snapshot().Bits < 100_000 })
	t.Logf("the estimate is below after %v, %v after the fall shows in a report", w.now-falls, took)
	w.run(step)
	w.videoSent = 0
	drained := w.until(t, "the queue empty", 12*time.Second, func() bool { return w.link.stands(w.now) < 50*time.Millisecond })
	t.Logf("the queue drained in %v", drained)
	if w.videoSent > 0 {
		t.Errorf("%d bytes of video sent before the queue was empty, from %v on", w.videoSent, seen)
	}
	w.run(returns - w.now)
	back := w.until(t, "the old picture", 10*time.Second, w.sees(before))
	t.Logf("the old picture after %v", back)
}

// TestBesideADownload: neither starves the other, whichever was there first. Where the download was, what the link
// carries was never seen.
func TestBesideADownload(t *testing.T) {
	for name, alone := range map[string]time.Duration{"that comes": 10 * time.Second, "that was there": 0} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(&link{rate: steady(1e6), delay: 40 * time.Millisecond, queue: 64_000})
			w.run(alone)
			w.tcp = &download{window: 2, threshold: 1000}
			w.run(30*time.Second - alone)
			w.tcp.bytes, w.videoBytes = 0, 0
			w.run(time.Minute)
			theirs, ours := float64(w.tcp.bytes)*8/60, float64(w.videoBytes)*8/60
			t.Logf("the download has %.0f kb/s, the picture %.0f", theirs/1000, ours/1000)
			if theirs < 0.4e6 || ours < 0.05e6 {
				t.Errorf("the download has %.0f kb/s, the picture %.0f", theirs/1000, ours/1000)
			}
		})
	}
}

// TestVoiceThatFillsItsLink: a queue of one's own is not taken for another's, but for a moment.
func TestVoiceThatFillsItsLink(t *testing.T) {
	w := newWorld(&link{rate: steady(1.01 * voiceBits), delay: 150 * time.Millisecond, queue: 16_000})
	w.run(5 * time.Minute)
	video := float64(w.videoBytes) / float64(w.videoBytes+int(voiceBits/8*300))
	t.Logf("%.1f %% of what came is a picture", 100*video)
	if video > 0.02 {
		t.Errorf("%.1f %% of what came is a picture", 100*video)
	}
}

func TestBurstsOfLoss(t *testing.T) {
	l := &link{rate: steady(1e6), delay: 60 * time.Millisecond, queue: 48_000}
	l.loss = bursts(rand.New(rand.NewPCG(7, 7)), 0.03, 5)
	w := newWorld(l)
	w.run(20 * time.Second)
	w.videoBytes = 0
	w.run(40 * time.Second)
	if got := float64(w.videoBytes) * 8 / 40; got < 400e3 {
		t.Errorf("the picture has %.0f kb/s", got/1000)
	}
}

// TestNoPaddingForNothing: nothing is tried when all wanted is sent, or only voice is.
func TestNoPaddingForNothing(t *testing.T) {
	w := newWorld(&link{rate: steady(5e6), delay: 30 * time.Millisecond, queue: 64_000})
	w.run(10 * time.Second)
	w.padBytes = 0
	w.run(30 * time.Second)
	if w.padBytes > 0 {
		t.Errorf("%d bytes of padding though all is sent", w.padBytes)
	}
	w = newWorld(&link{rate: steady(5e6), delay: 30 * time.Millisecond, queue: 64_000})
	w.off = true
	w.run(30 * time.Second)
	if w.padBytes > 0 {
		t.Errorf("%d bytes of padding beside voice alone", w.padBytes)
	}
}

// TestNoPictureMissing: a picture larger than what may wait leaves whole, and what follows it.
func TestLargePictureLeavesWhole(t *testing.T) {
	w := newWorld(&link{rate: steady(300e3), delay: 30 * time.Millisecond, queue: 64_000})
	w.run(30 * time.Second)
	if w.keys > 3 {
		t.Errorf("%d keyframes in 30 s", w.keys)
	}
}
