package class

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

var update = flag.Bool("update", false, "write the golden logs anew")

// segment is what one viewer sees between two changes of its lens; testdata/README.md says more.
type segment struct {
	From    json.RawMessage `json:"from"`
	Heard   []uint64        `json:"heard"`
	Through uint64          `json:"through"`
	State   json.RawMessage `json:"state"`
}

// TestGolden plays the scenarios and compares with the logs in testdata, which the page's reducer
// replays too. An event that stands there never changes its meaning: -update is for new scenarios.
func TestGolden(t *testing.T) {
	for name, play := range scenarios {
		t.Run(name, func(t *testing.T) {
			sc := play(t)
			compare(t, name+".jsonl", logLines(t, sc.log))
			compare(t, name+".state.json", append(toJSON(t, sc.state), '\n'))
			compare(t, name+".views.json", viewsJSON(t, sc.log))
		})
	}
}

// TestGoldenReplay reads the logs as they lie there: what was written once must still be readable,
// and amount to the same after each event.
func TestGoldenReplay(t *testing.T) {
	logs, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(logs) == 0 {
		t.Fatalf("no golden logs: %v", err)
	}
	for _, path := range logs {
		var events []*classpb.Event
		for line := range bytes.Lines(read(t, path)) {
			e := &classpb.Event{}
			if err := protojson.Unmarshal(line, e); err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		s, after := NewState(), []byte(nil)
		for _, e := range events {
			Apply(s, e)
			after = append(append(after, toJSON(t, s)...), '\n')
		}
		compare(t, filepath.Base(path[:len(path)-len(".jsonl")])+".states.ndjson", after)
		if got := append(toJSON(t, s), '\n'); !bytes.Equal(got, read(t, path[:len(path)-len(".jsonl")]+".state.json")) {
			t.Errorf("%s amounts to %s", path, got)
		}
	}
}

func replay(s *classpb.State, events []*classpb.Event) *classpb.State {
	for _, e := range events {
		Apply(s, e)
	}
	return s
}

func logLines(t *testing.T, log []*classpb.Event) []byte {
	var lines []byte
	for _, e := range log {
		lines = append(append(lines, toJSON(t, e)...), '\n')
	}
	return lines
}

func viewsJSON(t *testing.T, log []*classpb.Event) []byte {
	views := map[string][]segment{}
	ids := map[string]bool{}
	for _, e := range log {
		for _, p := range []string{e.GetJoined().GetParticipant(), e.GetWaited().GetParticipant()} {
			if p != "" {
				ids[p] = true
			}
		}
	}
	for id := range maps.Keys(ids) {
		views[id] = segments(t, log, Viewer{Participant: id})
	}
	out, err := json.MarshalIndent(views, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// segments follows a viewer through a log, as the room does.
func segments(t *testing.T, log []*classpb.Event, v Viewer) []segment {
	var out []segment
	s, lens := NewState(), LensNone
	for _, e := range log {
		Apply(s, e)
		now := LensOf(s, v)
		switch {
		case now == LensNone:
		case now != lens:
			out = append(out, segment{From: toJSON(t, View(s, v)), Heard: []uint64{}})
		case Hears(s, v, e):
			out[len(out)-1].Heard = append(out[len(out)-1].Heard, e.GetSeq())
		}
		if lens = now; now != LensNone {
			last := &out[len(out)-1]
			last.Through, last.State = e.GetSeq(), toJSON(t, View(s, v))
		}
	}
	return out
}

// toJSON is the protobuf JSON mapping without the random spaces of the Go library.
func toJSON(t *testing.T, m proto.Message) []byte {
	loose, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var tight bytes.Buffer
	if err := json.Compact(&tight, loose); err != nil {
		t.Fatal(err)
	}
	return tight.Bytes()
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden := read(t, path)
	if bytes.Equal(got, golden) {
		return
	}
	gotLines, goldenLines := bytes.Split(got, []byte("\n")), bytes.Split(golden, []byte("\n"))
	at := slices.IndexFunc(gotLines, func(line []byte) bool { return len(goldenLines) == 0 || !next(&goldenLines, line) })
	t.Errorf("%s differs from line %d on: %.400s", path, at+1, gotLines[max(at, 0)])
}

// next takes the first line off, and says whether it is this one.
func next(lines *[][]byte, line []byte) bool {
	same := bytes.Equal((*lines)[0], line)
	*lines = (*lines)[1:]
	return same
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
