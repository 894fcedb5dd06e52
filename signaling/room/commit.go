package room

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// pending is a command under way.
type pending struct {
	actor    class.Actor
	command  *classpb.Command
	came     time.Time
	answered chan struct{} // closed once outcome is final
	outcome  *outcome
}

// outcome is a command's answer.
type outcome struct {
	result Result
	err    error
}

// draft is what a batch of commands amounts to while the log does not have it.
type draft struct {
	events    []*classpb.Event
	ephemeral []*classpb.Ephemeral
}

// process decides, keeps, tells and answers a batch of commands; goodbyes are last.
func (r *Room) process(commands []*pending) {
	if len(commands) == 0 {
		return
	}
	defer r.dismiss()
	if !r.reconcile() {
		r.answer(commands, unavailable("the class's log cannot be read"))
		return
	}
	var d draft
	for _, p := range commands {
		r.decide(p, &d)
	}
	if err := r.keep(d.events); err != nil {
		r.slog.Error("append to the class's log", "events", len(d.events), "err", err)
		r.forget(commands)
		r.answer(commands, unavailable("the class's log cannot take it now"))
		return
	}
	r.commit(d.events, d.ephemeral)
	r.answer(commands, nil)
}

// decide runs one command onto the state. A panic ends the command alone.
func (r *Room) decide(p *pending, d *draft) {
	id := p.command.GetRequestId()
	if len(id) > class.MaxRequestIDSize { // which the table of answers must not keep either
		p.outcome.err = &class.Error{
			Code:    classpb.Code_CODE_INVALID,
			Message: fmt.Sprintf("the request id is longer than %d bytes", class.MaxRequestIDSize),
		}
		return
	}
	if first := r.answers.find(p.actor.ID, id); first != nil {
		p.outcome = first
		return
	}
	before := len(d.events)
	if !r.guard("a command", func() { r.apply(p, d) }) {
		d.events = d.events[:before]
		r.rebuild(d.events)
		p.outcome.err = &class.Error{Code: classpb.Code_CODE_INTERNAL, Message: "the server failed at this command"}
		return
	}
	r.answers.remember(p.actor.ID, id, p.outcome)
}

func (r *Room) apply(p *pending, d *draft) {
	decision, err := r.options.decide(r.state, p.actor, p.command, r.input())
	if err != nil {
		p.outcome.err = err
		return
	}
	for _, e := range decision.Events {
		if _, err := proto.Marshal(e); err != nil { // here one command fails, later all of the batch would
			p.outcome.err = &class.Error{Code: classpb.Code_CODE_INVALID, Message: "a text is not UTF-8"}
			return
		}
	}
	for _, e := range decision.Events {
		class.Apply(r.state, e)
	}
	d.events = append(d.events, decision.Events...)
	d.ephemeral = append(d.ephemeral, decision.Ephemeral...)
	p.outcome.result.Participant = decision.Participant
	if n := len(decision.Events); n > 0 {
		p.outcome.result.Seq = decision.Events[n-1].GetSeq()
	}
}

// keep appends to the log. On error the state is what it was before the batch,
// and what the log made of it is found out before the next.
func (r *Room) keep(events []*classpb.Event) error {
	if len(events) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.options.AppendWithin)
	defer cancel()
	start := time.Now()
	err := r.log.Append(ctx, 0, r.kept.last(), events)
	r.options.Metrics.Appended(len(events), time.Since(start), err)
	if err != nil {
		r.rebuild(nil)
		r.uncertain = true
	}
	return err
}

// reconcile learns what a failed append left in the log after all. False: the
// log cannot say.
func (r *Room) reconcile() bool {
	if !r.uncertain {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.options.AppendWithin)
	defer cancel()
	_, events, err := r.log.Read(ctx, r.kept.last())
	if err != nil {
		r.slog.Error("read the class's log", "err", err)
		return false
	}
	r.uncertain = false
	for _, e := range events {
		class.Apply(r.state, e)
	}
	r.answers.learn(events)
	r.commit(events, nil)
	return true
}

// rebuild makes the state anew: what is kept, and what is drafted so far.
func (r *Room) rebuild(drafted []*classpb.Event) {
	r.state = r.kept.state()
	for _, e := range drafted {
		class.Apply(r.state, e)
	}
}

// commit goes on from events that are kept: all members are told.
func (r *Room) commit(events []*classpb.Event, ephemeral []*classpb.Ephemeral) {
	if r.state.GetPhase() == classpb.Phase_PHASE_ENDED {
		r.ended.Store(true)
	}
	if r.code == "" {
		r.code = r.state.GetCode()
	}
	r.kept.add(events)
	if slices.ContainsFunc(events, movesDoor) {
		r.openDoor()
	}
	r.deliver(events, ephemeral)
	r.compact()
	now := time.Now()
	for _, e := range events {
		r.clock.due = r.clock.due || movesPresence(e)
		r.partings = r.partings || parts(e)
		r.sockets.came(whoCame(e), now)
	}
}

// forget takes back what the batch remembered as answers.
func (r *Room) forget(commands []*pending) {
	for _, p := range commands {
		r.answers.forget(p.actor.ID, p.command.GetRequestId(), p.outcome)
	}
}

// answer wakes who waits; failed, if any, is everyone's answer.
func (r *Room) answer(commands []*pending, failed error) {
	for _, p := range commands {
		if failed != nil {
			p.outcome = &outcome{err: failed}
		}
		r.options.Metrics.Command(codeOf(p.outcome.err), time.Since(p.came))
		close(p.answered)
	}
}
