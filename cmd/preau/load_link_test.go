package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"preau/loadtest/link"
)

// loadLink runs `preau load link` as a user would.
func loadLink(in io.Reader, out io.Writer, args ...string) error {
	return loadCommand(in, out, out).Run(context.Background(), append([]string{"load", "link"}, args...))
}

func TestLoadLinkRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"no profile is called": {"--profile", "dial-up"},
		"net:":                 {"--net", "here"},
		"no such file":         {"--trace-up", filepath.Join(t.TempDir(), "none")},
		"not between 0 and 1":  {"--loss-up", "500"},
	} {
		if err := loadLink(strings.NewReader(""), io.Discard, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}

func TestLoadLinkRunsAProgram(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("namespaces and TUN devices need root")
	}
	var out bytes.Buffer
	report := filepath.Join(t.TempDir(), "report")
	err := loadLink(strings.NewReader("bonjour"), &out, "--profile", "64", "--net", "10.64.0.4/30", "--report", report, "--", "sh", "-c", "cat; ip -o addr")
	if err != nil || !strings.Contains(out.String(), "bonjour") || !strings.Contains(out.String(), "10.64.0.6") {
		t.Errorf("%v: %s", err, out.String())
	}
	text, err := os.ReadFile(report)
	var line linkReport
	if err != nil || json.Unmarshal(text, &line) != nil || line.Time.IsZero() {
		t.Errorf("the report: %v %s", err, text)
	}
	if err := loadLink(strings.NewReader(""), &out, "--", "false"); err == nil {
		t.Error("a program that failed was passed over")
	}
}

// Without a program the far host stands until the input ends.
func TestLoadLinkStands(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("namespaces and TUN devices need root")
	}
	in, write := io.Pipe()
	read, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := loadLink(in, out, "--profile", link.Drop, "--hold")
		_ = out.CloseWithError(err) // who still reads has nothing to wait for
		ended <- err
	}()
	var who struct {
		Namespace, Near, Far string
		Changes              []float64
	}
	if err := json.NewDecoder(read).Decode(&who); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(who.Changes, []float64{20, 45}) {
		t.Errorf("the link changes at %v s", who.Changes)
	}
	there, err := exec.Command("ip", "netns", "exec", who.Namespace, "ip", "-o", "addr").Output()
	if err != nil || !strings.Contains(string(there), who.Far) {
		t.Errorf("%v: %s", err, there)
	}
	if _, err := io.WriteString(write, "begin\n"); err != nil {
		t.Error(err)
	}
	_ = write.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if out, _ := exec.Command("ip", "netns", "list").Output(); strings.Contains(string(out), who.Namespace) {
		t.Errorf("%s was left behind", who.Namespace)
	}
}
