// Package bench holds the same classes on a fresh server each, beside the limit of the machine that they are held
// on, and compares with the goals: in one run, as machines differ from each other and from themselves.
package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os/exec"
	"strings"
	"time"

	"preau/loadtest/crowd"
	"preau/loadtest/limit"
)

// Options of a run.
type Options struct {
	Program string       // preau
	Serve   []string     // more flags of its server
	Short   bool         // a class of 60 for a few seconds beside the limit, and no more
	Tell    func(string) // what is being done
}

// Report is all that was measured.
type Report struct {
	Limit  []limit.Result // measured before the rows
	After  []limit.Result // and after them: a machine is not always as quick
	Rows   []Row
	Linear float64 // R² of CPU against packets, of a straight line; 0: not measured
}

// Row is one load.
type Row struct {
	Name string
	Load *crowd.Report
	Goal string // what is asked of it, and whether it was reached; empty: nothing
}

const (
	pictureSize = 1100 // bytes
	picture     = 8    // packets
	// eachRate is how many packets a second a pupil of the classes that are compared receives: the limit is
	// measured under the same load.
	eachRate = 200
)

// Run measures, for some minutes. A short run that was only too dear is repeated once: a shared machine may have been
// slower for just that while, which happens twice in a row to who is too dear.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	r, err := run(ctx, o)
	if err == nil && o.Short && len(r.Missed()) > 0 && fine(r.Rows[0].Load) {
		return run(ctx, o)
	}
	return r, err
}

func run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{}
	pupils, length := 150, 4*time.Second
	if o.Short {
		pupils, length = 60, 2*time.Second
	}
	measure := func() ([]limit.Result, error) {
		o.Tell("the machine's limit")
		return limits(ctx, o.Program, pupils, length)
	}
	var err error
	if r.Limit, err = measure(); err != nil {
		return nil, fmt.Errorf("the limit: %w", err)
	}
	all := loads(o.Short)
	for _, l := range all {
		o.Tell(l.name)
		report, err := hold(ctx, o, l.plan)
		if err != nil {
			return r, fmt.Errorf("%s: %w", l.name, err)
		}
		r.Rows = append(r.Rows, Row{Name: l.name, Load: report})
	}
	if r.After, err = measure(); err != nil {
		return nil, fmt.Errorf("the limit: %w", err)
	}
	for i, l := range all {
		if l.goal != nil {
			r.Rows[i].Goal = l.goal(r, r.Rows[i].Load)
		}
	}
	r.Linear = r.straightness()
	return r, nil
}

// Sendto is the machine's limit with a call for each packet, in µs of CPU, over all the run.
func (r *Report) Sendto() float64 { return (r.Limit[0].Microseconds() + r.After[0].Microseconds()) / 2 }

// Missed are the names of the rows whose goal was not reached.
func (r *Report) Missed() (names []string) {
	for _, row := range r.Rows {
		if strings.HasPrefix(row.Goal, missed) {
			names = append(names, row.Name)
		}
	}
	return names
}

// limits runs the receivers in a process of their own.
func limits(ctx context.Context, program string, receivers int, length time.Duration) (results []limit.Result, err error) {
	command := exec.CommandContext(ctx, program, "load", "limit", "--receive", "--receivers", fmt.Sprint(receivers))
	in, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close(), command.Wait()) }()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the receivers: %w", err)
	}
	var to []netip.AddrPort
	if err := json.Unmarshal(line, &to); err != nil {
		return nil, err
	}
	return limit.Run(ctx, limit.Plan{To: to, Picture: picture, Size: pictureSize, Rate: eachRate * receivers, Length: length})
}

// straightness is R² of a straight line through the rows of one class that grows.
func (r *Report) straightness() float64 {
	var x, y []float64
	for _, row := range r.Rows {
		if row.Load.Classes == 1 && strings.HasPrefix(row.Name, growing) {
			x = append(x, float64(row.Load.Server.Packets)/row.Load.Seconds)
			y = append(y, row.Load.Server.Cores)
		}
	}
	if len(x) < 3 {
		return 0
	}
	var sx, sy, sxx, syy, sxy float64
	n := float64(len(x))
	for i := range x {
		sx, sy = sx+x[i], sy+y[i]
		sxx, syy, sxy = sxx+x[i]*x[i], syy+y[i]*y[i], sxy+x[i]*y[i]
	}
	return math.Pow(n*sxy-sx*sy, 2) / ((n*sxx - sx*sx) * (n*syy - sy*sy))
}
