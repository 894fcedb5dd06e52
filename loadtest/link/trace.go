package link

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// opportunity is what one line of a mahimahi trace lets pass: a full Ethernet
// packet.
const opportunity = 1504

// bin is over how long the opportunities of a mahimahi trace are averaged:
// short beside a feedback interval, long beside a packet at 100 kb/s.
const bin = 200 * time.Millisecond

// maxTrace bounds a trace: half a day of them.
const maxTrace = 12 * time.Hour

// RateStep is a rate from a moment on.
type RateStep struct {
	At   time.Duration
	Rate Rate // 0: nothing passes
}

// ReadTrace reads a rate over time, in either of two forms: lines of two
// numbers are seconds and kilobits a second from then on; lines of one number
// are mahimahi's, each the millisecond at which one full packet may pass. Lines
// that begin with # are comments. length is when the trace is to start again.
func ReadTrace(r io.Reader) (steps []RateStep, length time.Duration, err error) {
	lines := bufio.NewScanner(r)
	var chances []time.Duration
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		numbers, err := parse(fields)
		if err != nil {
			return nil, 0, fmt.Errorf("trace line %d: %w", n, err)
		}
		switch {
		case len(numbers) == 2 && chances == nil:
			steps = append(steps, RateStep{At: seconds(numbers[0]), Rate: Rate(numbers[1] * float64(Kilobit))})
		case len(numbers) == 1 && steps == nil:
			chances = append(chances, seconds(numbers[0]/1000))
		default:
			return nil, 0, fmt.Errorf("trace line %d: seconds and kb/s, or one millisecond, the same on every line", n)
		}
		if now := lastOf(steps, chances); now > maxTrace || now < length {
			return nil, 0, fmt.Errorf("trace line %d: %v comes before the line above it, or after %v", n, now, maxTrace)
		} else {
			length = now
		}
	}
	if err := lines.Err(); err != nil {
		return nil, 0, fmt.Errorf("trace: %w", err)
	}
	if chances != nil {
		steps, length = binned(chances)
	}
	if len(steps) == 0 {
		return nil, 0, fmt.Errorf("trace: it is empty")
	}
	if chances == nil {
		length += lastStep(steps)
	}
	return steps, length, nil
}

// lastStep is how long the last rate of a trace holds: as long as the one before.
func lastStep(steps []RateStep) time.Duration {
	if n := len(steps); n > 1 && steps[n-1].At > steps[n-2].At {
		return steps[n-1].At - steps[n-2].At
	}
	return time.Second
}

func parse(fields []string) ([]float64, error) {
	numbers := make([]float64, len(fields))
	for i, field := range fields {
		n, err := strconv.ParseFloat(field, 64)
		if err != nil || n < 0 || math.IsNaN(n) || n > 1e9 {
			return nil, fmt.Errorf("%q is no number between 0 and 1,000,000,000", field)
		}
		numbers[i] = n
	}
	return numbers, nil
}

func seconds(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }

func lastOf(steps []RateStep, chances []time.Duration) time.Duration {
	if n := len(steps); n > 0 {
		return steps[n-1].At
	}
	return chances[len(chances)-1]
}

// binned turns opportunities into a rate for each bin.
func binned(chances []time.Duration) ([]RateStep, time.Duration) {
	bins := int(chances[len(chances)-1]/bin) + 1
	bytes := make([]int64, bins)
	for _, at := range chances {
		bytes[at/bin] += opportunity
	}
	steps := make([]RateStep, bins)
	for i, n := range bytes {
		steps[i] = RateStep{At: time.Duration(i) * bin, Rate: Rate(n * 8 * int64(time.Second) / int64(bin))}
	}
	return steps, time.Duration(bins) * bin
}

// WithTrace is a profile whose down rate, up rate or both follow traces; the
// other conditions stay those of p, whose own script is left out. A trace that
// ends before the other holds its last rate; the longer one says when both
// start again.
func (p Profile) WithTrace(down, up []RateStep, length time.Duration) Profile {
	p.Script, p.Repeat = nil, length
	i, k := 0, 0
	for i < len(down) || k < len(up) {
		now := min(next(down, i), next(up, k))
		for i < len(down) && down[i].At <= now {
			i++
		}
		for k < len(up) && up[k].At <= now {
			k++
		}
		p.Script = append(p.Script, Step{At: now, Down: p.Down.last(down[:i]), Up: p.Up.last(up[:k])})
	}
	return p
}

func next(steps []RateStep, i int) time.Duration {
	if i == len(steps) {
		return math.MaxInt64
	}
	return steps[i].At
}

// last is w at the rate of the last step, or as it is where there is none yet.
func (w Way) last(steps []RateStep) Way {
	if n := len(steps); n > 0 {
		w.Rate, w.Cut = steps[n-1].Rate, steps[n-1].Rate == 0
	}
	return w
}
