package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"preau/loadtest/link"
)

// loadLinkCommand is `preau load link`: a program behind a weak link, or a host
// there for others to use.
func loadLinkCommand(in io.Reader, out, errOut io.Writer) *cli.Command {
	l := linkLoad{in: in, out: out, errOut: errOut}
	return &cli.Command{
		Name:      "link",
		Usage:     "run a program on a host of its own behind a weak link to this machine (needs root)",
		ArgsUsage: "[-- PROGRAM [ARGUMENT…]]",
		Description: "Down is towards the program. Without a program, the far host's name for `ip netns exec`,\n" +
			"both addresses and when the profile changes (seconds) are printed as one line of JSON, and the\n" +
			"link stands until the input ends.\n" +
			"A flag for a condition changes the profile's first ones, and leaves out what its script would change.\n" +
			"Profiles: " + strings.Join(profileNames(), ", ") + ".",
		Flags: append(l.conditions(),
			&cli.StringFlag{Name: "profile", Usage: "one of the named links", Value: link.Free, Destination: &l.profile},
			&cli.StringFlag{Name: "trace-down", Usage: "`FILE` of the down rate over time: seconds and kb/s a line, or a mahimahi trace", Destination: &l.traceDown},
			&cli.StringFlag{Name: "trace-up", Usage: "`FILE` of the up rate over time", Destination: &l.traceUp},
			&cli.Uint64Flag{Name: "seed", Usage: "of losses and jitter: the same seed loses the same packets", Value: 1, Destination: &l.seed},
			&cli.StringFlag{Name: "net", Usage: "four addresses for the two ends, as 10.77.0.0/30 (default: at random)", Destination: &l.net},
			&cli.StringFlag{Name: "report", Usage: "`FILE` that gets a line of JSON a second: what became of the packets", Destination: &l.report},
			&cli.BoolFlag{Name: "hold", Usage: "carry everything until a line of input says begin", Destination: &l.hold},
		),
		Action: func(ctx context.Context, cmd *cli.Command) error { return l.run(ctx, cmd.Args().Slice()) },
	}
}

// linkLoad is what the flags of `preau load link` say.
type linkLoad struct {
	in                          io.Reader
	out, errOut                 io.Writer
	profile, traceDown, traceUp string
	net, report                 string
	seed                        uint64
	hold                        bool
	changes                     []func(*link.Profile)
}

// conditions are flags that change the profile's first conditions. Whoever gives
// one has a link of their own, which stays as it is: the script is left out.
func (l *linkLoad) conditions() []cli.Flag {
	var flags []cli.Flag
	ways := []struct {
		suffix, usage string
		of            func(*link.Profile) *link.Way
	}{
		{"-down", "towards the program", func(p *link.Profile) *link.Way { return &p.Down }},
		{"-up", "from the program", func(p *link.Profile) *link.Way { return &p.Up }},
	}
	for _, w := range ways {
		change := func(set func(*link.Way)) { l.changes = append(l.changes, func(p *link.Profile) { set(w.of(p)) }) }
		number := func(name, usage string, set func(*link.Way, float64)) {
			flags = append(flags, &cli.FloatFlag{Name: name + w.suffix, Usage: usage + " " + w.usage, HideDefault: true, Action: func(_ context.Context, _ *cli.Command, n float64) error {
				change(func(w *link.Way) { set(w, n) })
				return nil
			}})
		}
		number("rate", "kb/s, 0 for free,", func(w *link.Way, n float64) { w.Rate = link.Rate(n * float64(link.Kilobit)) })
		number("delay", "milliseconds of delay", func(w *link.Way, n float64) { w.Delay = milliseconds(n) })
		number("jitter", "milliseconds of jitter", func(w *link.Way, n float64) { w.Jitter = milliseconds(n) })
		number("loss", "per cent of packets lost at random", func(w *link.Way, n float64) { w.Loss = n / 100 })
		number("burst-loss", "per cent of packets lost in bursts", func(w *link.Way, n float64) { w.Burst.Share = n / 100 })
		number("burst", "packets lost in a row", func(w *link.Way, n float64) { w.Burst.Mean = n })
		number("queue", "kB that may stand", func(w *link.Way, n float64) { w.Queue = int(n * 1000) })
	}
	return flags
}

