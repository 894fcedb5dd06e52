package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"syscall"
	"time"

	"preau/loadtest/crowd"
)

// patience is how long a program may take to say what it has to.
const patience = 30 * time.Second

// server is a server of its own, on ports of the kernel's choice and with an empty data directory.
type server struct {
	url     string
	command *exec.Cmd
	data    string
}

var address = regexp.MustCompile(`https?://[0-9.:\[\]]+`)

func startServer(ctx context.Context, program string, more []string) (s *server, err error) {
	s = &server{}
	if s.data, err = os.MkdirTemp("", "preau-bench-"); err != nil {
		return nil, err
	}
	words := append([]string{
		"serve", "--dev", "--log-level", "error", "--port", "0", "--rtc-udp-port", "0", "--rtc-tcp-port", "0", "--turn-port", "0", "--data", s.data,
	}, more...)
	s.command = exec.Command(program, words...)
	s.command.Stderr = os.Stderr
	out, err := s.command.StdoutPipe()
	if err == nil {
		err = s.command.Start()
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.data))
	}
	said := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() { // to the end, so that it is not held up
			if url := address.FindString(lines.Text()); url != "" {
				select {
				case said <- url:
				default:
				}
			}
		}
		close(said)
	}()
	select {
	case s.url = <-said:
	case <-time.After(patience):
	case <-ctx.Done():
	}
	if s.url == "" {
		return nil, errors.Join(fmt.Errorf("%s serve did not say its address", program), s.stop())
	}
	return s, nil
}

func (s *server) stop() error {
	_ = s.command.Process.Signal(syscall.SIGTERM) // ended: Wait tells
	err := s.command.Wait()
	return errors.Join(err, os.RemoveAll(s.data))
}

// hold has a crowd on a fresh server.
func hold(ctx context.Context, o Options, plan crowd.Plan) (r *crowd.Report, err error) {
	s, err := startServer(ctx, o.Program, o.Serve)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	plan.URL, plan.Key, plan.Secret = s.url, "devkey", "secret"
	plan.PID, plan.Metrics = s.command.Process.Pid, s.url+"/metrics"
	return crowd.Run(ctx, plan, nil)
}
