package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v3"

	"preau/loadtest/crowd"
)

// loadClassCommand is `preau load class`: synthetic classes on a server.
func loadClassCommand(out, errOut io.Writer) *cli.Command {
	l := classLoad{out: out, errOut: errOut}
	p := &l.plan
	return &cli.Command{
		Name:      "class",
		Usage:     "hold synthetic classes on a server, and measure what becomes of them",
		ArgsUsage: "URL",
		Description: "The server is any that speaks LiveKit's protocol, as http://127.0.0.1:7880. Teachers speak and show\n" +
			"a camera in three sizes; pupils listen and see. The report goes to the output, progress beside it.\n" +
			"With a server on this machine, --pid tells what it costs.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "of the server's API", Value: "devkey", Destination: &p.Key},
			&cli.StringFlag{Name: "secret", Usage: "that belongs to the key", Value: "secret", Destination: &p.Secret, Sources: cli.EnvVars("PREAU_LOAD_SECRET"), HideDefault: true},
			&cli.IntFlag{Name: "classes", Usage: "how many", Value: 1, Destination: &p.Classes},
			&cli.IntFlag{Name: "teachers", Usage: "of each class", Value: 1, Destination: &p.Teachers},
			&cli.IntFlag{Name: "pupils", Usage: "of each class", Value: 30, Destination: &p.Pupils},
			&cli.IntFlag{Name: "cameras", Usage: "how many of them show one, 320×180", Destination: &p.Cameras},
			&cli.BoolFlag{Name: "screen", Usage: "each teacher shares a screen, too", Destination: &p.Screen},
			&cli.StringFlag{Name: "room", Usage: "`NAME` of a class that is there already, which they join (default: new ones)", Destination: &p.Room},
			&cli.BoolFlag{Name: "deaf", Usage: "nobody receives media", Destination: &p.Deaf},
			&cli.DurationFlag{Name: "ramp", Usage: "within which the pupils come; 0s: all at once", Value: 10 * time.Second, Destination: &p.Ramp},
			&cli.DurationFlag{Name: "length", Usage: "of what is measured, after the last has come", Value: 30 * time.Second, Destination: &p.Length},
			&cli.DurationFlag{Name: "talk", Usage: "pupils of each class talk in turn, each for so long; 0s: none", Destination: &p.Talk},
			&cli.DurationFlag{Name: "chat", Usage: "how often each person writes a line; 0s: never", Destination: &p.Chat},
			&cli.DurationFlag{Name: "churn", Usage: "how often one of the pupils leaves, and comes back a second later; 0s: never", Destination: &p.Churn},
			&cli.IntFlag{Name: "pid", Usage: "`PROCESS` of the server, where it is on this machine", Destination: &p.PID},
			&cli.StringFlag{Name: "metrics", Usage: "`URL` of the server's metrics, where it tells them", Destination: &p.Metrics},
			&cli.StringFlag{Name: "json", Usage: "`FILE` that gets the report as JSON", Destination: &l.json},
			&cli.StringFlag{Name: "html", Usage: "`FILE` that gets it as a page with pictures", Destination: &l.html},
			&cli.BoolFlag{Name: "quiet", Usage: "no progress", Destination: &l.quiet},
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Args().Len() != 1 {
				return errors.New("load class: the server's address is missing, as http://127.0.0.1:7880")
			}
			p.URL = cmd.Args().First()
			return l.run(ctx)
		},
	}
}

// classLoad is what the flags of `preau load class` say.
type classLoad struct {
	out, errOut io.Writer
	plan        crowd.Plan
	json, html  string
	quiet       bool
}

func (l *classLoad) run(ctx context.Context) (err error) {
	text, err := create(l.json)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, text.Close()) }()
	page, err := create(l.html)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, page.Close()) }()
	tell := l.progress
	if l.quiet {
		tell = nil
	}
	report, err := crowd.Run(ctx, l.plan, tell)
	if err != nil {
		return fmt.Errorf("load class: %w", err)
	}
	if err := errors.Join(writeJSON(text, report), report.WriteHTML(page)); err != nil {
		return err
	}
	_, err = fmt.Fprint(l.out, report)
	return err
}

func (l *classLoad) progress(p crowd.Progress) {
	cost := ""
	if p.ServerMS > 0 {
		cost = fmt.Sprintf(", the server takes %.2f cores", p.ServerMS/1000)
	}
	fmt.Fprintf(l.errOut, "%s: %d of %d here, %d failed; %d packets/s, %d lost%s\n", p.Phase, p.Joined, p.People, p.Failed, p.Packets, p.Lost, cost)
}
