package probe

import (
	"testing"
	"time"
)

var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// line is a link that carries so much, with an estimator that believes each cluster.
type line struct {
	p     Prober
	bits  uint64
	state State
	now   time.Time
	sent  []Cluster
	at    []time.Duration
}

func (l *line) run(d time.Duration) {
	var due time.Time
	var last Cluster
	for end := l.now.Add(d); l.now.Before(end); l.now = l.now.Add(100 * time.Millisecond) {
		if !due.IsZero() && !l.now.Before(due) {
			due = time.Time{}
			l.state.Result, l.state.ResultOf = min(last.Bits, l.bits), last.Number
			l.state.Estimate = max(l.state.Estimate, l.state.Result*95/100)
		}
		if c, ok := l.p.Step(l.state, l.now); ok {
			l.sent, l.at = append(l.sent, c), append(l.at, l.now.Sub(start))
			last, due = c, l.now.Add(200*time.Millisecond)
			l.state.Result = 0
		}
		if l.state.Estimate >= l.state.Need {
			l.state.Next = 0
		}
	}
}

func newLine(carries, estimate, need uint64) *line {
	return &line{bits: carries, now: start, state: State{
		Estimate: estimate, Need: need, Next: estimate + 10_000, RTT: 100 * time.Millisecond,
	}}
}

func TestStartIsExponential(t *testing.T) {
	l := newLine(20e6, 100_000, 2_500_000)
	l.run(2 * time.Second)
	if l.state.Estimate < 2_500_000 || len(l.sent) > 5 {
		t.Errorf("%d after %d clusters", l.state.Estimate, len(l.sent))
	}
}

// On a thin link a cluster takes about a tenth of a second, and they become rare.
func TestThinLink(t *testing.T) {
	l := newLine(32_000, 30_000, 2_000_000)
	l.run(time.Minute)
	bytes := 0
	for i, c := range l.sent {
		bytes += c.Packets * c.Size
		if took := time.Duration(c.Packets*c.Size*8) * time.Second / 32_000; took > 120*time.Millisecond {
			t.Errorf("cluster %d takes %v", i, took)
		}
	}
	if bytes > 32_000/8*60*2/100 {
		t.Errorf("%d bytes of padding in a minute", bytes)
	}
	if len(l.sent) < 4 {
		t.Errorf("only %d clusters in a minute", len(l.sent))
	}
}

func TestClusterIsBounded(t *testing.T) {
	for estimate := uint64(10_000); estimate < 20_000_000; estimate *= 2 {
		var p Prober
		c, ok := p.Step(State{Estimate: estimate, Need: 1e9, Next: 1e9}, start)
		if !ok || c.Number == 0 || c.Packets < 5 || c.Size < least || c.Size > largest {
			t.Fatalf("%d: %+v", estimate, c)
		}
		if took := time.Duration(c.Packets*c.Size*8) * time.Second / time.Duration(estimate); took > 100*time.Millisecond && c.Size > least {
			t.Errorf("%d: %+v takes %v at the estimate", estimate, c, took)
		}
	}
}

// A link that fell is tried often enough to be used again within ten seconds.
func TestLinkThatReturns(t *testing.T) {
	l := newLine(2e6, 1e6, 1_500_000)
	l.run(5 * time.Second)
	l.bits, l.state.Estimate, l.state.Next = 100_000, 85_000, 200_000
	l.run(25 * time.Second)
	l.bits = 2e6
	l.run(6 * time.Second)
	if l.state.Estimate < 1_500_000 {
		t.Errorf("the estimate is %d six seconds after", l.state.Estimate)
	}
}

func TestNotForNothing(t *testing.T) {
	for name, s := range map[string]State{
		"all have what they want": {Estimate: 500_000, Need: 400_000},
		"there is no estimate":    {Next: 500_000, Need: 500_000},
		"delay is growing":        {Estimate: 100_000, Next: 500_000, Need: 500_000, Noisy: true},
		"it fits already":         {Estimate: 500_000, Next: 500_001, Need: 400_000},
	} {
		var p Prober
		for i := range 100 {
			if c, ok := p.Step(s, start.Add(time.Duration(i)*100*time.Millisecond)); ok {
				t.Errorf("%s: %+v", name, c)
				break
			}
		}
	}
}

// A result that never comes is a failure too.
func TestLostClusterIsGivenUp(t *testing.T) {
	var p Prober
	s := State{Estimate: 100_000, Next: 500_000, Need: 500_000}
	sent := 0
	for i := range 600 {
		if _, ok := p.Step(s, start.Add(time.Duration(i)*100*time.Millisecond)); ok {
			sent++
		}
	}
	if sent < 4 || sent > 8 {
		t.Errorf("%d clusters in a minute", sent)
	}
}
