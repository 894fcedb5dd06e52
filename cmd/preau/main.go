// Command preau is the whole of Préau in one program: `preau serve` runs the
// page, the signalling and the media; `preau token` and `preau link` let people
// in. This package alone sees signalling and media, and joins them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/urfave/cli/v3"
)

// version is set by the linker in a release.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command(os.Stdout, os.Stderr).Run(ctx, os.Args); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "preau:", err)
		os.Exit(1)
	}
}

// command is the command line, its answers to out, its log to errOut.
func command(out, errOut io.Writer) *cli.Command {
	return &cli.Command{
		Name:    "preau",
		Usage:   "a virtual classroom that a school runs on its own machines",
		Version: version,
		Writer:  out, ErrWriter: errOut,
		ExitErrHandler: func(context.Context, *cli.Command, error) {}, // main says it, once
		Commands:       []*cli.Command{serveCommand(out, errOut), tokenCommand(out), linkCommand(out), loadCommand(os.Stdin, out, errOut)},
	}
}

func serveCommand(out, errOut io.Writer) *cli.Command {
	var (
		raw  rawConfig
		file configFile
	)
	flags := serveFlags(&raw, &file)
	return &cli.Command{
		Name:  "serve",
		Usage: "run the server",
		Flags: flags,
		Action: func(ctx context.Context, _ *cli.Command) error {
			unknown := file.unknown(flagNames(flags))
			config, err := raw.checked()
			if err := errors.Join(unknown, err); err != nil {
				return err
			}
			collectEarly()
			return Run(ctx, config, Output{Out: out, Log: newLogger(config, errOut)})
		},
	}
}

// collectEarly has the collector run when what is kept has grown by two fifths, not doubled: what a class needs stays
// until its end, and little is thrown away meanwhile. An operator's own GOGC goes before.
func collectEarly() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(40)
	}
}
