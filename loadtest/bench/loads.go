package bench

import (
	"fmt"
	"slices"
	"time"

	"preau/loadtest/crowd"
)

// load is one row to measure.
type load struct {
	name string
	plan crowd.Plan
	goal func(*Report, *crowd.Report) string
}

// growing begins the names of the rows by which linearity is told.
const growing = "a class of "

// usual is the row whose class is of a usual size.
const usual = growing + "30"

// bigBell is the row that many small classes are compared with.
const bigBell = "300 come within 10 s"

// The goals, in the units of crowd.Report.
const (
	goalPacket   = 3.0   // µs of CPU, and not above the limit by sendto
	goalMemory   = 0.4   // MiB a person
	goalDelay50  = 2.0   // ms
	goalDelay99  = 10.0  // ms
	goalBell150  = 150.0 // ms, 95 % of the joins
	goalBell300  = 600.0 // ms
	goalSmall    = 1.15  // times what a packet of one big class costs
	loadedLength = 10 * time.Second
)

func loads(short bool) []load {
	class := func(pupils int, ramp time.Duration) crowd.Plan {
		return crowd.Plan{Classes: 1, Teachers: 1, Pupils: pupils, Screen: true, Ramp: ramp, Length: loadedLength}
	}
	if short {
		short := class(60, 3*time.Second)
		short.Length = 20 * time.Second
		return []load{{name: growing + "60", plan: short, goal: whole}}
	}
	var all []load
	for _, pupils := range []int{30, 60, 90, 120, 150} {
		l := load{name: fmt.Sprintf("%s%d", growing, pupils), plan: class(pupils, 5*time.Second)}
		if pupils == 150 {
			l.goal = big
		}
		all = append(all, l)
	}
	bell := func(pupils int) crowd.Plan {
		return crowd.Plan{Classes: 1, Teachers: 1, Pupils: pupils, Ramp: 10 * time.Second, Length: loadedLength}
	}
	many := bell(4)
	many.Classes = 60
	return append(
		all,
		load{"150 come within 10 s", bell(150), joins(goalBell150)},
		load{bigBell, bell(300), joins(goalBell300)},
		load{"60 classes of 5", many, small},
		load{"beyond the machine: 450", class(450, 20*time.Second), nil},
	)
}

// whole is what is asked of a short load: everybody has come, nobody has lost a packet, and the machine is not spent
// on more than twice what it asks for.
func whole(r *Report, c *crowd.Report) string {
	return told(fmt.Sprintf("nothing is lost, nobody fails, ≤ %.1f µs, twice the limit", 2*r.Sendto()),
		fine(c), c.Server.MicrosecondsPacket <= 2*r.Sendto())
}

// fine says that everybody has come, each pupil has heard, nobody has lost a packet, and what it cost is known.
func fine(c *crowd.Report) bool {
	return c.Media.Lost == 0 && c.Joins.Failed == 0 && c.Media.Silent == c.Classes && c.Server.MicrosecondsPacket > 0 && c.Server.BytesPerson > 0
}

func big(r *Report, c *crowd.Report) string {
	return told(fmt.Sprintf("≤ %.1f µs and ≤ %.1f, the limit; ≤ %.1f MiB a person; delay ≤ %.0f and %.0f ms", goalPacket, r.Sendto(), goalMemory, goalDelay50, goalDelay99),
		fine(c), c.Server.MicrosecondsPacket <= min(goalPacket, r.Sendto()), float64(c.Server.BytesPerson) <= goalMemory*(1<<20),
		c.Media.DelayP50 <= goalDelay50, c.Media.DelayP99 <= goalDelay99)
}

func joins(p95 float64) func(*Report, *crowd.Report) string {
	return func(_ *Report, c *crowd.Report) string {
		return told(fmt.Sprintf("95 %% ≤ %.0f ms, nobody fails", p95), c.Joins.P95 <= p95, c.Joins.P95 > 0, c.Joins.Failed == 0)
	}
}

// small compares with the class of 300.
func small(r *Report, c *crowd.Report) string {
	one := 0.0
	for _, row := range r.Rows {
		if row.Name == bigBell {
			one = row.Load.Server.MicrosecondsPacket
		}
	}
	return told(fmt.Sprintf("≤ %.2f times the class of 300, %.1f µs", goalSmall, one), fine(c), c.Server.MicrosecondsPacket <= goalSmall*one)
}

const missed = "**not reached**: "

func told(goal string, reached ...bool) string {
	if slices.Contains(reached, false) {
		return missed + goal
	}
	return "reached: " + goal
}
