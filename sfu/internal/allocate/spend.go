package allocate

import "time"

// Allocate spends estimate (bits/s) on wants and writes a Choice for each into
// choices, which must be as long.
//
// Down the ladder each subscription first gets what it can least do with: the
// shared screen the sharpest layer that fits, the others the smallest. One
// voice is always sent, whoever's it is. The first voices get the copies that
// repair them before anything else enters; a voice for which there is no room
// ends the ladder, so that no picture takes what it waits for. What is left
// raises quality, again down the ladder, and on one rung turn by turn. A
// subscription is raised by temporal layers before the next spatial one, and so
// loses temporal layers before spatial ones.
func Allocate(now time.Time, estimate uint64, wants []Want, choices []Choice, o Options) Result {
	s := spending{now: now, left: estimate, wants: wants, choices: choices, options: o.withDefaults()}
	for i := range choices {
		choices[i] = Choice{}
	}
	s.only = s.onlyVoice()
	for rung := Voice; rung < rungs && s.enter(rung); rung++ {
		for rung <= Speaker && s.raise(rung, temporal) {
			continue
		}
	}
	for rung := Voice; rung < rungs; rung++ {
		for s.raise(rung, spatial) {
			continue
		}
	}
	return s.result(estimate)
}

func (o Options) withDefaults() Options {
	if o.Headroom <= 0 {
		o.Headroom = 1.2
	}
	if o.Hold <= 0 {
		o.Hold = 2 * time.Second
	}
	if o.Pause <= 0 {
		o.Pause = 300 * time.Millisecond
	}
	return o
}

// spending is one allocation under way.
type spending struct {
	now     time.Time
	left    uint64
	wants   []Want
	choices []Choice
	options Options
	voiced  bool   // a voice is being sent
	only    int    // a want of MoreVoices that stands on Speaker, as nobody else does there or above; -1: none
	next    uint64 // the cheapest step not taken, in bits/s beyond what is left
}

// onlyVoice finds who speaks where nobody has the word and nobody leads: one's own voice may.
func (s *spending) onlyVoice() int {
	first := -1
	for i := range s.wants {
		w := &s.wants[i]
		if _, ok := w.after(Layer{}, false); !ok || w.Off || !w.Rung.voice() {
			continue
		}
		if w.Rung != MoreVoices {
			return -1
		}
		if first < 0 {
			first = i
		}
	}
	return first
}

// rung is where a want stands.
func (s *spending) rung(i int) Rung {
	if i == s.only {
		return Speaker
	}
	return s.wants[i].Rung
}

// enter gives each subscription of a rung its first layer, and says whether the
// next rung may be entered.
func (s *spending) enter(rung Rung) bool {
	on := true
	for i := range s.wants {
		w := &s.wants[i]
		if s.rung(i) != rung || w.Off {
			continue
		}
		if rung == Screen && !w.Later && s.enterSharpest(i) {
			continue
		}
		layer, ok := w.after(Layer{}, false)
		if !ok {
			continue
		}
		if w.Later {
			s.missed(w.rate(layer), 0)
			continue
		}
		if rung == Voice || rung == Speaker && !s.voiced || s.affords(i, layer, 0) {
			s.take(i, layer, 0)
		} else if rung.voice() {
			on = false
		}
	}
	return on
}

// enterSharpest gives the largest spatial layer that fits beside the screen's sound, at its fewest
// frames; the smallest is given without the sound if need be.
func (s *spending) enterSharpest(i int) bool {
	w := &s.wants[i]
	sound := min(s.price(ScreenSound), s.left)
	smallest, _ := w.after(Layer{}, false)
	for spatial := int(min(w.Max.Spatial, Spatials-1)); spatial >= 0; spatial-- {
		layer, ok := w.lowest(uint8(spatial))
		if !ok {
			continue
		}
		aside := sound
		if layer.Spatial == smallest.Spatial {
			aside = 0
		}
		s.left -= aside
		fits := s.affords(i, layer, 0)
		s.left += aside
		if fits {
			s.take(i, layer, 0)
			return true
		}
	}
	return false
}

// price is what all of a rung cost at their least.
func (s *spending) price(rung Rung) (sum uint64) {
	for i := range s.wants {
		w := &s.wants[i]
		if layer, ok := w.after(Layer{}, false); ok && w.Rung == rung && !w.Off {
			sum += w.rate(layer)
		}
	}
	return sum
}

