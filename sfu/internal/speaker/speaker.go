// Package speaker finds out who speaks, from the audio levels that
// microphones tell (RFC 6464), and chooses the few microphones that are open
// to everyone.
//
// It knows no clock, track or subscriber and runs no goroutine. Readers note
// levels in a Meter without a lock; one owner steps the Detector.
package speaker

import "time"

// Options tune a Detector; zero values mean the defaults.
type Options struct {
	Interval time.Duration // between reports; 300 ms
	Open     int           // microphones open at once; 12
}

// Meter takes the levels of one microphone. Note may be called from any goroutine.
type Meter struct{}

// Note takes the level of one packet, in −dBov (0 loudest, 127 silence).
func (m *Meter) Note(level uint8, voice bool) {}

// Speaker is one who speaks.
type Speaker struct {
	Track string
	Level float32 // 0 to 1, linear
}

// Report is what a Step yields; its slices are good until the next Step.
type Report struct {
	Speakers        []Speaker // who speaks now, loudest first
	SpeakersChanged bool
	Open            []string // tracks whose microphone is to be open, sorted
	OpenChanged     bool
}

// Detector watches the microphones of one class.
type Detector struct{}

// New makes a Detector.
func New(o Options) *Detector { return &Detector{} }

// Add begins to watch a track's microphone and returns its meter.
func (d *Detector) Add(track string) *Meter { return &Meter{} }

// Remove ends it.
func (d *Detector) Remove(track string) {}

// SetPrivileged says whether a track goes before all others into the open set.
func (d *Detector) SetPrivileged(track string, on bool) {}

// SetMuted says whether a track is muted: it neither speaks nor is open.
func (d *Detector) SetMuted(track string, muted bool) {}

// Step weighs the levels noted since the last one; ok is false when less than
// an interval has passed.
func (d *Detector) Step(now time.Time) (r Report, ok bool) { return Report{}, false }
