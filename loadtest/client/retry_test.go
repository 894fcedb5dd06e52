package client

import (
	"testing"
	"time"
)

// The retries come when livekit-client's do.
func TestRetryDelays(t *testing.T) {
	const ms = time.Millisecond
	for attempt, want := range [][2]time.Duration{
		{0, 500 * ms},
		{150 * ms, 450 * ms},
		{600 * ms, 1800 * ms},
		{1350 * ms, 4050 * ms},
		{2400 * ms, 7200 * ms},
		{3500 * ms, 10500 * ms},
		{3500 * ms, 10500 * ms},
		{3500 * ms, 10500 * ms},
		{3500 * ms, 10500 * ms},
		{3500 * ms, 10500 * ms},
	} {
		for i, random := range []float64{0, 1} {
			if got, ok := retryDelay(attempt, random); !ok || got != want[i] {
				t.Errorf("attempt %d: %v %v, want %v", attempt, got, ok, want[i])
			}
		}
	}
	if _, ok := retryDelay(10, 0); ok {
		t.Error("an eleventh attempt")
	}
}
