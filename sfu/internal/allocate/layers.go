package allocate

// rate is what a layer costs, in bits/s.
func (w *Want) rate(l Layer) uint64 {
	if w.Rates == nil || l.Spatial >= Spatials || l.Temporal >= Temporals {
		return 0
	}
	return w.Rates[l.Spatial][l.Temporal]
}

// after is the next layer that is there and wanted: the lowest, or the one
// that follows l. Layers are in order by spatial, then by temporal layer.
func (w *Want) after(l Layer, sending bool) (Layer, bool) {
	next := 0
	if sending {
		next = int(l.Spatial)*Temporals + int(l.Temporal) + 1
	}
	for ; next < Spatials*Temporals; next++ {
		l := Layer{uint8(next / Temporals), uint8(next % Temporals)}
		if l.Spatial > w.Max.Spatial {
			break
		}
		if l.Temporal <= w.Max.Temporal && w.rate(l) > 0 {
			return l, true
		}
	}
	return Layer{}, false
}

// larger is by how much a larger picture must cost more than the smaller one with all its frames:
// what costs less stutters.
const larger = 1.25

// above is the next step up from a layer. As browsers encode, a larger picture of few frames costs
// less than a small smooth one: that is no step. A screen is legible before it is smooth. A voice that
// is sent with its copies keeps them: without, a better rendition is worse to hear.
func (w *Want) above(l Layer) (Layer, bool) {
	next, ok := w.after(l, true)
	for ok && next.Spatial > l.Spatial && next.Temporal < l.Temporal && w.poorer(next, l) {
		next, ok = w.after(next, true)
	}
	return next, ok
}

// poorer says whether a larger layer of fewer frames is no step up.
func (w *Want) poorer(next, l Layer) bool {
	switch {
	case w.Rung.voice():
		return true
	case w.Rung == Screen:
		return false
	}
	return float64(w.rate(next)) < larger*float64(w.rate(l))
}

// lowest is the fewest frames of a spatial layer.
func (w *Want) lowest(spatial uint8) (Layer, bool) {
	for t := range min(w.Max.Temporal+1, Temporals) {
		if l := (Layer{spatial, t}); w.rate(l) > 0 {
			return l, true
		}
	}
	return Layer{}, false
}

// below says whether a layer is more than the choice.
func (c Choice) below(l Layer) bool {
	if !c.Sending {
		return true
	}
	return l.Spatial > c.Spatial || l.Spatial == c.Spatial && l.Temporal > c.Temporal
}