func milliseconds(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }

func profileNames() []string {
	var names []string
	for _, p := range link.Profiles() {
		names = append(names, p.Name)
	}
	return names
}

func (l *linkLoad) run(ctx context.Context, program []string) (err error) {
	options, err := l.options()
	if err != nil {
		return err
	}
	link, err := link.Open(options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, link.Close()) }()
	ctx, cancel := context.WithCancel(ctx)
	report := make(chan error, 1)
	go func() { report <- l.reporting(ctx, link) }()
	if len(program) == 0 {
		err = l.stand(ctx, link, changes(options.Profile))
	} else {
		err = l.behind(ctx, link, program)
	}
	cancel()
	return errors.Join(err, <-report)
}

func (l *linkLoad) options() (link.Options, error) {
	profile, err := link.Find(l.profile)
	if err != nil {
		return link.Options{}, fmt.Errorf("profile: %w", err)
	}
	if len(l.changes) > 0 {
		profile.Name, profile.Script = profile.Name+", changed", nil
	}
	for _, change := range l.changes {
		change(&profile)
	}
	down, downs, err := readTrace(l.traceDown)
	if err != nil {
		return link.Options{}, err
	}
	up, ups, err := readTrace(l.traceUp)
	if err != nil {
		return link.Options{}, err
	}
	if down != nil || up != nil {
		profile = profile.WithTrace(down, up, max(downs, ups))
	}
	options := link.Options{Profile: profile, Seed: l.seed, Hold: l.hold}
	if l.net != "" {
		if options.Net, err = netip.ParsePrefix(l.net); err != nil {
			return link.Options{}, fmt.Errorf("net: %w", err)
		}
	}
	return options, nil
}

func readTrace(name string) ([]link.RateStep, time.Duration, error) {
	if name == "" {
		return nil, 0, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	steps, length, err := link.ReadTrace(f)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return steps, length, nil
}

// behind runs the program at the far end, and ends with it.
func (l *linkLoad) behind(ctx context.Context, far *link.Link, program []string) error {
	far.Begin() // the input is the program's
	cmd := far.Command(ctx, program[0], program[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = l.in, l.out, l.errOut
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	err := cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", program[0], err)
	}
	return err
}

// stand keeps the far host until the input ends; a line "begin" there starts
// the profile that was held.
func (l *linkLoad) stand(ctx context.Context, far *link.Link, changes []float64) error {
	who := map[string]any{"namespace": far.Namespace(), "near": far.Near, "far": far.Far, "changes": changes}
	if err := json.NewEncoder(l.out).Encode(who); err != nil {
		return err
	}
	lines := make(chan string)
	go func() { // ends with the input, which is the process's own
		defer close(lines)
		for s := bufio.NewScanner(l.in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case <-ctx.Done():
			return nil
		case line, ok := <-lines:
			if !ok {
				return nil
			}
			if strings.TrimSpace(line) != "begin" {
				return fmt.Errorf("input: %q is not begin", line)
			}
			far.Begin()
		}
	}
}

// changes are the moments of a profile's story, in seconds from its start.
func changes(p link.Profile) []float64 {
	at := make([]float64, len(p.Script))
	for i, s := range p.Script {
		at[i] = s.At.Seconds()
	}
	return at
}

// linkReport is one line of a report: both ways' counts until then.
type linkReport struct {
	Time time.Time   `json:"time"`
	Down link.Counts `json:"down"`
	Up   link.Counts `json:"up"`
}

func (l *linkLoad) reporting(ctx context.Context, far *link.Link) (err error) {
	if l.report == "" {
		return nil
	}
	f, err := os.Create(l.report)
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	lines := json.NewEncoder(f)
	line := func(now time.Time) error {
		down, up := far.Counts()
		return lines.Encode(linkReport{Time: now, Down: down, Up: up})
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case now := <-second.C:
			if err := line(now); err != nil {
				return fmt.Errorf("report: %w", err)
			}
		case <-ctx.Done():
			return line(time.Now())
		}
	}
}
