package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/livekit/protocol/livekit"

	"preau/loadtest/client"
	"preau/signaling/access"
	"preau/signaling/classpb"
)

// asProgram in the environment makes this test binary be the program.
const asProgram = "PREAU_TEST_AS_PROGRAM"

// process is the program in a process of its own, killed when the test ends.
type process struct {
	testServer
	cmd *exec.Cmd
}

func startProcess(t *testing.T, arguments ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], append([]string{
		"serve", "--dev", "--port", "0", "--rtc-udp-port", "0",
		"--rtc-tcp-port", "0", "--turn-port", "0",
	}, arguments...)...)}
	p.cmd.Env = append(os.Environ(), asProgram+"=1")
	var said bytes.Buffer
	p.cmd.Stderr = &said // read once it has ended
	p.keys = access.Keys{devKey: {Secret: devSecret}}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() }) // ended already: nothing to kill
	lines := bufio.NewScanner(out)
	for p.URL == "" && lines.Scan() {
		_, p.URL, _ = strings.Cut(lines.Text(), "Préau is ready at ")
	}
	if p.URL == "" {
		_ = p.cmd.Wait()
		t.Fatalf("the program did not start:\n%s", said.String())
	}
	go func() { // it must not stand still for a full pipe
		for lines.Scan() {
			continue
		}
	}()
	return p
}

// An operator's SIGTERM: every client hears that the server goes down and that it shall come back,
// and the program ends by itself, without error.
func TestSIGTERMSaysGoodbye(t *testing.T) {
	p := startProcess(t, "--data", t.TempDir())
	page := p.page(t, "evening", "lea", teacher)
	pupil := p.join(t, "evening", "amina", pupil, client.Options{SinglePC: true})
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if reason := page.goodbye(); reason != classpb.GoodbyeReason_GOODBYE_REASON_SHUTDOWN {
		t.Errorf("/class says goodbye for %v", reason)
	}
	<-pupil.Left()
	if leave := pupil.Reason(); leave.GetReason() != livekit.DisconnectReason_SERVER_SHUTDOWN ||
		leave.GetAction() != livekit.LeaveRequest_RECONNECT {
		t.Errorf("/rtc says goodbye with %v", leave)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the program ended with %v", err)
	}
}
