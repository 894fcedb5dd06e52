package speaker

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// rankSpeakers puts those who speak in order, loudest first. Who stood before
// another in the last report goes on doing so until the other leads clearly.
func (d *Detector) rankSpeakers() {
	d.ranked = d.ranked[:0]
	for _, track := range d.previous {
		if at, found := d.find(track); found && d.microphones[at].speaks {
			d.ranked = append(d.ranked, d.microphones[at])
		}
	}
	for _, m := range d.microphones {
		if m.speaks && !slices.Contains(d.previous, m.track) {
			d.ranked = append(d.ranked, m)
		}
	}
	// Insertion with a lead: each moves up past those it clearly drowns.
	for i := range d.ranked {
		for j := i; j > 0 && d.ranked[j].level >= d.ranked[j-1].level+lead; j-- {
			d.ranked[j], d.ranked[j-1] = d.ranked[j-1], d.ranked[j]
		}
	}
	d.reportSpeakers()
}

func (d *Detector) reportSpeakers() {
	r := &d.report
	r.Speakers = r.Speakers[:0]
	r.SpeakersChanged = len(d.ranked) != len(d.previous)
	for i, m := range d.ranked {
		r.Speakers = append(r.Speakers, Speaker{Track: m.track, Level: linear(m.level)})
		if !r.SpeakersChanged && d.previous[i] != m.track {
			r.SpeakersChanged = true
		}
	}
	d.previous = d.previous[:0]
	for _, m := range d.ranked {
		d.previous = append(d.previous, m.track)
	}
}

// linear is a level, in dB above silence, as amplitude from 0 to 1.
func linear(level float64) float32 {
	return float32(math.Pow(10, (level-127)/20))
}

// chooseOpen fills the open set: the privileged, then who is open and spoke
// lately, then the loudest; nobody who is open is put out by someone who is
// not clearly louder.
func (d *Detector) chooseOpen(now time.Time) {
	d.ranked = d.ranked[:0]
	for _, m := range d.microphones {
		if !m.muted {
			d.ranked = append(d.ranked, m)
		}
	}
	slices.SortStableFunc(d.ranked, func(a, b *microphone) int {
		if a.privileged != b.privileged {
			return cmp.Compare(rank(b.privileged), rank(a.privileged))
		}
		return cmp.Compare(b.claim(now), a.claim(now))
	})
	chosen := d.ranked[:min(len(d.ranked), d.options.Open)]
	r := &d.report
	r.OpenChanged, d.openGone = d.openGone, false
	r.Open = r.Open[:0]
	for _, m := range d.microphones {
		open := slices.Contains(chosen, m)
		r.OpenChanged = r.OpenChanged || open != m.open
		m.open = open
		if open {
			r.Open = append(r.Open, m.track)
		}
	}
}

func rank(first bool) int {
	if first {
		return 1
	}
	return 0
}

// claim is how strongly a microphone wants a place among the open: who speaks
// by level, who spoke lately by how lately, the others not at all; and who has
// a place leads.
func (m *microphone) claim(now time.Time) float64 {
	claim := 0.0
	ago := now.Sub(m.spoke)
	switch {
	case m.speaks:
		claim = 200 + m.level
	case !m.spoke.IsZero() && ago < stay:
		claim = 100 * (1 - ago.Seconds()/stay.Seconds())
	}
	if m.open {
		claim += lead
	}
	return claim
}
