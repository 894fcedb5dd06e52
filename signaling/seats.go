package signaling

import (
	"net/netip"
	"sync"
)

// seats sees to it that a participant holds at most one /class and one /rtc
// socket, both of one page. LiveKit clients add no page key to /rtc, so
// the page of an /rtc socket is told by its token's lineage (access.Claims):
//
//   - a /class replaces an older /class: silently where the page key is the
//     same (the page resumes), else the older page is told that it was replaced;
//   - a /class of another page also replaces an /rtc, unless that one has the
//     new page's lineage and came while no older page was seated;
//   - a /rtc replaces an older /rtc, and the /class of another lineage.
type seats struct {
	mu    sync.Mutex // guards what follows
	taken map[seatKey]*seat

	pacing *pacing // of the sockets of who sits there
	visits visits
}

// seatKey names a participant across the server.
type seatKey struct{ tenant, class, participant string }

type seat struct{ class, rtc *occupant }

// occupant is one socket in its seat.
type occupant struct {
	page    string // page key; of an /rtc: that of the /class it found seated
	lineage string
	evict   func(replaced bool) // must not block; false: the same page resumed
}

func newSeats(proxies []netip.Prefix) *seats {
	return &seats{taken: map[seatKey]*seat{}, pacing: newPacing(proxies), visits: newVisits()}
}

// takeClass seats a /class socket and evicts whom it replaces. The function
// returned gives the seat up.
func (s *seats) takeClass(k seatKey, page, lineage string, evict func(replaced bool)) (release func()) {
	me := &occupant{page, lineage, evict}
	s.mu.Lock()
	at := s.atLocked(k)
	old, rtc := at.class, at.rtc
	at.class = me
	resumed := old != nil && old.page == page
	if rtc != nil && (resumed || rtc.page == page || rtc.lineage == lineage && (old == nil || rtc.page != old.page)) {
		rtc.page = page
		rtc = nil
	}
	if rtc != nil {
		at.rtc = nil
	}
	s.mu.Unlock()

	evictAll(!resumed, old)
	evictAll(true, rtc)
	return func() { s.release(k, me) }
}

// takeRTC seats an /rtc socket and evicts whom it replaces. The function
// returned gives the seat up.
func (s *seats) takeRTC(k seatKey, lineage string, evict func(replaced bool)) (release func()) {
	me := &occupant{lineage: lineage, evict: evict}
	s.mu.Lock()
	at := s.atLocked(k)
	old, class := at.rtc, at.class
	at.rtc = me
	if class != nil && class.lineage == lineage {
		me.page = class.page
		class = nil
	}
	if class != nil {
		at.class = nil
	}
	s.mu.Unlock()

	evictAll(true, old, class)
	return func() { s.release(k, me) }
}

func (s *seats) atLocked(k seatKey) *seat {
	at, ok := s.taken[k]
	if !ok {
		at = &seat{}
		s.taken[k] = at
	}
	return at
}

func (s *seats) release(k seatKey, o *occupant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.taken[k]
	if !ok {
		return
	}
	if at.class == o {
		at.class = nil
	}
	if at.rtc == o {
		at.rtc = nil
	}
	if *at == (seat{}) {
		delete(s.taken, k)
	}
}

// people is how many participants hold a seat.
func (s *seats) people() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.taken)
}

func evictAll(replaced bool, all ...*occupant) {
	for _, o := range all {
		if o != nil {
			o.evict(replaced)
		}
	}
}
