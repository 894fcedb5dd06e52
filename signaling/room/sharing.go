package room

import (
	"preau/signaling/class"
	"preau/signaling/classpb"
)

// sharing cuts what has happened into views, and encodes each once however many
// look at the class that way.
type sharing struct {
	state  *classpb.State
	events []*classpb.Event
	views  map[string]class.Batch // by which of the events are heard, a bit each
	bits   []byte
}

func newSharing(s *classpb.State, events []*classpb.Event) *sharing {
	return &sharing{state: s, events: events, views: map[string]class.Batch{}, bits: make([]byte, (len(events)+7)/8)}
}

// batch is the viewer's part; false: it hears none of the events.
func (s *sharing) batch(v class.Viewer) (class.Batch, bool) {
	clear(s.bits)
	heard := 0
	for i, e := range s.events {
		if class.Hears(s.state, v, e) {
			s.bits[i/8] |= 1 << (i % 8)
			heard++
		}
	}
	if heard == 0 {
		return class.Batch{}, false
	}
	if b, ok := s.views[string(s.bits)]; ok {
		return b, true
	}
	b := class.Batch{Through: s.state.GetSeq()}
	for i, e := range s.events {
		if s.bits[i/8]&(1<<(i%8)) != 0 {
			b.Events = append(b.Events, e)
		}
	}
	b.Frame = batchFrame(b)
	s.views[string(s.bits)] = b
	return b, true
}
