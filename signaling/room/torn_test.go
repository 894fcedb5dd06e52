package room

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/proto"
)

// An operator is told of what a crash tore, once: in which file, where, and how much. All that was
// answered before is there.
func TestATornRecordIsReported(t *testing.T) {
	_, path, content := onDisk(t, 3)
	whole := len(content) / 3 * 2
	write(t, path, content[:len(content)-5])
	lines := startsOn(t, path)
	if len(lines) != 1 {
		t.Fatalf("the log says %v", lines)
	}
	line := lines[0]
	if line["level"] != "WARN" || line["file"] != path || line["at"] != float64(whole) || line["bytes"] != float64(len(content)-5-whole) {
		t.Errorf("the log says %v; %s was torn at byte %d, with %d behind it", line, path, whole, len(content)-5-whole)
	}
	if left, err := os.ReadFile(path); err != nil || !bytes.Equal(left, content[:whole]) {
		t.Errorf("%d bytes are left of %d whole ones, %v", len(left), whole, err)
	}
	if lines := startsOn(t, path); len(lines) != 0 {
		t.Errorf("at the next start the log says %v", lines)
	}
}

// startsOn opens the data directory of a session's file as a program does that starts, checks that
// its first two events are there, and yields what was logged.
func startsOn(t *testing.T, path string) (lines []map[string]any) {
	t.Helper()
	var told bytes.Buffer
	data := filepath.Join(filepath.Dir(path), "..", "..", "..")
	logs, err := NewFileLogs(data, FileOptions{Log: slog.New(slog.NewJSONHandler(&told, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	found, err := logs.OpenSessions(t.Context())
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	_, events, err := found[0].Log.Read(t.Context(), 0)
	if err != nil || len(events) != 2 {
		t.Errorf("%d events and %v, want 2", len(events), err)
	}
	for i, want := range numbered(1, 2) {
		if i < len(events) && !proto.Equal(events[i], want) {
			t.Errorf("event %d is %v", i+1, events[i])
		}
	}
	if err := found[0].Log.Close(); err != nil {
		t.Error(err)
	}
	for dec := json.NewDecoder(&told); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}
