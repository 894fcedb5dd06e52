package crowd

import (
	"time"

	"preau/loadtest/client"
)

// sight is everything at one moment.
type sight struct {
	at     time.Time
	there  int
	failed int
	media  []client.Stats // by member: of all its tracks together
	server cost
	own    cost
}

func (c *crowd) look() sight {
	s := sight{at: time.Now(), media: make([]client.Stats, len(c.all))}
	for i, m := range c.all {
		there, failed := m.count()
		s.there += there
		s.failed += failed
		s.media[i] = m.sum()
	}
	s.server = readCost(c.plan.PID)
	s.own = readCost(ownPID)
	return s
}

// lookClosely asks the server for its metrics, too: that costs it something, so it is not done every second.
func (c *crowd) lookClosely() sight {
	s := c.look()
	s.server.read(c.plan.Metrics)
	return s
}

func (m *member) count() (there, failed int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now != nil {
		there = 1
	}
	return there, len(m.failed)
}

// sum is what came on all tracks of a member's stays.
func (m *member) sum() (sum client.Stats) {
	m.mu.Lock()
	tracks := m.tracks
	m.mu.Unlock()
	for _, t := range tracks {
		s := t.Stats()
		sum.Packets += s.Packets
		sum.Bytes += s.Bytes
		sum.Missing += s.Missing
		sum.Repeated += s.Repeated
		sum.BadTimestamps += s.BadTimestamps
		sum.BadPictures += s.BadPictures
		sum.BadBytes += s.BadBytes
		sum.Torn += s.Torn
		sum.Freezes += s.Freezes
		sum.Frozen += s.Frozen
		sum.Delays.Plus(&s.Delays)
	}
	return sum
}

func (c *crowd) progress(before, now sight) Progress {
	p := Progress{Phase: "joining", Joined: now.there, People: len(c.all), Failed: now.failed}
	if now.there+now.failed >= len(c.all) {
		p.Phase = "measuring"
	}
	took := now.at.Sub(before.at).Seconds()
	var came uint64
	for i := range now.media {
		came += now.media[i].Packets - before.media[i].Packets
		p.Lost += now.media[i].Missing
	}
	p.Packets = uint64(float64(came) / took)
	p.ServerMS = float64(now.server.CPU-before.server.CPU) / float64(time.Millisecond) / took
	return p
}
