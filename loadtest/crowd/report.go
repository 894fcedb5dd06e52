package crowd

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"preau/loadtest/client"
)

// Report is what became of a crowd.
type Report struct {
	Classes, People int
	Joins           Joins
	Media           Media
	Server          Server
	Own             Process  // the load's own
	Seconds         float64  // of the window
	Course          []Moment // from the first join to the end, by the second
	Errors          []string `json:",omitempty"` // the first of them
}

// Moment is one second of a run.
type Moment struct {
	At      float64 // seconds since the beginning
	Here    int     // people
	Packets uint64  // received, a second
	Lost    uint64  // so far
	Server  float64 // cores, as Own; 0: not known
	Own     float64
}

// Joins are those of pupils, from the call to the first packet of media, or to being in where none is to
// come, in milliseconds.
type Joins struct {
	Count, Failed          int
	P50, P95, P99, Slowest float64
}

// Media is what the members received within the window.
type Media struct {
	Packets, PacketsPerSecond uint64
	BitsPerSecond             uint64 // of payload
	Lost                      uint64 // and never repaired
	Faults                    uint64 // all that a stream without a seam has none of (client.Stats.Faults)
	Freezes                   uint64
	FrozenSeconds             float64
	Silent                    int     // members who received nothing
	DelayP50, DelayP99        float64 // from the sender's source to the receiver, ms
}

// Process is what one has cost in the window.
type Process struct {
	Cores float64 // of CPU time
	RSS   uint64  // bytes, at the end
}

// Server is the server's own part; zero where it is not known.
type Server struct {
	Process
	Packets            uint64  // RTP, as it tells itself, or as the members received
	MicrosecondsPacket float64 // CPU time of each
	MillisecondsJoin   float64 // CPU time of each, beside what it sent meanwhile; 0: not known
	BytesPerson        uint64
	Goroutines         int
	GCShare            float64 // of its CPU time
}

// errorsTold is how many errors a report keeps.
const errorsTold = 10

// report takes in what was seen before the pupils came, when all had, and at the end.
func (c *crowd) report(empty, before, after sight) *Report {
	r := &Report{Classes: len(c.classes), People: len(c.all), Seconds: after.at.Sub(before.at).Seconds(), Course: c.course}
	r.joins(c.all)
	r.received(before, after)
	r.Server = serverOf(before, after, r.Media.Packets, len(c.all))
	r.Server.joinsCost(empty.server, before.server, r.Joins.Count)
	r.Own = processOf(before.own, after.own, r.Seconds)
	return r
}

func (r *Report) joins(all []*member) {
	var took []time.Duration
	for _, m := range all {
		m.mu.Lock()
		took = append(took, m.joins...)
		r.Joins.Failed += len(m.failed)
		for _, err := range m.failed {
			if len(r.Errors) < errorsTold {
				r.Errors = append(r.Errors, err.Error())
			}
		}
		m.mu.Unlock()
	}
	r.Joins.Count = len(took)
	if len(took) == 0 {
		return
	}
	slices.Sort(took)
	at := func(share float64) float64 { return milliseconds(took[int(share*float64(len(took)-1))]) }
	r.Joins.P50, r.Joins.P95, r.Joins.P99, r.Joins.Slowest = at(0.5), at(0.95), at(0.99), at(1)
}

func (r *Report) received(before, after sight) {
	var delays client.Delays
	m := &r.Media
	for i := range after.media {
		a, b := &after.media[i], &before.media[i]
		if a.Packets == b.Packets {
			m.Silent++
		}
		m.Packets += a.Packets - b.Packets
		m.BitsPerSecond += 8 * (a.Bytes - b.Bytes)
		m.Lost += a.Missing - min(a.Missing, b.Missing) // what was missing may have come since
		m.Faults += a.Faults() - min(a.Faults(), b.Faults())
		m.Freezes += a.Freezes - b.Freezes
		m.FrozenSeconds += (a.Frozen - b.Frozen).Seconds()
		took := a.Delays.Since(b.Delays)
		delays.Plus(&took)
	}
	m.PacketsPerSecond = uint64(float64(m.Packets) / r.Seconds)
	m.BitsPerSecond = uint64(float64(m.BitsPerSecond) / r.Seconds)
	m.DelayP50, m.DelayP99 = milliseconds(delays.Quantile(0.5)), milliseconds(delays.Quantile(0.99))
}

func serverOf(before, after sight, received uint64, people int) Server {
	b, a := before.server, after.server
	s := Server{Process: processOf(b, a, after.at.Sub(before.at).Seconds()), Packets: received, Goroutines: int(a.Goroutines)}
	if sent := a.Packets - b.Packets; sent > 0 {
		s.Packets = uint64(sent)
	}
	cpu := a.CPU - b.CPU
	if cpu <= 0 {
		return s
	}
	if s.Packets > 0 {
		s.MicrosecondsPacket = float64(cpu) / float64(time.Microsecond) / float64(s.Packets)
	}
	s.BytesPerson = a.RSS / uint64(people)
	s.GCShare = max(a.GC-b.GC, 0) / cpu.Seconds()
	return s
}

// joinsCost is told by what coming in cost, less the packets that were sent meanwhile.
func (s *Server) joinsCost(before, after cost, joins int) {
	if joins == 0 || after.Packets == 0 {
		return
	}
	sent := time.Duration(s.MicrosecondsPacket * (after.Packets - before.Packets) * float64(time.Microsecond))
	s.MillisecondsJoin = max(milliseconds(after.CPU-before.CPU-sent), 0) / float64(joins)
}

func processOf(before, after cost, seconds float64) Process {
	return Process{Cores: (after.CPU - before.CPU).Seconds() / seconds, RSS: after.RSS}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// String is for people.
func (r *Report) String() string {
	var b strings.Builder
	line := func(name, format string, values ...any) {
		fmt.Fprintf(&b, "%-9s "+format+"\n", append([]any{name}, values...)...)
	}
	line("classes", "%d, %d people, %.0f s", r.Classes, r.People, r.Seconds)
	line("joins", "%d, half within %.0f ms, 95 %% within %.0f, 99 %% within %.0f, the slowest %.0f; %d failed",
		r.Joins.Count, r.Joins.P50, r.Joins.P95, r.Joins.P99, r.Joins.Slowest, r.Joins.Failed)
	line("received", "%d packets/s, %.1f Mb/s; %d of %d people nothing", r.Media.PacketsPerSecond, float64(r.Media.BitsPerSecond)/1e6, r.Media.Silent, r.People)
	line("lost", "%d packets; %d faults in all; %d freezes, %.1f s", r.Media.Lost, r.Media.Faults, r.Media.Freezes, r.Media.FrozenSeconds)
	line("delay", "half within %.1f ms, 99 %% within %.1f", r.Media.DelayP50, r.Media.DelayP99)
	if s := r.Server; s.RSS > 0 {
		line("server", "%.2f cores, %.2f µs a packet sent, %.1f ms a join; %.0f MiB, %.2f MiB a person; %d goroutines; %.1f %% collecting",
			s.Cores, s.MicrosecondsPacket, s.MillisecondsJoin, mebi(s.RSS), mebi(s.BytesPerson), s.Goroutines, 100*s.GCShare)
	}
	line("load", "%.2f cores, %.0f MiB", r.Own.Cores, mebi(r.Own.RSS))
	for _, e := range r.Errors {
		line("error", "%s", e)
	}
	return b.String()
}

func mebi(bytes uint64) float64 { return float64(bytes) / (1 << 20) }
