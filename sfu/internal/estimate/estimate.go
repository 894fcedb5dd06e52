// Package estimate tells how many bits per second a connection carries, from
// what was sent and the receiver's transport-wide feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01), by the growth of
// one-way delay and by loss (draft-ietf-rmcat-gcc-02).
//
// It knows no socket and no clock, and runs no goroutine: an Estimator belongs
// to the writer that owns the connection; all times come as arguments.
package estimate

import (
	"time"

	"github.com/pion/rtcp"
)

// Options bound the estimate, in bits/s; zero values mean the defaults.
type Options struct {
	Start uint64 // 300,000
	Min   uint64 // 10,000
	Max   uint64 // 20,000,000
}

// Estimator is one connection's.
type Estimator struct{}

// New makes an Estimator.
func New(o Options) *Estimator { return &Estimator{} }

// Sent notes a packet of size bytes (with IP and UDP headers) that left with
// that transport-wide sequence number. probe, if not zero, is the probe
// cluster it belongs to.
func (e *Estimator) Sent(sequence uint16, size int, probe uint8, at time.Time) {}

// Feedback takes in a receiver's report.
func (e *Estimator) Feedback(fb *rtcp.TransportLayerCC, at time.Time) {}

// Tick lets the estimate sink when feedback stays away; call it now and then.
func (e *Estimator) Tick(at time.Time) {}

// SetDemand tells what all subscriptions at their best would take, in bits/s:
// an estimate is not raised far beyond what is asked for and seen to pass.
func (e *Estimator) SetDemand(bits uint64) {}

// Snapshot is what an Estimator knows.
type Snapshot struct {
	Bits     uint64        // the estimate, bits/s
	Acked    uint64        // what lately arrived, bits/s
	Loss     float64       // of the last second, 0 to 1
	RTT      time.Duration // send to feedback, smoothed; 0 before the first
	Overused bool          // one-way delay is growing
}

// Snapshot answers with the present state.
func (e *Estimator) Snapshot() Snapshot { return Snapshot{} }
