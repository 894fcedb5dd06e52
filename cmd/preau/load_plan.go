package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v3"

	"preau/loadtest/bench"
	"preau/loadtest/plan"
)

// loadPlanCommand is `preau load plan`.
func loadPlanCommand(out io.Writer) *cli.Command {
	var (
		s    plan.School
		n    plan.Node
		b    plan.Bell
		file string
		seed int64
	)
	return &cli.Command{
		Name:  "plan",
		Usage: "say how many machines a school needs, and how it comes when the bell rings",
		Description: "What a packet, a person and a join cost is taken from a report of preau load bench, made on such a\n" +
			"machine; without one, from a slow virtual machine.",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "pupils", Usage: "of the school, or of all its schools", Value: 400_000, Destination: &s.Pupils},
			&cli.FloatFlag{Name: "at-once", Usage: "which share of them is in class at the same time", Value: 0.25, Destination: &s.AtOnce},
			&cli.IntFlag{Name: "class", Usage: "pupils of one", Value: 25, Destination: &s.Class},
			&cli.IntFlag{Name: "cameras", Usage: "how many of them show one", Value: 2, Destination: &s.Cameras},
			&cli.FloatFlag{Name: "screens", Usage: "in which share of the classes a screen is shared", Value: 0.5, Destination: &s.Screens},
			&cli.FloatFlag{Name: "record", Usage: "which share of them is recorded", Value: 0.1, Destination: &s.Record},
			&cli.FloatFlag{Name: "hours", Usage: "of class a day", Value: 6, Destination: &s.Hours},
			&cli.IntFlag{Name: "cores", Usage: "of a machine", Value: 16, Destination: &n.Cores},
			&cli.IntFlag{Name: "memory", Usage: "of a machine, in GiB", Value: 64, Destination: &n.Memory},
			&cli.FloatFlag{Name: "gbit", Usage: "a second, of its network", Value: 10, Destination: &n.Gbit},
			&cli.FloatFlag{Name: "load", Usage: "which share of each may be used at the busiest time", Value: 0.7, Destination: &n.Load},
			&cli.DurationFlag{Name: "bell", Usage: "within which everybody comes", Value: 5 * time.Minute, Destination: &b.Within},
			&cli.Int64Flag{Name: "seed", Usage: "of who comes when", Value: 1, Destination: &seed},
			&cli.StringFlag{Name: "bench", Usage: "`FILE` of preau load bench --json", Destination: &file},
		},
		Action: func(context.Context, *cli.Command) error {
			costs := plan.Measured
			if file != "" {
				var err error
				if costs, err = costsIn(file); err != nil {
					return fmt.Errorf("load plan: %s: %w", file, err)
				}
			}
			if b.Within <= 0 {
				return fmt.Errorf("load plan: the bell: nobody comes within %v", b.Within)
			}
			need, err := plan.Plan(s, n, costs)
			if err != nil {
				return fmt.Errorf("load plan: %w", err)
			}
			b.Seed = uint64(seed)
			_, err = fmt.Fprint(out, planText(s, n, costs, need, plan.Ring(s, n, costs, need, b, plan.Fewest), b))
			return err
		},
	}
}

func costsIn(file string) (plan.Costs, error) {
	f, err := os.Open(file)
	if err != nil {
		return plan.Costs{}, err
	}
	defer f.Close()
	return bench.ReadCosts(f)
}

func planText(s plan.School, n plan.Node, c plan.Costs, need plan.Need, m plan.Morning, b plan.Bell) string {
	return fmt.Sprintf(`| what | how much |
| --- | --- |
| in class at once | %d classes of %d, %d people with their teachers |
| a packet, a person, a join | %.1f µs, %.2f MiB, %.1f ms |
| sent | %.1f million packets/s, %.0f Gb/s |
| received | %.1f Gb/s |
| cores | %.0f |
| memory | %.0f GiB |
| machines of %d cores, %d GiB and %g Gb/s | %d, one of them to spare, for the %s |
| recordings | %.2f TB a day |
| the bell: all within %v | %d joins in the busiest second |
| a join | half within %.0f ms, 99 %% within %.0f, the slowest %.0f |
| the busiest machine | %d classes, %.0f %% of its cores |
`, need.Classes, s.Class, need.People, c.Packet, c.Person, c.Join, need.Packets/1e6, need.Out, need.In, need.Cores, need.Memory,
		n.Cores, n.Memory, n.Gbit, need.Nodes, need.By, need.Recordings, b.Within, m.JoinsPerSecond,
		ms(m.Wait50), ms(m.Wait99), ms(m.Slowest), m.ClassesOfBusiest, 100*m.BusiestNode)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
