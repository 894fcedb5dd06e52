package link

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Profile is a link's story: how it is at first, and how it changes.
type Profile struct {
	Name     string
	Down, Up Way // towards the far end, and back
	// Script is in order of time; each step holds until the next.
	Script []Step
	// Repeat starts the story again after so long. 0: the last step stays.
	Repeat time.Duration
}

// Step is both ways' conditions from a moment of the story on.
type Step struct {
	At       time.Duration
	Down, Up Way
	// Move gives the far host another address then, and takes the one it had: a phone that leaves the Wi-Fi.
	Move bool
}

// Check says what is impossible about a profile.
func (p Profile) Check() error {
	errs := []error{wrap("down", p.Down.check()), wrap("up", p.Up.check())}
	for i, s := range p.Script {
		errs = append(errs, wrap(fmt.Sprintf("at %v down", s.At), s.Down.check()), wrap(fmt.Sprintf("at %v up", s.At), s.Up.check()))
		if s.At < 0 || i > 0 && s.At < p.Script[i-1].At {
			errs = append(errs, fmt.Errorf("at %v: steps must be in order of time", s.At))
		}
	}
	moves := func(s Step) bool { return s.Move }
	if first := slices.IndexFunc(p.Script, moves); first >= 0 && (p.Repeat > 0 || slices.ContainsFunc(p.Script[first+1:], moves)) {
		errs = append(errs, errors.New("the far host has one other address: it can move once"))
	}
	if n := len(p.Script); p.Repeat < 0 || p.Repeat > 0 && n > 0 && p.Repeat <= p.Script[n-1].At {
		errs = append(errs, fmt.Errorf("repeat %v does not come after the last step", p.Repeat))
	}
	return errors.Join(errs...)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Find looks up one of the named profiles.
func Find(name string) (Profile, error) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return p.Name == name })
	if i < 0 {
		names := make([]string, len(all))
		for i, p := range all {
			names[i] = p.Name
		}
		return Profile{}, fmt.Errorf("no profile is called %q; there are %v", name, names)
	}
	return all[i], nil
}
