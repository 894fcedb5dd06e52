package room

import (
	"log/slog"
	"time"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// Options of a School and its rooms. The zero value works.
type Options struct {
	Log     *slog.Logger // nil: nothing is logged
	Metrics Metrics

	// Watch is told of every class that opens, restored ones included, before
	// anyone else gets hold of it. It may call the room. It must not block long.
	Watch func(*Room)

	AwayAfter      time.Duration // no socket for so long: away; 5 s
	GoneAfter      time.Duration // no socket for so long: gone; 60 s
	EmptyAfter     time.Duration // nobody ever came: the class ends, unless it says otherwise; 300 s
	DepartureAfter time.Duration // the last one has gone: the class ends, unless it says otherwise; 300 s

	Mailbox      int // what may wait for one room; then callers wait; 1,024
	CompactEvery int // the log is compacted after so many events; 1,000
	AnswersKept  int // answers per actor that a repeated request id finds again; 32

	AppendWithin time.Duration // how long the log may take before commands are answered unavailable; 10 s

	// decide is class.Decide; tests put a faulty one here.
	decide func(*classpb.State, class.Actor, *classpb.Command, class.Input) (class.Decision, error)
}

// Metrics are told what happens in rooms. Nil functions are left out. They are
// called on the rooms' goroutines and must not block.
type Metrics struct {
	Command  func(code classpb.Code, waited time.Duration) // each answered; CODE_UNSPECIFIED: done
	Appended func(events int, took time.Duration, err error)
	LetGo    func(reason string) // a member was let go: "slow", "panic"
	Refused  func(reason string) // a command was not decided: "stopped", "deadline"
	Panicked func()
}

func (o Options) filled() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	fill(&o.AwayAfter, 5*time.Second)
	fill(&o.GoneAfter, 60*time.Second)
	fill(&o.EmptyAfter, 300*time.Second)
	fill(&o.DepartureAfter, 300*time.Second)
	fill(&o.Mailbox, 1024)
	fill(&o.CompactEvery, 1000)
	fill(&o.AnswersKept, 32)
	fill(&o.AppendWithin, 10*time.Second)
	o.Metrics = o.Metrics.filled()
	if o.decide == nil {
		o.decide = class.Decide
	}
	return o
}

func (m Metrics) filled() Metrics {
	if m.Command == nil {
		m.Command = func(classpb.Code, time.Duration) {}
	}
	if m.Appended == nil {
		m.Appended = func(int, time.Duration, error) {}
	}
	if m.LetGo == nil {
		m.LetGo = func(string) {}
	}
	if m.Refused == nil {
		m.Refused = func(string) {}
	}
	if m.Panicked == nil {
		m.Panicked = func() {}
	}
	return m
}

func fill[T int | time.Duration](field *T, standard T) {
	if *field == 0 {
		*field = standard
	}
}
