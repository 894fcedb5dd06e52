package main

import (
	"io"

	"github.com/urfave/cli/v3"
)

// loadCommand is `preau load`: what a class is tried with.
func loadCommand(in io.Reader, out, errOut io.Writer) *cli.Command {
	return &cli.Command{
		Name:  "load",
		Usage: "try a server: weak links, synthetic classes",
		Commands: []*cli.Command{
			loadLinkCommand(in, out, errOut), loadClassCommand(out, errOut), loadBenchCommand(out, errOut), receiveCommand(in, out),
			loadPlanCommand(out),
		},
	}
}
