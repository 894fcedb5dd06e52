package link

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadTrace(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []RateStep
		length     time.Duration
	}{
		{"seconds and kb/s", "# a bus ride\n0 400\n\n2.5 0\n4 1200\n", []RateStep{{0, 400_000}, {2500 * ms, 0}, {4 * time.Second, 1_200_000}}, 5500 * ms},
		{"one rate", "0 400", []RateStep{{0, 400_000}}, time.Second},
		// Two packets of 1,504 bytes in the first 200 ms, none in the next, one in the third.
		{"mahimahi", "0\n199\n400\n", []RateStep{{0, 120_320}, {200 * ms, 0}, {400 * ms, 60_160}}, 600 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			steps, length, err := ReadTrace(strings.NewReader(c.text))
			if err != nil || length != c.length || !slices.Equal(steps, c.want) {
				t.Errorf("%v, %v, %v; want %v, %v", steps, length, err, c.want, c.length)
			}
		})
	}
}

func TestReadTraceRefuses(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "1 2 3", "0 400\n5", "5\n0 400", "2 400\n1 300", "3\n2", "x", "-1 4", "0 NaN", "99999999 1", "0 1e300"} {
		if steps, _, err := ReadTrace(strings.NewReader(text)); err == nil {
			t.Errorf("%q was read as %v", text, steps)
		}
	}
}

func TestWithTrace(t *testing.T) {
	p := Profile{Name: "x", Down: Way{Rate: 1, Delay: ms}, Up: Way{Rate: 2}, Script: []Step{{}}}
	got := p.WithTrace([]RateStep{{0, 100}, {time.Second, 0}}, []RateStep{{time.Second, 50}, {2 * time.Second, 60}}, 3*time.Second)
	want := []Step{
		{At: 0, Down: Way{Rate: 100, Delay: ms}, Up: Way{Rate: 2}},
		{At: time.Second, Down: Way{Delay: ms, Cut: true}, Up: Way{Rate: 50}},
		{At: 2 * time.Second, Down: Way{Delay: ms, Cut: true}, Up: Way{Rate: 60}},
	}
	if !slices.Equal(got.Script, want) || got.Repeat != 3*time.Second || got.Check() != nil {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestProfiles(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range Profiles() {
		if err := p.Check(); err != nil || seen[p.Name] {
			t.Errorf("%s: twice, or %v", p.Name, err)
		}
		seen[p.Name] = true
		if found, err := Find(p.Name); err != nil || found.Name != p.Name {
			t.Errorf("%s: found %q, %v", p.Name, found.Name, err)
		}
	}
	if _, err := Find("dial-up"); err == nil || !strings.Contains(err.Error(), EDGE) {
		t.Errorf("an unknown profile: %v", err)
	}
	for _, p := range []Profile{
		{Down: Way{Rate: -1}},
		{Up: Way{Loss: 2}},
		{Up: Way{Burst: Burst{Share: 0.1}}},
		{Script: []Step{{At: 2}, {At: 1}}},
		{Script: []Step{{At: 2}}, Repeat: 1},
		{Down: Way{Queue: -1}},
		{Down: Way{Delay: -1}},
	} {
		if p.Check() == nil {
			t.Errorf("nothing was said against %+v", p)
		}
	}
}
