package room

import (
	"sync"
	"time"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// attendance knows who has sockets. It is as large as the class is.
type attendance struct {
	mu      sync.Mutex // guards both
	sockets map[string]int
	lost    map[string]time.Time // since when who had a socket has none
}

func newAttendance() *attendance {
	return &attendance{sockets: map[string]int{}, lost: map[string]time.Time{}}
}

func (a *attendance) connect(participant string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sockets[participant]++
	delete(a.lost, participant)
}

func (a *attendance) disconnect(participant string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sockets[participant]--; a.sockets[participant] <= 0 {
		delete(a.sockets, participant)
		a.lost[participant] = now
	}
}

// since says whether a participant has a socket, else since when it has none;
// who was never seen has none from now on.
func (a *attendance) since(participant string, now time.Time) (since time.Time, connected bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sockets[participant] > 0 {
		return time.Time{}, true
	}
	since, ok := a.lost[participant]
	if !ok {
		since = now
		a.lost[participant] = now
	}
	return since, false
}

// came gives who has just joined, or come back, the full time to connect.
func (a *attendance) came(participant string, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if participant != "" && a.sockets[participant] == 0 {
		a.lost[participant] = now
	}
}

// forget drops who has gone, so that a return begins anew.
func (a *attendance) forget(participant string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.lost, participant)
}

// clock is what a room knows of time. Presence by sockets:
//
//	present --no socket for 5 s--> away --no socket for 60 s--> gone
//	   ^------------socket-----------'
//	waiting --------no socket for 60 s------------------------> gone
type clock struct {
	due    bool      // something has changed: look again
	empty  time.Time // since when nobody is there; zero: somebody is
	notYet time.Time // after a failure, do not try again before
}

const (
	retryAfter = time.Second // after a command of the clock failed
	idle       = time.Hour   // nothing to wait for
)

// tick does what is due at a time, and says how long nothing else will be.
func (r *Room) tick(now time.Time) time.Duration {
	r.clock.due = false
	if wait := r.clock.notYet.Sub(now); wait > 0 {
		return wait
	}
	next := idle
	var due []*pending
	for id, p := range r.state.GetParticipants() {
		to, wait := r.moves(id, p, now)
		if to != 0 {
			due = append(due, r.byNode(&classpb.Command{Body: &classpb.Command_SetPresence{
				SetPresence: &classpb.SetPresence{Participant: id, Presence: to},
			}}))
		}
		next = min(next, wait)
	}
	if wait := r.emptyFor(now); wait <= 0 {
		due = append(due, r.byNode(&classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}}))
	} else {
		next = min(next, wait)
	}
	if len(due) == 0 {
		return next
	}
	r.process(due)
	for _, p := range due {
		if p.outcome.err != nil || p.outcome.result.Seq == 0 {
			r.slog.Warn("a command of the room's clock changed nothing", "err", p.outcome.err)
			r.clock.notYet = now.Add(retryAfter)
		}
	}
	r.clock.due = true
	return 0
}

func (r *Room) byNode(c *classpb.Command) *pending {
	return &pending{
		actor: class.Node(), command: c, came: time.Now(),
		answered: make(chan struct{}), outcome: &outcome{},
	}
}

// moves says which presence a participant is due for, if any, and else how long
// to wait before looking again.
func (r *Room) moves(id string, p *classpb.Participant, now time.Time) (to classpb.Presence, wait time.Duration) {
	is := p.GetPresence()
	if is == classpb.Presence_PRESENCE_GONE || is == classpb.Presence_PRESENCE_UNSPECIFIED {
		r.sockets.forget(id)
		return 0, idle
	}
	since, connected := r.sockets.since(id, now)
	quiet := now.Sub(since)
	switch {
	case connected && is == classpb.Presence_PRESENCE_AWAY:
		return classpb.Presence_PRESENCE_PRESENT, idle
	case connected:
		return 0, idle
	case quiet >= r.options.GoneAfter:
		return classpb.Presence_PRESENCE_GONE, idle
	case is == classpb.Presence_PRESENCE_PRESENT && quiet >= r.options.AwayAfter:
		return classpb.Presence_PRESENCE_AWAY, r.options.GoneAfter - quiet
	case is == classpb.Presence_PRESENCE_PRESENT:
		return 0, r.options.AwayAfter - quiet
	}
	return 0, r.options.GoneAfter - quiet
}

// emptyFor is how long the class will still wait for someone.
func (r *Room) emptyFor(now time.Time) time.Duration {
	came := false
	for _, p := range r.state.GetParticipants() {
		if p.GetRole() == classpb.Role_ROLE_RECORDER {
			continue // records, and keeps no class open
		}
		came = true
		if is := p.GetPresence(); is != classpb.Presence_PRESENCE_GONE && is != classpb.Presence_PRESENCE_UNSPECIFIED {
			r.clock.empty = time.Time{}
			return idle
		}
	}
	if r.state.GetPhase() != classpb.Phase_PHASE_OPEN {
		return idle
	}
	if r.clock.empty.IsZero() {
		r.clock.empty = now
	}
	limit := r.options.EmptyAfter
	if s := r.state.GetEmptyTimeoutS(); s > 0 {
		limit = time.Duration(s) * time.Second
	}
	if came {
		limit = r.options.DepartureAfter
		if s := r.state.GetDepartureTimeoutS(); s > 0 {
			limit = time.Duration(s) * time.Second
		}
	}
	return r.clock.empty.Add(limit).Sub(now)
}

// movesPresence says whether the clock has to look again after an event.
func movesPresence(e *classpb.Event) bool {
	switch e.GetBody().(type) {
	case *classpb.Event_Opened, *classpb.Event_Waited, *classpb.Event_Joined, *classpb.Event_Away,
		*classpb.Event_Back, *classpb.Event_Left, *classpb.Event_RoleSet:
		return true
	}
	return false
}
