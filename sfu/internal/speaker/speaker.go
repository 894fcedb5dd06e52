// Package speaker finds out who speaks, from the audio levels that
// microphones tell (RFC 6464), and chooses the few microphones that are open
// to everyone.
//
// It knows no clock, subscriber or media and runs no goroutine. Readers note
// levels in a Meter without a lock; one owner calls all else.
package speaker

import (
	"cmp"
	"math"
	"slices"
	"sync/atomic"
	"time"
)

// Options tune a Detector; zero values mean the defaults.
type Options struct {
	Interval time.Duration // between reports; 300 ms
	Open     int           // microphones open at once; 12
}

const (
	// A microphone speaks from onset on, and until it is below offset, in
	// −dBov. A quiet room is at 60 and above, a voice at 20 to 40.
	onset  = 40
	offset = 50
	// Smoothing takes up a rise within an interval and lets a pause between
	// two words pass.
	rise = 0.95
	fall = 0.15
	// lead is by how many dB a microphone must be louder than another before
	// it goes before it.
	lead = 6
	// stay is how long a microphone that spoke keeps its place in the open
	// set against those that never did.
	stay = 30 * time.Second
)

// Meter takes the levels of one microphone. Note may be called from any
// goroutine.
type Meter struct {
	sum atomic.Uint64 // how many packets, in the high half; the sum of 127 − level in the low
}

// Note takes the level of one packet, in −dBov (0 loudest, 127 silence);
// others are not levels and are passed over. The sender's voice flag is taken
// but does not weigh: many clients never set it.
func (m *Meter) Note(level uint8, _ bool) {
	if level <= 127 {
		m.sum.Add(1<<32 | uint64(127-level))
	}
}

// take is the mean level in dB above silence since it was last taken.
func (m *Meter) take() float64 {
	sum := m.sum.Swap(0)
	packets := sum >> 32
	if packets == 0 {
		return 0
	}
	return float64(sum&math.MaxUint32) / float64(packets)
}

// microphone is one that is watched.
type microphone struct {
	track      string
	meter      Meter
	privileged bool
	muted      bool
	level      float64 // smoothed, in dB above silence
	speaks     bool
	spoke      time.Time // last
	open       bool
}

// Speaker is one who speaks.
type Speaker struct {
	Track string
	Level float32 // 0 to 1, linear
}

// Report is what a Step yields; its slices are good until the next Step.
type Report struct {
	Speakers        []Speaker // who speaks now, loudest first
	SpeakersChanged bool      // others speak, or in another order, than in the report before
	Open            []string  // tracks whose microphone is to be open, sorted
	OpenChanged     bool
}

// Detector watches the microphones of one class.
type Detector struct {
	options     Options
	microphones []*microphone // sorted by track
	last        time.Time

	report   Report
	previous []string // tracks of the speakers reported last
	ranked   []*microphone
	openGone bool // a microphone was removed that was open
}

// New makes a Detector.
func New(o Options) *Detector {
	if o.Interval <= 0 {
		o.Interval = 300 * time.Millisecond
	}
	if o.Open <= 0 {
		o.Open = 12
	}
	return &Detector{options: o}
}

// Add begins to watch a track's microphone and returns its meter; one that is
// watched already keeps its meter.
func (d *Detector) Add(track string) *Meter {
	at, found := d.find(track)
	if !found {
		d.microphones = slices.Insert(d.microphones, at, &microphone{track: track})
	}
	return &d.microphones[at].meter
}

// Remove ends it.
func (d *Detector) Remove(track string) {
	if at, found := d.find(track); found {
		d.openGone = d.openGone || d.microphones[at].open
		d.microphones = slices.Delete(d.microphones, at, at+1)
	}
}

// SetPrivileged says whether a track goes before all others into the open set.
func (d *Detector) SetPrivileged(track string, on bool) {
	if at, found := d.find(track); found {
		d.microphones[at].privileged = on
	}
}

// SetMuted says whether a track is muted: it neither speaks nor is open.
func (d *Detector) SetMuted(track string, muted bool) {
	if at, found := d.find(track); found {
		d.microphones[at].muted = muted
	}
}

func (d *Detector) find(track string) (at int, found bool) {
	return slices.BinarySearchFunc(d.microphones, track, func(m *microphone, track string) int {
		return cmp.Compare(m.track, track)
	})
}

// Step weighs the levels noted since the last one; ok is false when less than
// an interval has passed.
func (d *Detector) Step(now time.Time) (r Report, ok bool) {
	if now.Sub(d.last) < d.options.Interval {
		return Report{}, false
	}
	d.last = now
	for _, m := range d.microphones {
		m.step(now)
	}
	d.rankSpeakers()
	d.chooseOpen(now)
	return d.report, true
}

func (m *microphone) step(now time.Time) {
	level := m.meter.take()
	if m.muted {
		m.level, m.speaks = 0, false
		return
	}
	weight := fall
	if level > m.level {
		weight = rise
	}
	m.level += weight * (level - m.level)
	m.speaks = m.level >= 127-onset || m.speaks && m.level >= 127-offset
	if m.speaks {
		m.spoke = now
	}
}
