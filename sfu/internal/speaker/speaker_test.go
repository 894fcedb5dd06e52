package speaker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// levels are what the letters of a drawing stand for, in −dBov.
var levels = map[rune]uint8{'.': 127, '_': 70, 's': 45, 'n': 30, 'm': 27, 'L': 12}

// stage plays drawings: one letter an interval, one row a track.
func stage(d *Detector, rows map[string]string) []Report {
	meters := map[string]*Meter{}
	steps := 0
	for track, row := range rows {
		meters[track] = d.Add(track)
		steps = len(row)
	}
	var reports []Report
	for i := range steps {
		for track, row := range rows {
			for range 15 {
				meters[track].Note(levels[rune(row[i])], false)
			}
		}
		r, ok := d.Step(start.Add(time.Duration(i) * 300 * time.Millisecond))
		if !ok {
			panic("an interval passed and nothing was reported")
		}
		r.Open, r.Speakers = slices.Clone(r.Open), slices.Clone(r.Speakers)
		reports = append(reports, r)
	}
	return reports
}

// loudest draws who is the first speaker in each report.
func loudest(reports []Report) string {
	var drawn strings.Builder
	for _, r := range reports {
		if len(r.Speakers) == 0 {
			drawn.WriteByte('.')
			continue
		}
		drawn.WriteString(r.Speakers[0].Track)
	}
	return drawn.String()
}

func TestWhoSpeaks(t *testing.T) {
	for _, c := range []struct{ name, a, b, first string }{
		{"one", "..nnnn.....", "...........", "..aaaaa...."},
		{"a room's noise", "___________", "_._._._._._", "..........."},
		{"a soft voice goes on, but does not begin", ".ssnsss....", "...........", "...aaaaa..."},
		{"pause between words", ".nnn.nnn.nn", "...........", ".aaaaaaaaaa"},
		{"one after the other", ".nnnn......", ".......nnnn", ".aaaaa.bbbb"},
		{"a little louder is not enough", ".nnnnnnnnnn", "....nnnmmmm", ".aaaaaaaaaa"},
		{"much louder is", ".nnnnnnnnnn", "....LLLLLLL", ".aaabbbbbbb"},
	} {
		got := loudest(stage(New(Options{}), map[string]string{"a": c.a, "b": c.b}))
		if got != c.first {
			t.Errorf("%s:\na     %s\nb     %s\ngot   %s\nwant  %s", c.name, c.a, c.b, got, c.first)
		}
	}
}

func TestReportsNoSoonerThanAnInterval(t *testing.T) {
	d := New(Options{})
	d.Add("a")
	d.Step(start)
	if _, ok := d.Step(start.Add(299 * time.Millisecond)); ok {
		t.Error("reported again after 299 ms")
	}
	if _, ok := d.Step(start.Add(300 * time.Millisecond)); !ok {
		t.Error("not reported after 300 ms")
	}
}

func TestOpenSetPutsPrivilegedFirstThenLoudest(t *testing.T) {
	d := New(Options{Open: 3})
	for _, track := range []string{"a", "b", "c", "d", "t"} {
		d.Add(track)
	}
	d.SetPrivileged("t", true)
	reports := stage(d, map[string]string{
		"a": "...........",
		"b": ".nnnnnnnnnn",
		"c": "...nnnnnnnn",
		"d": "......nnnnn", // no louder than who is open: waits
		"t": "...........",
	})
	if got := fmt.Sprint(reports[0].Open); got != "[a b t]" {
		t.Errorf("at first %s", got)
	}
	if got := fmt.Sprint(reports[len(reports)-1].Open); got != "[b c t]" {
		t.Errorf("in the end %s", got)
	}
	changes := 0
	for _, r := range reports {
		if r.OpenChanged {
			changes++
		}
	}
	if changes != 2 {
		t.Errorf("the open set changed %d times, want once at the beginning and once for c", changes)
	}
}

func TestMutedIsNeitherHeardNorOpen(t *testing.T) {
	d := New(Options{})
	d.Add("a")
	stage(d, map[string]string{"a": ".nnn"})
	d.SetMuted("a", true)
	r, _ := d.Step(start.Add(time.Minute))
	if len(r.Speakers) != 0 || !r.SpeakersChanged || len(r.Open) != 0 || !r.OpenChanged {
		t.Errorf("%+v", r)
	}
	d.SetMuted("a", false)
	if r, _ = d.Step(start.Add(2 * time.Minute)); len(r.Open) != 1 {
		t.Errorf("%+v", r)
	}
	d.Remove("a")
	if r, _ = d.Step(start.Add(3 * time.Minute)); len(r.Open) != 0 || !r.OpenChanged {
		t.Errorf("%+v", r)
	}
}

func TestNoteDoesNotAllocate(t *testing.T) {
	m := New(Options{}).Add("a")
	if n := testing.AllocsPerRun(100, func() { m.Note(30, true) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
