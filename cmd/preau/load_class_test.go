package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"preau/loadtest/crowd"
)

// load runs `preau load` as a user would.
func load(out io.Writer, args ...string) error {
	return loadCommand(nil, out, io.Discard).Run(context.Background(), append([]string{"load"}, args...))
}

func loadClass(out io.Writer, args ...string) error {
	return load(out, append([]string{"class"}, args...)...)
}

func TestLoadClassRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"address is missing":         {},
		"is not an address":          {"127.0.0.1:7880"},
		"cameras: 5 of 2":            {"--pupils", "2", "--cameras", "5", "http://127.0.0.1:1"},
		"classes: 0":                 {"--classes", "0", "http://127.0.0.1:1"},
		"people: ":                   {"--classes", "2000", "--pupils", "2000", "http://127.0.0.1:1"},
		"one room is one class":      {"--classes", "2", "--room", "maths", "http://127.0.0.1:1"},
		"less than a second":         {"--length", "1ms", "http://127.0.0.1:1"},
		"no class could be begun":    {"http://127.0.0.1:1"},
		"tells no metrics":           {"--metrics", "http://127.0.0.1:1/metrics", "http://127.0.0.1:1"},
		"no process of this machine": {"--pid", "999999999", "http://127.0.0.1:1"},
		"no such file":               {"--json", filepath.Join(t.TempDir(), "none", "report.json"), "http://127.0.0.1:1"},
	} {
		var out bytes.Buffer
		if err := loadClass(&out, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}

// Two small classes with all that goes on in one: nobody misses a packet, and what it cost is told.
func TestLoadClassMeasures(t *testing.T) {
	s := startServer(t, "")
	name := filepath.Join(t.TempDir(), "report.json")
	var out bytes.Buffer
	if err := loadClass(&out, "--classes", "2", "--pupils", "3", "--cameras", "1", "--screen", "--ramp", "500ms", "--length", "4s",
		"--talk", "1s", "--chat", "2s", "--churn", "1500ms", "--metrics", s.URL+"/metrics", "--json", name, s.URL); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var r crowd.Report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if r.People != 8 || r.Joins.Count < 7 || r.Joins.Failed > 0 || r.Joins.P50 <= 0 || r.Joins.Slowest < r.Joins.P95 {
		t.Errorf("%d people, joins %+v, %v", r.People, r.Joins, r.Errors)
	}
	m := r.Media
	if m.Silent > 0 || m.Lost > 0 || m.Faults > 0 || m.Packets < 1000 || m.DelayP50 <= 0 || m.DelayP99 < m.DelayP50 {
		t.Errorf("received %+v", m)
	}
	if r.Server.Packets < m.Packets/2 || r.Server.Packets > 2*m.Packets || r.Server.Goroutines == 0 {
		t.Errorf("the server says %+v of %d packets", r.Server, m.Packets)
	}
	for _, line := range []string{"classes", "joins", "received", "lost", "delay", "load"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("no line of %s in:\n%s", line, &out)
		}
	}
}
