package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"

	"preau/signaling/access"
)

// asProgram is the environment variable that makes a test binary the program.
const asProgram = "PREAU_TEST_AS_PROGRAM"

// TestAsProgram is the program, in a process of its own, for tests that kill it.
func TestAsProgram(t *testing.T) {
	arguments := os.Getenv(asProgram)
	if arguments == "" {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(os.Stdout, os.Stderr).Run(ctx, append([]string{"preau"}, strings.Split(arguments, " ")...)); err != nil {
		t.Fatal(err)
	}
}

// process is the program in a process of its own, on ports that it has again
// when it is started again.
type process struct {
	testServer
	t         *testing.T
	arguments string
	running   *exec.Cmd
}

func startProcess(t *testing.T) *process {
	t.Helper()
	port := freePort(t, "tcp")
	p := &process{t: t, arguments: strings.Join([]string{
		"serve", "--dev", "--log-level", "error", "--data", t.TempDir(), "--port", port,
		"--rtc-udp-port", freePort(t, "udp"), "--rtc-tcp-port", freePort(t, "tcp"), "--turn-port", freePort(t, "udp"),
	}, " ")}
	p.URL = "http://127.0.0.1:" + port
	p.keys = access.Keys{devKey: {Secret: devSecret}}
	t.Cleanup(p.kill)
	p.start()
	return p
}

// freePort is one that nobody had a moment ago.
func freePort(t *testing.T, network string) string {
	t.Helper()
	var addr net.Addr
	if network == "tcp" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addr = l.Addr()
	} else {
		l, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addr = l.LocalAddr()
	}
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return port
}

// start returns when the program answers.
func (p *process) start() {
	p.t.Helper()
	p.running = exec.Command(os.Args[0], "-test.run=^TestAsProgram$")
	p.running.Env = append(os.Environ(), asProgram+"="+p.arguments)
	log := testLog{p.t}
	p.running.Stderr = log
	if err := p.running.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventually(within60(p.t), p.t, "the program to be ready", func() bool {
		resp, err := http.Get(p.URL + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// kill gives the program no time to say anything.
func (p *process) kill() {
	if p.running == nil {
		return
	}
	_ = p.running.Process.Kill() // gone already is as good
	_ = p.running.Wait()
	p.running = nil
}
