package crowd

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// cost is what a process had used up at one moment.
type cost struct {
	CPU        time.Duration // user and system
	RSS        uint64        // bytes resident
	Packets    float64       // RTP sent, as the server tells it; 0: it does not
	Goroutines float64
	GC         float64 // seconds of CPU that collecting took
}

const (
	ownPID = -1 // this process
	// ticks a second of /proc's times: USER_HZ, 100 on every Linux that Go runs on (proc(5)).
	ticks = 100
)

// readCost reads /proc; what is not there is 0.
func readCost(pid int) (c cost) {
	name := strconv.Itoa(pid)
	switch pid {
	case 0:
		return cost{}
	case ownPID:
		name = "self"
	}
	stat, err := os.ReadFile("/proc/" + name + "/stat")
	if err != nil {
		return cost{}
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name before may hold anything
	fields := strings.Fields(after)
	if len(fields) < 22 {
		return cost{}
	}
	number := func(i int) uint64 { n, _ := strconv.ParseUint(fields[i], 10, 64); return n }
	c.CPU = time.Duration(number(11)+number(12)) * time.Second / ticks
	c.RSS = number(21) * uint64(os.Getpagesize())
	return c
}

// The names under which Préau and LiveKit tell of what they sent.
var sentNames = map[string]string{"preau_sfu_packets_out_total": "", "livekit_packet_total": "outgoing"}

// read asks the server for its metrics; what it does not tell is 0.
func (c *cost) read(address string) {
	if address == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return
	}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			switch name {
			case "go_goroutines":
				c.Goroutines = m.GetGauge().GetValue()
			case "go_gc_duration_seconds":
				c.GC = m.GetSummary().GetSampleSum()
			}
			direction, sent := sentNames[name]
			for _, l := range m.GetLabel() {
				sent = sent && (direction == "" || l.GetName() != "direction" || l.GetValue() == direction)
			}
			if sent {
				c.Packets += m.GetCounter().GetValue()
			}
		}
	}
}

// checkCost says what a plan asks to be read and cannot be.
func checkCost(p Plan) error {
	if p.PID != 0 && readCost(p.PID).RSS == 0 {
		return fmt.Errorf("%w: %d is no process of this machine", errPlan, p.PID)
	}
	if p.Metrics == "" {
		return nil
	}
	var c cost
	if c.read(p.Metrics); c.Goroutines == 0 {
		return fmt.Errorf("%w: %s tells no metrics of a Go program", errPlan, p.Metrics)
	}
	return nil
}
