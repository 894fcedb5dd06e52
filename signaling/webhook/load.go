package webhook

import (
	"maps"
	"slices"
)

// loader makes of the journal's records what was in memory when they were written.
type loader struct {
	h     *Hooks
	items []*item
	done  map[string]map[uint64]bool // by receiver: settled there
	lost  []record
}

func (l *loader) take(r record) {
	switch {
	case len(r.Event) > 0:
		l.event(r)
	case r.Receiver != "":
		if r.N != 0 {
			if l.done[r.Receiver] == nil {
				l.done[r.Receiver] = map[uint64]bool{}
			}
			l.done[r.Receiver][r.N] = true
		}
		l.lost = append(l.lost, r)
	}
}

func (l *loader) event(r record) {
	e, err := decodeEvent(r.Event)
	if err != nil {
		l.h.log.Error("an event of the webhooks' journal cannot be read", "err", err)
		return
	}
	l.h.last = max(l.h.last, r.N)
	if !r.Old {
		l.h.noteLocked(r.Session, e)
	}
	if !r.Told {
		l.items = append(l.items, &item{n: r.N, session: r.Session, event: e})
	}
}

// finish queues what is not settled. Nobody else has the Hooks yet.
func (l *loader) finish() {
	inOrder(l.items)
	for _, r := range l.h.receivers {
		for _, note := range l.lost {
			if note.Receiver == r.id && (note.Lost > 0 || note.Said > 0) {
				r.laneLocked(note.Session).lost += note.Lost - note.Said
			}
		}
		for _, i := range l.items {
			if !l.done[r.id][i.n] {
				r.pushLocked(i)
			}
		}
		for session, lane := range r.lanes {
			if len(lane.queue) == 0 && (lane.lost == 0 || l.h.stories[session] == nil) {
				delete(r.lanes, session)
			}
		}
		l.h.trimLocked(r)
	}
}

// whole is the journal as short as it can be: the stories, what still waits, what was lost.
func (h *Hooks) whole() []record {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.notes = nil // they are in what follows
	var out []record
	for _, session := range slices.Sorted(maps.Keys(h.stories)) {
		out = append(out, h.stories[session].records(session)...)
	}
	waits := map[uint64]*item{}
	for _, r := range h.receivers {
		for _, i := range r.order {
			if !i.settled {
				waits[i.n] = i
			}
		}
	}
	for _, n := range slices.Sorted(maps.Keys(waits)) {
		out = append(out, record{N: n, Session: waits[n].session, Event: rawOf(waits[n].event), Old: true})
	}
	for _, r := range h.receivers {
		out = append(out, r.notesLocked(waits)...)
	}
	return out
}

// notesLocked says what of the events that wait somewhere is settled here, and what was lost.
func (r *receiver) notesLocked(waits map[uint64]*item) []record {
	mine := map[uint64]bool{}
	for _, i := range r.order {
		if !i.settled {
			mine[i.n] = true
		}
	}
	var out []record
	for _, n := range slices.Sorted(maps.Keys(waits)) {
		if !mine[n] {
			out = append(out, record{N: n, Receiver: r.id, Session: waits[n].session})
		}
	}
	for _, session := range slices.Sorted(maps.Keys(r.lanes)) {
		if lost := r.lanes[session].lost; lost > 0 {
			out = append(out, record{Receiver: r.id, Session: session, Lost: lost})
		}
	}
	return out
}

// records are events that tell the story again, to be sent to nobody.
func (s *story) records(session string) []record {
	var told []record
	for _, e := range s.retold() {
		told = append(told, record{Session: session, Event: rawOf(e), Told: true})
	}
	return told
}
