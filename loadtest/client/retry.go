package client

import (
	"math/rand/v2"
	"time"
)

// firstJitter spreads those who were lost together.
const firstJitter = 500 * time.Millisecond

// retryDelays are those of LiveKit's clients.
func retryDelays() []time.Duration {
	const longest = 7 * time.Second
	return []time.Duration{
		0, 300 * time.Millisecond, 1200 * time.Millisecond, 2700 * time.Millisecond, 4800 * time.Millisecond,
		longest, longest, longest, longest, longest,
	}
}

// retryDelay is how long to wait before an attempt, counted from 0; not ok when
// there were enough of them. random is in [0, 1).
func retryDelay(attempt int, random float64) (delay time.Duration, ok bool) {
	delays := retryDelays()
	switch {
	case attempt >= len(delays):
		return 0, false
	case delays[attempt] == 0:
		return time.Duration(random * float64(firstJitter)), true
	}
	return time.Duration((0.5 + random) * float64(delays[attempt])), true
}

// pause waits before an attempt; false: the client was closed, or has tried enough.
func (c *Client) pause(attempt int) bool {
	delay, ok := retryDelay(attempt, rand.Float64())
	if !ok {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
