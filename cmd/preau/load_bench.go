package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"preau/loadtest/bench"
	"preau/loadtest/limit"
)

// receiveCommand is the benchmark's other process: receivers that read what the limit's program sends, until the
// input ends.
func receiveCommand(in io.Reader, out io.Writer) *cli.Command {
	var receive bool
	var count int
	return &cli.Command{
		Name:   "limit",
		Usage:  "the receivers of `preau load bench`",
		Hidden: true,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "receive", Destination: &receive},
			&cli.IntFlag{Name: "receivers", Value: 150, Destination: &count},
		},
		Action: func(context.Context, *cli.Command) error {
			if !receive {
				return errors.New("load limit: this is a part of preau load bench")
			}
			r, err := limit.Listen(count)
			if err != nil {
				return err
			}
			defer r.Close()
			if err := json.NewEncoder(out).Encode(r.At()); err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, in)
			return err
		},
	}
}

// loadBenchCommand is `preau load bench`.
func loadBenchCommand(out, errOut io.Writer) *cli.Command {
	var o bench.Options
	var file string
	var strict bool
	return &cli.Command{
		Name:  "bench",
		Usage: "measure this server on this machine, beside the machine's limit",
		Description: "Starts servers of its own, one after the other, and holds classes on them; three minutes on a machine\n" +
			"with nothing else to do. The report is two tables; --json keeps all figures.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "short", Usage: "a class of 60 beside the limit only", Destination: &o.Short},
			&cli.StringSliceFlag{Name: "serve", Usage: "a `FLAG` more for the servers, as --serve=--rtc-no-gso", Destination: &o.Serve},
			&cli.BoolFlag{Name: "strict", Usage: "a goal that is not reached is an error", Destination: &strict},
			&cli.StringFlag{Name: "json", Usage: "`FILE` that gets the report as JSON", Destination: &file},
		},
		Action: func(ctx context.Context, _ *cli.Command) (err error) {
			if o.Program, err = os.Executable(); err != nil {
				return err
			}
			kept, err := create(file)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, kept.Close()) }()
			o.Tell = func(what string) { fmt.Fprintln(errOut, what) }
			report, err := bench.Run(ctx, o)
			if err != nil {
				return fmt.Errorf("load bench: %w", err)
			}
			if err := writeJSON(kept, report); err != nil {
				return err
			}
			if _, err = fmt.Fprint(out, report); err != nil {
				return err
			}
			if missed := report.Missed(); strict && len(missed) > 0 {
				return fmt.Errorf("load bench: not reached by %s", strings.Join(missed, ", "))
			}
			return nil
		},
	}
}
