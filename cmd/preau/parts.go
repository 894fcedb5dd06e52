package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// parts are what a program has started, each in a goroutine of its own.
type parts struct {
	running sync.WaitGroup
	ended   chan error // an answer of each that has ended, nil included
}

// maxParts is more than a program has: who ends never waits to say so.
const maxParts = 32

func newParts() *parts { return &parts{ended: make(chan error, maxParts)} }

func (s *parts) start(name string, run func() error) {
	s.running.Go(func() {
		err := run()
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		s.ended <- err
	})
}

// stop ends what is still running, waits for it, and returns what nobody has heard yet.
func (s *parts) stop(end context.CancelFunc) error {
	end()
	s.running.Wait()
	close(s.ended)
	var errs []error
	for err := range s.ended {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
