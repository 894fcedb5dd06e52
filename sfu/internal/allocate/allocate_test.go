package allocate

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A camera with three sizes of three frame rates each, a screen with two sizes
// of two, and a voice; in kb/s.
var (
	camera = kilo(Rates{{60, 90, 150}, {200, 300, 500}, {700, 1000, 1700}})
	// As Chromium encodes a camera: a larger picture of few frames costs less than a small smooth one.
	browsers = kilo(Rates{{45, 80, 145}, {92, 168, 296}, {260, 500, 900}})
	screen   = kilo(Rates{{150, 300}, {500, 1200}})
	voice    = kilo(Rates{{40}})
	// A voice in two renditions, each with and without copies.
	renditions = kilo(Rates{{18, 29}, {40, 54}})
)

func kilo(r Rates) *Rates {
	for s := range r {
		for t := range r[s] {
			r[s][t] *= 1000
		}
	}
	return &r
}

var cast = map[rune]Want{
	'V': {Rung: Voice, Rates: voice},
	'S': {Rung: Screen, Rates: screen, Max: Layer{3, 3}},
	'T': {Rung: TeacherCamera, Rates: camera, Max: Layer{3, 3}},
	'B': {Rung: TeacherCamera, Rates: browsers, Max: Layer{3, 3}},
	's': {Rung: Speaker, Rates: voice},
	'r': {Rung: Speaker, Rates: kilo(Rates{{40, 60}}), Max: Layer{0, 1}}, // with copies
	'w': {Rung: Voice, Rates: renditions, Max: Layer{1, 1}},
	'W': {Rung: Voice, Rates: renditions, Max: Layer{1, 0}}, // that needs no copies
	'n': {Rung: ScreenSound, Rates: voice},
	'v': {Rung: MoreVoices, Rates: voice},
	'c': {Rung: OtherCamera, Rates: camera, Max: Layer{1, 3}},
}

// want draws wants: a letter each, as in cast.
func want(drawing string) []Want {
	var wants []Want
	for _, letter := range drawing {
		wants = append(wants, cast[letter])
	}
	return wants
}

// draw writes choices down: spatial and temporal layer, or -- for paused.
func draw(choices []Choice) string {
	var drawn []string
	for _, c := range choices {
		if !c.Sending {
			drawn = append(drawn, "--")
			continue
		}
		drawn = append(drawn, strconv.Itoa(int(c.Spatial))+strconv.Itoa(int(c.Temporal)))
	}
	return strings.Join(drawn, " ")
}

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		kbps  uint64
		wants string
		get   string
	}{
		//      teacher's voice, screen, teacher's camera, a voice, two cameras
		{10, "VSTvcc", "00 -- -- -- -- --"},
		{100, "VSTvcc", "00 -- 00 -- -- --"},
		{200, "VSTvcc", "00 00 -- -- -- --"},
		{260, "VSTvcc", "00 00 00 -- -- --"},
		{300, "VSTvcc", "00 00 00 00 -- --"},
		{360, "VSTvcc", "00 00 00 00 00 --"},
		{660, "VSTvcc", "00 10 00 00 -- --"}, // legible before smooth
		{770, "VSTvcc", "00 10 00 00 00 00"},
		{860, "VSTvcc", "00 10 02 00 00 00"}, // the teacher moves before pupils do
		{1600, "VSTvcc", "00 11 10 00 00 00"},
		{3400, "VSTvcc", "00 11 22 00 10 10"},
		{9000, "VSTvcc", "00 11 22 00 12 12"},
		//      who speaks without the word comes before pictures, and alone always
		{30, "VsScc", "00 -- -- -- --"},
		{79, "VsScc", "00 -- -- -- --"},
		{80, "VsScc", "00 00 -- -- --"},
		{290, "VsScc", "00 00 00 00 --"},
		{30, "sScc", "00 -- -- --"},
		{99, "rcc", "01 -- --"},  // what repairs it, too
		{30, "vvc", "00 -- --"},  // one's own may be the one who speaks
		{150, "Svc", "-- 00 01"}, // a voice before a screen
		{120, "rcc", "01 00 --"},
		//      a voice that has no room leaves it to no picture
		{70, "Vsc", "00 -- --"},
		{130, "Vvvvc", "00 00 00 -- --"},
		{210, "Vvvvc", "00 00 00 00 --"},
		{220, "Vvvvc", "00 00 00 00 00"},
		//      a screen may be seen without its sound
		{220, "VnS", "00 -- 00"},
		{230, "VnS", "00 00 00"},
		{560, "VnS", "00 00 01"}, // rather than sharper without it
		{580, "VnS", "00 00 10"},
		//      a voice keeps its copies
		{20, "w", "00"},
		{53, "w", "01"},
		{54, "w", "11"},
		{130, "wc", "11 00"},
		{100, "wc", "01 00"},
		{40, "W", "10"},
		//      a rung is shared fairly
		{120, "cc", "00 00"},
		{180, "cc", "01 01"},
		{400, "cc", "10 10"},
		{250, "ccc", "01 01 00"},
		//      smooth before large
		{130, "B", "01"},
		{200, "B", "02"},
		{300, "B", "12"},
		{400, "B", "12"},
		{500, "B", "21"},
	} {
		wants := want(c.wants)
		choices := make([]Choice, len(wants))
		r := Allocate(time.Unix(1, 0), c.kbps*1000, wants, choices, Options{})
		if got := draw(choices); got != c.get {
			t.Errorf("%5d kb/s for %s: %q, want %q (%+v)", c.kbps, c.wants, got, c.get, r)
		}
	}
}

