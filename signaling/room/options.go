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

// Metrics are told what happens in rooms, so that the program can count it; the
// package itself knows no collector. The zero value is complete: nil functions are
// left out. Several rooms, and the callers of Do, call them at once; they must not
// block.
type Metrics struct {
	// Command is called for each command that was answered, with the code of the
	// answer (CODE_UNSPECIFIED: done) and the time from Do to the answer. The room's
	// own commands, presence and the end of an empty class, are among them.
	Command func(code classpb.Code, waited time.Duration)
	// Appended is called for each batch given to a log: how many events, how long the
	// log took, and its error, after which nothing of the batch has happened.
	Appended func(events int, took time.Duration, err error)
	// LetGo is called for each member let go: "slow" (Deliver said false) or "panic".
	LetGo func(reason string)
	// Refused is called for each Do, Attach or State that the room did not answer:
	// "stopped" (the node stops) or "deadline" (the caller's context ended first).
	Refused func(reason string)
	// Panicked is called for each panic that was caught, in a room or in what it calls.
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
