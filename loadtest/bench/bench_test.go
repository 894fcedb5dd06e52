package bench

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"preau/loadtest/crowd"
	"preau/loadtest/limit"
)

// measured is a report as of a machine whose limit by sendto is 4 µs.
func measured(rows ...Row) *Report {
	r := &Report{Rows: rows}
	for _, way := range []string{"sendto", "sendmmsg", "sendmmsg and UDP GSO"} {
		r.Limit = append(r.Limit, limit.Result{Way: way, Packets: 1000, CPU: 4 * time.Millisecond})
	}
	r.After = r.Limit
	return r
}

func held(packets uint64, cores, microseconds float64) *crowd.Report {
	c := &crowd.Report{Classes: 1, People: 61, Seconds: 10}
	c.Server.Packets, c.Server.Cores, c.Server.MicrosecondsPacket = packets, cores, microseconds
	c.Media.Silent, c.Server.BytesPerson, c.Joins.P95 = 1, 1<<18, 100
	return c
}

func TestGoalsAreHeldToTheLimit(t *testing.T) {
	r := measured()
	for name, c := range map[string]struct {
		goal    func(*Report, *crowd.Report) string
		change  func(*crowd.Report)
		reached bool
	}{
		"as cheap as asked for":   {whole, func(*crowd.Report) {}, true},
		"too dear":                {whole, func(c *crowd.Report) { c.Server.MicrosecondsPacket = 8.1 }, false},
		"a packet is lost":        {whole, func(c *crowd.Report) { c.Media.Lost = 1 }, false},
		"one could not come":      {whole, func(c *crowd.Report) { c.Joins.Failed = 1 }, false},
		"one hears nothing":       {whole, func(c *crowd.Report) { c.Media.Silent = 2 }, false},
		"nothing is known of it":  {whole, func(c *crowd.Report) { c.Server.MicrosecondsPacket = 0 }, false},
		"a big one loses":         {big, func(c *crowd.Report) { c.Server.MicrosecondsPacket, c.Media.Lost = 1, 1 }, false},
		"nobody came":             {joins(150), func(c *crowd.Report) { c.Joins.P95 = 0 }, false},
		"dearer than the limit":   {big, func(c *crowd.Report) { c.Server.MicrosecondsPacket = 4.1 }, false},
		"cheap, small and quick":  {big, func(c *crowd.Report) { c.Server.MicrosecondsPacket = 2.9 }, true},
		"too large":               {big, func(c *crowd.Report) { c.Server.MicrosecondsPacket = 1; c.Server.BytesPerson = 1 << 20 }, false},
		"slow for one in hundred": {big, func(c *crowd.Report) { c.Server.MicrosecondsPacket = 1; c.Media.DelayP99 = 11 }, false},
		"comes in time":           {joins(150), func(c *crowd.Report) { c.Joins.P95 = 150 }, true},
		"comes late":              {joins(150), func(c *crowd.Report) { c.Joins.P95 = 151 }, false},
	} {
		report := held(1000, 0.1, 8)
		c.change(report)
		if got := c.goal(r, report); strings.HasPrefix(got, missed) == c.reached {
			t.Errorf("%s: %s", name, got)
		}
	}
	one := measured(Row{Name: bigBell, Load: held(1, 1, 10)})
	for dear, reached := range map[float64]bool{11.4: true, 11.6: false} {
		if got := small(one, held(1, 1, dear)); strings.HasPrefix(got, missed) == reached {
			t.Errorf("%v µs beside 10: %s", dear, got)
		}
	}
}

func TestStraightLine(t *testing.T) {
	rows := func(cores ...float64) (all []Row) {
		for i, c := range cores {
			all = append(all, Row{Name: fmt.Sprintf("%s%d", growing, i), Load: held(uint64(i+1)*1000, c, 1)})
		}
		return append(all, Row{Name: "60 classes", Load: held(9, 9, 9)})
	}
	if got := measured(rows(0.1, 0.2, 0.3)...).straightness(); math.Abs(got-1) > 1e-9 {
		t.Errorf("a straight line has %v", got)
	}
	if got := measured(rows(0.1, 0.9, 0.2, 0.8)...).straightness(); got > 0.7 {
		t.Errorf("no line has %v", got)
	}
	if got := measured(rows(0.1, 0.2)...).straightness(); got != 0 {
		t.Errorf("two points have %v", got)
	}
}

func TestReportTells(t *testing.T) {
	r := measured(Row{Name: "a class", Load: held(1000, 0.5, 5), Goal: missed + "less"}, Row{Name: "another", Load: held(1, 1, 1), Goal: "reached: it"})
	text := r.String()
	for _, want := range []string{"| AES-128-GCM and sendto | 4.00 µs | 4.00 µs |", "| a class | 100 | 5.00 µs | 0.50,"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if got := r.Missed(); len(got) != 1 || got[0] != "a class" {
		t.Errorf("missed %v", got)
	}
}
