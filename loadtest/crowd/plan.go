// Package crowd holds synthetic classes on a LiveKit-compatible server and measures what becomes of
// them: teachers who speak and show a camera, pupils who listen, talk in turns, write, leave and come
// back, all by loadtest/client over real sockets.
//
//	Run ─ teachers join and publish ─ pupils join along the ramp ─▶ the window: Length
//	       each member: one client, its tracks' counts            └▶ Report: joins, media, server
//
// Everything is received and decrypted as a browser would; nothing is decoded.
package crowd

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Plan says what to hold.
type Plan struct {
	URL    string // of the server: "http://127.0.0.1:7880"
	Key    string // of its API
	Secret string

	Classes  int
	Teachers int // of each class: a microphone, and a camera of three sizes each
	Pupils   int // of each class
	Cameras  int // how many of them show one, of the smallest size
	Screen   bool
	Room     string // the class's name, where it is one that is there already; "": new ones
	Deaf     bool   // nobody receives media: what a crowd costs by its being there

	Ramp   time.Duration // within which all pupils join, evenly; 0: at once
	Length time.Duration // of the window that is measured, after the last join
	Talk   time.Duration // for how long a pupil talks, one of a class at a time; 0: none does
	Chat   time.Duration // how often each person writes a line; 0: never
	Churn  time.Duration // how often one of all pupils leaves and comes back; 0: never

	PID     int    // of the server on this machine, to read what it costs; 0: not known
	Metrics string // where it tells its metrics; "": nowhere
}

const (
	mostClasses = 2_000
	mostPeople  = 20_000
)

var errPlan = errors.New("this cannot be held")

// hears says whether a pupil who comes is to receive something.
func (p *Plan) hears() bool { return !p.Deaf && (p.Teachers > 0 || p.Cameras > 0) }

// check tells what is wrong with a plan.
func (p *Plan) check() error {
	u, err := url.Parse(p.URL)
	people := p.Classes * (p.Teachers + p.Pupils)
	for _, c := range []struct {
		bad  bool
		says string
	}{
		{err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https", fmt.Sprintf("%q is not an address like http://127.0.0.1:7880", p.URL)},
		{p.Key == "" || p.Secret == "", "the key or the secret of the server's API is missing"},
		{p.Classes < 1 || p.Classes > mostClasses, fmt.Sprintf("classes: %d is not between 1 and %d", p.Classes, mostClasses)},
		{p.Teachers < 0 || p.Pupils < 0 || people < 1 || people > mostPeople, fmt.Sprintf("people: %d is not between 1 and %d", people, mostPeople)},
		{p.Cameras < 0 || p.Cameras > p.Pupils, fmt.Sprintf("cameras: %d of %d pupils", p.Cameras, p.Pupils)},
		{p.Length < time.Second, "the length is less than a second"},
		{p.Ramp < 0 || p.Talk < 0 || p.Chat < 0 || p.Churn < 0, "a time is negative"},
		{p.Room != "" && p.Classes != 1, "one room is one class"},
		{p.Screen && p.Teachers == 0, "a screen is shared by a teacher, and there is none"},
	} {
		if c.bad {
			return fmt.Errorf("%w: %s", errPlan, c.says)
		}
	}
	return nil
}
