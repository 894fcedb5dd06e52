package estimate

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func between(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %.0f kb/s, want %.0f to %.0f", what, got, low, high)
	}
}

func TestConvergesFromBelow(t *testing.T) {
	s := newSender(Options{}, &link{kbps: 1000, delay: 30 * time.Millisecond, queue: time.Second})
	between(t, "after 30 s", s.run(30*time.Second), 650, 1150)
	if q := s.queued(); q > 250*time.Millisecond {
		t.Errorf("%v of queue", q)
	}
}

func TestConvergesFromAbove(t *testing.T) {
	s := newSender(Options{Start: 2_000_000}, &link{kbps: 300, delay: 30 * time.Millisecond, queue: 2 * time.Second})
	between(t, "after 6 s", s.run(6*time.Second), 80, 330)
	if q := s.queued(); q > 250*time.Millisecond {
		t.Errorf("%v of queue", q)
	}
}

func TestFallsQuicklyAndRecovers(t *testing.T) {
	l := &link{kbps: 1500, delay: 30 * time.Millisecond, queue: 3 * time.Second}
	s := newSender(Options{Start: 1_200_000}, l)
	s.run(20 * time.Second)
	l.kbps = 300
	between(t, "2 s after the link narrows", s.run(2*time.Second), 50, 330)
	s.run(8 * time.Second)
	if q := s.queued(); q > 300*time.Millisecond {
		t.Errorf("%v of queue 10 s after the link narrows", q)
	}
	l.kbps = 1500
	between(t, "40 s after it widens", s.run(40*time.Second), 900, 1700)
}

func TestRadioLossDoesNotPullDown(t *testing.T) {
	s := newSender(Options{Start: 800_000}, &link{kbps: 1000, delay: 30 * time.Millisecond, queue: time.Second, loss: 40})
	between(t, "with 4 % lost", s.run(30*time.Second), 600, 1150)
}

func TestHeavyLossPullsDown(t *testing.T) {
	s := newSender(Options{Start: 800_000}, &link{kbps: 10_000, delay: 30 * time.Millisecond, queue: time.Second, loss: 300})
	between(t, "with 30 % lost", s.run(20*time.Second), 0, 500)
}

func TestVerySlowLink(t *testing.T) {
	s := newSender(Options{}, &link{kbps: 64, delay: 150 * time.Millisecond, queue: 5 * time.Second})
	s.size = 300 // voice, and small pictures
	between(t, "after 30 s", s.run(30*time.Second), 25, 75)
}

func TestStaysNearWhatIsSent(t *testing.T) {
	s := newSender(Options{}, &link{kbps: 50_000, delay: 30 * time.Millisecond, queue: time.Second})
	s.limit = 200
	between(t, "sending 200 kb/s", s.run(60*time.Second), 200, 330)
	s.e.SetDemand(600_000)
	between(t, "asked for 600 kb/s", s.run(30*time.Second), 500, 800)
}

func TestProbeShowsMore(t *testing.T) {
	s := newSender(Options{}, &link{kbps: 5000, delay: 30 * time.Millisecond, queue: time.Second})
	s.limit, s.probe = 200, true
	between(t, "probing", s.run(10*time.Second), 2500, 5500)
}

// A page's packet that is on the way to the same pupil takes a third of a second of a thin link.
func TestSomebodyElsesPacketIsNoQueue(t *testing.T) {
	l := &link{kbps: 32, delay: 325 * time.Millisecond, queue: 4 * time.Second}
	s := newSender(Options{Start: 30_000}, l)
	s.limit, s.size = 20, 150
	least := s.run(5 * time.Second)
	for range 12 {
		l.free = max(l.free, s.now) + 1500*8*time.Second/32_000
		least = min(least, s.run(700*time.Millisecond), s.run(2*time.Second))
	}
	between(t, "the least", least, 16, 40)
}

func TestSinksWhenFeedbackStaysAway(t *testing.T) {
	l := &link{kbps: 1000, delay: 30 * time.Millisecond, queue: time.Second}
	s := newSender(Options{Start: 800_000}, l)
	s.run(5 * time.Second)
	l.loss = 1000
	between(t, "after 5 s of silence", s.run(5*time.Second), 10, 120)
	l.loss = 0
	between(t, "40 s later", s.run(40*time.Second), 500, 1150)
}

// Reports that should have come and have not are missed at once, and not while all is well. Where nothing
// is sent any more nothing can be missed.
func TestOverdue(t *testing.T) {
	l := &link{kbps: 1500, delay: 125 * time.Millisecond, queue: time.Second, loss: 40}
	s := newSender(Options{Start: 800_000}, l)
	s.limit = 700
	s.run(10 * time.Second)
	overdue := func() bool { return s.e.Overdue(epoch.Add(s.now)) }
	for end := s.now + 30*time.Second; s.now < end; s.run(5 * time.Millisecond) {
		if overdue() {
			t.Fatalf("overdue at %v", s.now)
		}
	}
	l.loss = 1000
	from := s.now
	for !overdue() && s.now-from < time.Second {
		s.run(5 * time.Millisecond)
	}
	if took := s.now - from; took < 250*time.Millisecond || took > 480*time.Millisecond {
		t.Errorf("missed after %v: a round trip is 250ms, the reports come 100ms apart", took)
	}
	if s.e.Overdue(epoch.Add(s.now + knocking)) {
		t.Error("nothing may leave, for ever")
	}
	thin := newSender(Options{Start: 100_000}, &link{kbps: 100, delay: 150 * time.Millisecond, queue: time.Second})
	for range 1000 {
		if thin.run(5 * time.Millisecond); thin.e.Overdue(epoch.Add(thin.now)) {
			t.Fatalf("on a thin link, at %v", thin.now)
		}
	}
}

func TestReferenceTimeWraps(t *testing.T) {
	e := New(Options{})
	before := e.reference(1<<24 - 1)
	if after := e.reference(1); after-before != 2*64*time.Millisecond {
		t.Errorf("two units across the wrap-around are %v", after-before)
	}
}

func TestSentDoesNotAllocate(t *testing.T) {
	e, n := New(Options{}), uint16(0)
	if allocs := testing.AllocsPerRun(1000, func() { n++; e.Sent(n, 1200, 0, epoch) }); allocs != 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
}

// FuzzFeedback feeds whatever parses as a report.
func FuzzFeedback(f *testing.F) {
	raw, err := report(65000, []arrival{{65000, time.Second}, {65002, time.Second + 7*time.Millisecond}}).Marshal()
	if err == nil {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var fb rtcp.TransportLayerCC
		if fb.Unmarshal(raw) != nil {
			return
		}
		e := New(Options{})
		for i := range 100 {
			e.Sent(uint16(65000+i), 1000, 0, epoch.Add(time.Duration(i)*time.Millisecond))
		}
		e.Feedback(&fb, epoch.Add(time.Second))
		e.Feedback(&fb, epoch.Add(2*time.Second))
		if s := e.Snapshot(); s.Bits < 10_000 || s.Bits > 20_000_000 {
			t.Fatalf("%+v", s)
		}
	})
}
