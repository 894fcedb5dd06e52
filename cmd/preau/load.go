package main

import (
	"encoding/json"
	"io"
	"os"

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

// create makes a file that a report goes to, before anything is spent on it; no name: it goes nowhere.
func create(name string) (io.WriteCloser, error) {
	if name == "" {
		return nowhere{io.Discard}, nil
	}
	return os.Create(name)
}

type nowhere struct{ io.Writer }

func (nowhere) Close() error { return nil }

func writeJSON(w io.Writer, report any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(report)
}
