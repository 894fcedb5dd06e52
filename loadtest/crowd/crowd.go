package crowd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// Progress is told every second.
type Progress struct {
	Phase    string
	Joined   int // of People
	People   int
	Failed   int
	Packets  uint64  // received, a second
	Lost     uint64  // so far
	ServerMS float64 // of CPU, a second, milliseconds; 0: not known
}

// crowd is a run under way.
type crowd struct {
	plan    Plan
	classes [][]*member
	all     []*member
	running sync.WaitGroup // talking, writing, coming and going
	course  []Moment       // the watcher's, until it has stopped
}

// Run holds the classes and reports. It fails if not one teacher's class could be begun; what befalls single
// members is in the report. It returns when all have left.
func Run(ctx context.Context, plan Plan, tell func(Progress)) (*Report, error) {
	if err := errors.Join(plan.check(), checkCost(plan)); err != nil {
		return nil, err
	}
	c := newCrowd(plan)
	defer c.leave()
	ctx, cancel := context.WithCancel(ctx)
	defer c.running.Wait()
	defer cancel()
	watched := c.watch(ctx, tell)
	defer watched()
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	empty := c.lookClosely()
	c.fill(ctx)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("stopped before anything was measured: %w", context.Cause(ctx))
	}
	c.stir(ctx)
	before := c.lookClosely()
	wait(ctx, plan.Length)
	after := c.lookClosely()
	watched()
	return c.report(empty, before, after), nil
}

func newCrowd(plan Plan) *crowd {
	c := &crowd{plan: plan}
	run := strconv.FormatUint(rand.Uint64(), 36)
	for n := range plan.Classes {
		room := fmt.Sprintf("load-%s-%d", run, n+1)
		if plan.Room != "" {
			room = plan.Room
		}
		var class []*member
		for i := range plan.Teachers {
			class = append(class, &member{plan: &c.plan, room: room, identity: fmt.Sprintf("teacher-%d", i+1), teacher: true})
		}
		for i := range plan.Pupils {
			class = append(class, &member{plan: &c.plan, room: room, identity: fmt.Sprintf("pupil-%d", i+1), camera: i < plan.Cameras})
		}
		c.classes = append(c.classes, class)
		c.all = append(c.all, class...)
	}
	return c
}

// begin has the teachers come, a few at a time.
func (c *crowd) begin(ctx context.Context) error {
	var (
		teachers = make(chan *member)
		coming   sync.WaitGroup
		mu       sync.Mutex
		begun    int
		last     error
	)
	for range 8 {
		coming.Go(func() {
			for m := range teachers {
				err := m.join(ctx, false)
				mu.Lock()
				if err == nil {
					begun++
				} else {
					last = err
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range c.all {
		if m.teacher {
			teachers <- m
		}
	}
	close(teachers)
	coming.Wait()
	if c.plan.Teachers > 0 && begun == 0 {
		return fmt.Errorf("no class could be begun: %w", last)
	}
	return nil
}

// fill has the pupils come along the ramp, in turn to each class, and returns when all have come or
// failed to.
func (c *crowd) fill(ctx context.Context) {
	var pupils []*member
	for i := range c.plan.Teachers + c.plan.Pupils {
		for _, class := range c.classes {
			if !class[i].teacher {
				pupils = append(pupils, class[i])
			}
		}
	}
	hears := c.plan.hears()
	var coming sync.WaitGroup
	begun := time.Now()
	for i, m := range pupils {
		due := c.plan.Ramp * time.Duration(i) / time.Duration(len(pupils))
		if !wait(ctx, time.Until(begun.Add(due))) {
			break
		}
		coming.Go(func() { _ = m.join(ctx, hears) }) // the member keeps it
	}
	coming.Wait()
}

// stir sets going what goes on besides: talk, lines of chat, comings and goings.
func (c *crowd) stir(ctx context.Context) {
	if c.plan.Talk > 0 && c.plan.Pupils > 0 {
		for _, class := range c.classes {
			c.running.Go(func() { c.talkInTurn(ctx, class[c.plan.Teachers:]) })
		}
	}
	if c.plan.Chat > 0 {
		c.running.Go(func() { c.write(ctx) })
	}
	if c.plan.Churn > 0 && c.plan.Pupils > 0 {
		c.running.Go(func() { c.churn(ctx) })
	}
}

func (c *crowd) talkInTurn(ctx context.Context, pupils []*member) {
	for i := 0; ctx.Err() == nil; i++ {
		pupils[i%len(pupils)].talks(ctx, c.plan.Talk)
		wait(ctx, c.plan.Talk/4)
	}
}

// write has one after the other write, so that each does every so often.
func (c *crowd) write(ctx context.Context) {
	for i := 0; wait(ctx, c.plan.Chat/time.Duration(len(c.all))); i++ {
		c.all[i%len(c.all)].writes("line " + strconv.Itoa(i+1))
	}
}

func (c *crowd) churn(ctx context.Context) {
	hears := c.plan.hears()
	for i := 0; wait(ctx, c.plan.Churn); i++ {
		class := c.classes[i%len(c.classes)][c.plan.Teachers:]
		m := class[rand.IntN(len(class))]
		m.leave()
		if wait(ctx, time.Second) {
			_ = m.join(ctx, hears) // the member keeps it
		}
	}
}

// leave ends everyone's stay, some at a time.
func (c *crowd) leave() {
	gone := make(chan *member)
	var leaving sync.WaitGroup
	for range 16 {
		leaving.Go(func() {
			for m := range gone {
				m.leave()
			}
		})
	}
	for _, m := range c.all {
		gone <- m
	}
	close(gone)
	leaving.Wait()
}

// watch keeps the course and tells the progress, every second until the function that it returns is called.
func (c *crowd) watch(ctx context.Context, tell func(Progress)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		first := c.look()
		for before := first; wait(ctx, time.Second); {
			now := c.look()
			p := c.progress(before, now)
			took := now.at.Sub(before.at).Seconds()
			c.course = append(c.course, Moment{
				At: now.at.Sub(first.at).Seconds(), Here: p.Joined, Packets: p.Packets, Lost: p.Lost,
				Server: p.ServerMS / 1000, Own: (now.own.CPU - before.own.CPU).Seconds() / took,
			})
			if tell != nil {
				tell(p)
			}
			before = now
		}
	}()
	return func() { cancel(); <-done }
}