// step is how far a subscription is raised at most.
type step uint8

const (
	temporal step = iota
	spatial
)

// raise takes each subscription of a rung one step up, where that fits, and
// says whether any went.
func (s *spending) raise(rung Rung, most step) bool {
	any := false
	for i := range s.wants {
		w, c := &s.wants[i], &s.choices[i]
		if s.rung(i) != rung || !c.Sending {
			continue
		}
		spent := w.rate(c.Layer)
		layer, ok := w.above(c.Layer)
		if ok && (most == spatial || layer.Spatial == c.Spatial) && s.affords(i, layer, spent) {
			s.take(i, layer, spent)
			any = true
		}
	}
	return any
}

// affords says whether what is left pays for a layer instead of what is
// already spent on this subscription. Layers above the present one need
// headroom, and the patience to hold the present one a while.
func (s *spending) affords(i int, layer Layer, spent uint64) bool {
	w := &s.wants[i]
	price := w.rate(layer)
	if w.Now.below(layer) && !s.first(w) {
		price = uint64(float64(price) * s.options.Headroom)
		if s.now.Sub(w.Now.Since) < s.hold(w, uint64(price) <= (s.left+spent)/ample) {
			s.missed(price, spent)
			return false
		}
	}
	if price > s.left+spent {
		s.missed(price, spent)
		return false
	}
	return true
}

const (
	// ample is how many times over a step must fit to wait no longer than after a
	// first fall: the link has changed.
	ample = 2
	// lasts is how long a rise must last not to have been a mistake.
	lasts = 30 * time.Second
	// longer and longest are what becomes of Hold when it was.
	longer, longest = 3, 16
)

// hold is how long a subscription must stay as it is before it may rise.
func (s *spending) hold(w *Want, ample bool) time.Duration {
	switch {
	case !w.Now.Fell:
		return s.options.Pause
	case ample, w.Rung.voice() && !w.Now.Sending:
		return s.options.Hold
	}
	return max(w.Now.Hold, s.options.Hold)
}

// holdAfter is the Hold of a choice that has just changed.
func (s *spending) holdAfter(now Choice, fell bool) time.Duration {
	stood := s.now.Sub(now.Since)
	switch {
	case now.Since.IsZero():
		return 0
	case fell && now.Hold == 0:
		return s.options.Hold
	case fell && !now.Fell && stood < lasts:
		return min(longer*now.Hold, longest*s.options.Hold)
	case !fell && now.Fell, stood < lasts: // a new try, or one of several steps
		return now.Hold
	}
	return max(now.Hold/longer, s.options.Hold)
}

// first says whether a subscription is allocated for the first time, when
// nothing can flap yet.
func (s *spending) first(w *Want) bool { return w.Now.Since.IsZero() }

// missed remembers the cheapest step that was not taken.
func (s *spending) missed(price, spent uint64) {
	missing := uint64(1)
	if price > s.left+spent {
		missing = price - spent - s.left
	}
	if s.next == 0 || missing < s.next {
		s.next = missing
	}
}

func (s *spending) take(i int, layer Layer, spent uint64) {
	s.left = s.left + spent - min(s.left+spent, s.wants[i].rate(layer))
	s.choices[i].Sending = true
	s.choices[i].Layer = layer
	s.voiced = s.voiced || s.wants[i].Rung.voice()
}

// result stamps the choices that changed and sums up.
func (s *spending) result(estimate uint64) Result {
	var r Result
	for i := range s.wants {
		w, c := &s.wants[i], &s.choices[i]
		c.Since, c.Fell, c.Hold = w.Now.Since, w.Now.Fell, w.Now.Hold
		if c.Sending != w.Now.Sending || c.Layer != w.Now.Layer || c.Since.IsZero() {
			c.Since, c.Fell = s.now, w.Now.Sending && (!c.Sending || !w.Now.below(c.Layer))
			c.Hold = s.holdAfter(w.Now, c.Fell)
		}
		if c.Sending {
			r.Spent += w.rate(c.Layer)
			r.Lowest = max(r.Lowest, w.Rung)
		}
		if _, more := w.after(c.Layer, c.Sending); more && !w.Off {
			r.Limited = true
		}
	}
	if s.next > 0 && r.Limited {
		r.Next = estimate + s.next
	}
	return r
}