// TestHysteresis runs one teacher's camera through time: each second an
// estimate, and what is seen.
func TestHysteresis(t *testing.T) {
	now := time.Unix(1000, 0)
	wants, choices := want("T"), make([]Choice, 1)
	for second, c := range []struct {
		kbps uint64
		get  string
	}{
		{600, "12"},
		{200, "10"}, // falls at once
		{600, "10"}, // and waits
		{600, "12"}, // before it rises
		{710, "12"}, // 700 would just fit
		{710, "12"},
		{710, "12"},
		{840, "20"}, // with headroom it is taken
		{710, "20"}, // and kept without
		{690, "12"},
		{20, "--"},
		{64, "--"},
		{64, "--"}, // resuming needs headroom too
		{75, "--"}, // longer, as the last rise did not last
		{75, "--"},
		{75, "--"},
		{75, "00"},
	} {
		Allocate(now, c.kbps*1000, wants, choices, Options{})
		if got := draw(choices); got != c.get {
			t.Errorf("second %d, %d kb/s: %q, want %q", second, c.kbps, got, c.get)
		}
		wants[0].Now = choices[0]
		now = now.Add(time.Second)
	}
}

// A voice that was left out comes back as soon as there is room; one that is sent does not flap between its
// renditions.
func TestAVoiceWaitsNoLongerThanHold(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		want   Want
		low    uint64 // kb/s for less, and for more
		high   uint64
		most   int // rises in 40 s
		fewest int
	}{
		{Want{Rung: MoreVoices, Rates: voice}, 70, 100, 20, 10},
		{Want{Rung: Voice, Rates: kilo(Rates{{18}, {40}}), Max: Layer{1, 0}}, 70, 100, 5, 1},
	} {
		wants, choices := []Want{c.want, cast['V']}, make([]Choice, 2) // beside another
		rises, was := 0, Choice{}
		for tick := range 400 {
			estimate := c.high
			if was.Sending && was.Layer == c.want.Max && now.Sub(was.Since) > 500*time.Millisecond {
				estimate = c.low // it was too much
			}
			Allocate(now, estimate*1000, wants, choices, Options{})
			if tick > 0 && choices[0].Sending && was.below(choices[0].Layer) {
				rises++
			}
			was, wants[0].Now = choices[0], choices[0]
			now = now.Add(100 * time.Millisecond)
		}
		if rises > c.most || rises < c.fewest {
			t.Errorf("%d rises in 40 s on rung %d, want %d to %d", rises, c.want.Rung, c.fewest, c.most)
		}
	}
}

func TestOffAndSilentSubscriptionsGetNothing(t *testing.T) {
	wants := want("Tcc")
	wants[0].Off = true
	wants[1].Rates = &Rates{}
	choices := make([]Choice, 3)
	r := Allocate(time.Unix(1, 0), 9e6, wants, choices, Options{})
	if got := draw(choices); got != "-- -- 12" || r.Limited {
		t.Errorf("%q, %+v", got, r)
	}
}

// What waits for more to be known of the link is wanted, and so a reason to find out.
func TestWhatIsForLaterIsNotGiven(t *testing.T) {
	wants, choices := want("VST"), make([]Choice, 3)
	wants[1].Later, wants[2].Later = true, true
	r := Allocate(time.Unix(1, 0), 9e6, wants, choices, Options{})
	if got := draw(choices); got != "00 -- --" || !r.Limited || r.Next == 0 {
		t.Errorf("%q, %+v", got, r)
	}
}

func TestNextIsWhereTheNextStepFits(t *testing.T) {
	wants, choices := want("VT"), make([]Choice, 2)
	r := Allocate(time.Unix(1, 0), 120_000, wants, choices, Options{})
	if !r.Limited || r.Next != 130_000 || r.Lowest != TeacherCamera {
		t.Fatalf("%+v", r)
	}
	Allocate(time.Unix(1, 0), r.Next, wants, choices, Options{})
	if got := draw(choices); got != "00 01" {
		t.Errorf("at that estimate: %q", got)
	}
}

// TestNeverOverspends: whatever is wanted, no more is spent than there is,
// save for the voice that is always sent.
func TestNeverOverspends(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SliceOfN(rapid.SampledFrom([]rune("VSTvcsn")), 0, 12).Draw(t, "wants")
		wants := want(string(letters))
		choices := make([]Choice, len(wants))
		voices := uint64(strings.Count(string(letters), "V")) * 40_000
		if voices == 0 {
			voices = 40_000 // of whoever there is
		}
		now := time.Unix(1000, 0)
		for range 10 {
			estimate := rapid.Uint64Range(0, 5e6).Draw(t, "estimate")
			r := Allocate(now, estimate, wants, choices, Options{})
			if r.Spent > max(estimate, voices) {
				t.Fatalf("spent %d of %d: %s", r.Spent, estimate, draw(choices))
			}
			for i, c := range choices {
				if c.Sending && (c.Spatial > wants[i].Max.Spatial || wants[i].rate(c.Layer) == 0) {
					t.Fatalf("chose %+v, which is not there", c)
				}
				wants[i].Now = c
			}
			now = now.Add(time.Second)
		}
	})
}

func TestAllocateDoesNotAllocate(t *testing.T) {
	wants, choices := want("VSTvcccccccc"), make([]Choice, 12)
	if n := testing.AllocsPerRun(100, func() {
		Allocate(time.Unix(1, 0), 2e6, wants, choices, Options{})
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
