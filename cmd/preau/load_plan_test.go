package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"preau/loadtest/bench"
	"preau/loadtest/crowd"
)

func TestLoadPlan(t *testing.T) {
	directory := t.TempDir()
	write := func(name string, r bench.Report) string {
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(directory, name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	row := bench.Row{Name: "a class of 30", Load: &crowd.Report{}}
	row.Load.Server = crowd.Server{MicrosecondsPacket: 3.25, MillisecondsJoin: 4.5, BytesPerson: 1 << 19}
	whole, short := write("whole", bench.Report{Rows: []bench.Row{row}}), write("short", bench.Report{})

	var out bytes.Buffer
	if err := load(&out, "plan", "--pupils", "1000", "--class", "20", "--at-once", "1", "--bench", whole); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"50 classes of 20, 1050 people", "3.2 µs, 0.50 MiB, 4.5 ms", "one of them to spare"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	for want, args := range map[string][]string{
		"at once":              {"--at-once", "2"},
		"nobody comes within":  {"--bell", "0s"},
		"no such file":         {"--bench", filepath.Join(directory, "none")},
		"this is no report of": {"--bench", short},
	} {
		if err := load(&out, append([]string{"plan"}, args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}
