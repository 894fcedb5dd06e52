// Package estimate tells how many bits per second a connection carries, from
// what was sent and the receiver's transport-wide feedback
// (draft-holmer-rmcat-transport-wide-cc-extensions-01), by the growth of
// one-way delay and by loss (draft-ietf-rmcat-gcc-02).
//
// It knows no socket and no clock, and runs no goroutine: an Estimator belongs
// to the writer that owns the connection; all times come as arguments.
//
// A report goes through it like this:
//
//	Feedback ─ each packet's status ─▶ acked   what arrives, bits/s
//	                                ├▶ trend   is the queue growing?
//	                                ├▶ loss    share lost
//	                                └▶ probe   what a burst got through
//	         ─ then once ───────────▶  rate    raise, hold or lower
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

const (
	// remembered is how many sent packets wait for feedback at most: 4 s at 1,000 a second. There is room for
	// few at first, and for twice as many as are under way.
	remembered      = 4096
	rememberedFirst = 256
	// silence is how long feedback may stay away before the estimate sinks.
	silence = time.Second
)

// sentPacket waits for feedback.
type sentPacket struct {
	number uint64
	at     time.Duration // since the first packet
	size   int32
	probe  uint8
	acked  bool
}

// Estimator is one connection's. Times inside are since the first packet, and
// on the receiver's side since the first report.
type Estimator struct {
	epoch  time.Time
	sent   []sentPacket
	newest uint64 // extended number of the newest packet sent
	told   uint64 // highest extended number that feedback spoke of

	remote    uint64 // newest reference time, unwrapped
	remoteSet bool

	acked  acked
	lately lately
	queue  queue
	trend  trend
	loss   loss
	probe  probe
	rate   rate

	answers  answers
	rtt      time.Duration
	heard    time.Duration // last feedback
	lastTick time.Duration
}

// New makes an Estimator.
func New(o Options) *Estimator {
	if o.Start == 0 {
		o.Start = 300_000
	}
	if o.Min == 0 {
		o.Min = 10_000
	}
	if o.Max == 0 {
		o.Max = 20_000_000
	}
	return &Estimator{
		sent:  make([]sentPacket, rememberedFirst),
		trend: newTrend(),
		rate:  newRate(o),
	}
}

// Sent notes a packet of size bytes (with IP and UDP headers) that left with
// that transport-wide sequence number. probe, if not zero, is the probe
// cluster it belongs to.
func (e *Estimator) Sent(sequence uint16, size int, probe uint8, at time.Time) {
	if e.epoch.IsZero() {
		e.epoch = at
		e.newest = 1<<16 + uint64(sequence) - 1
		e.told = e.newest
	}
	number := e.extend(sequence)
	e.newest = max(e.newest, number)
	if 2*(e.newest-e.told) > uint64(len(e.sent)) && len(e.sent) < remembered {
		e.remember()
	}
	*e.slot(number) = sentPacket{number: number, at: at.Sub(e.epoch), size: int32(size), probe: probe}
	if probe != 0 {
		e.probe.sent(probe)
	}
}

// Tried says that clusters will show from now on what passes (see Probe), and what
// to begin with until one has, in bits/s.
func (e *Estimator) Tried(start uint64) { e.rate.trust(float64(start)) }

// Probe announces a cluster: packets sent in one burst, which the link spreads
// out, to see whether that many bits per second pass. The number is not 0.
func (e *Estimator) Probe(cluster uint8, bits uint64) {
	e.probe = probe{cluster: cluster, most: float64(bits)}
}

// Moved says that the path may be another: how long it takes is found out anew.
func (e *Estimator) Moved() { e.queue = queue{} }

func (e *Estimator) extend(sequence uint16) uint64 {
	return e.newest + uint64(int64(int16(sequence-uint16(e.newest))))
}

func (e *Estimator) slot(number uint64) *sentPacket { return &e.sent[number%uint64(len(e.sent))] }

// remember makes room for twice as many.
func (e *Estimator) remember() {
	before := e.sent
	e.sent = make([]sentPacket, 2*len(before))
	for _, p := range before {
		if p.number != 0 {
			*e.slot(p.number) = p
		}
	}
}

// Feedback takes in a receiver's report. What it says of packets never sent,
// forgotten or reported before is passed over.
func (e *Estimator) Feedback(fb *rtcp.TransportLayerCC, at time.Time) {
	if e.epoch.IsZero() || fb == nil {
		return
	}
	now := at.Sub(e.epoch)
	before, after := e.told, now-e.heard
	e.heard, e.lastTick = now, now
	e.walk(fb, now)
	if p := e.slot(e.told); e.told != before && p.number == e.told && p.acked {
		e.answers.add(now, after, now-p.at)
	}
	if e.loss.weigh(now) {
		e.rate.lose(min(e.loss.share, e.loss.lasting))
	}
	is := seen{loss: e.loss.lasting, acked: e.acked.bits(), queue: e.queue.stands(), stood: e.queue.stood(), rtt: e.rtt}
	is.lately, is.stretch = e.lately.measure()
	e.rate.update(now, e.trend.state, is)
	if bits := e.probe.take(); bits > 0 && e.trend.state != overused {
		e.rate.proven(bits, e.probe.most, now)
	}
}

// walk goes through the packets that a report speaks of.
func (e *Estimator) walk(fb *rtcp.TransportLayerCC, now time.Duration) {
	arrival := e.reference(fb.ReferenceTime)
	number := e.extend(fb.BaseSequenceNumber)
	left := int(fb.PacketStatusCount)
	deltas := fb.RecvDeltas
	status := func(symbol uint16) bool {
		received := symbol == rtcp.TypeTCCPacketReceivedSmallDelta || symbol == rtcp.TypeTCCPacketReceivedLargeDelta
		if received {
			if len(deltas) == 0 {
				return false
			}
			arrival += time.Duration(deltas[0].Delta) * time.Microsecond
			deltas = deltas[1:]
		}
		e.status(number, received, arrival, now)
		number++
		left--
		return left > 0
	}
	for _, chunk := range fb.PacketChunks {
		if left <= 0 || !eachSymbol(chunk, status) {
			return
		}
	}
}

// eachSymbol calls status for each symbol of a chunk until it answers false.
func eachSymbol(chunk rtcp.PacketStatusChunk, status func(symbol uint16) bool) bool {
	switch c := chunk.(type) {
	case *rtcp.RunLengthChunk:
		for range c.RunLength {
			if !status(c.PacketStatusSymbol) {
				return false
			}
		}
	case *rtcp.StatusVectorChunk:
		for _, symbol := range c.SymbolList {
			if !status(symbol) {
				return false
			}
		}
	}
	return true
}

// reference is a report's reference time: 24 bits of 64 ms, unwrapped.
func (e *Estimator) reference(units uint32) time.Duration {
	if !e.remoteSet {
		e.remoteSet = true
		e.remote = 1<<24 + uint64(units&0xFFFFFF)
	}
	ahead := int32((units-uint32(e.remote))<<8) >> 8
	at := e.remote + uint64(int64(ahead))
	e.remote = max(e.remote, at)
	return time.Duration(at) * 64 * time.Millisecond
}

// status takes in what became of one packet.
func (e *Estimator) status(number uint64, received bool, arrival, now time.Duration) {
	p := e.slot(number)
	if p.number != number || p.acked || number > e.newest {
		return
	}
	fresh := number > e.told
	e.told = max(e.told, number)
	if fresh {
		e.loss.count(received)
	} else if received {
		e.loss.found()
	}
	if !received {
		return
	}
	p.acked = true
	e.roundTrip(now - p.at)
	e.acked.add(arrival, int(p.size))
	e.lately.add(p.at, arrival, int(p.size))
	if p.probe != 0 {
		e.probe.acked(p.probe, p.at, arrival, int(p.size))
		return // a cluster is queue, and gone as soon as it has passed
	}
	e.trend.add(p.at, arrival, int(p.size))
	e.queue.add(p.at, arrival)
}

func (e *Estimator) roundTrip(sample time.Duration) {
	if e.rtt == 0 {
		e.rtt = sample
	}
	e.rtt += (sample - e.rtt) / 16
}

// Tick lets the estimate sink when feedback stays away though packets were
// sent; call it some times a second.
func (e *Estimator) Tick(at time.Time) {
	if e.epoch.IsZero() {
		return
	}
	now := at.Sub(e.epoch)
	if now-e.heard < silence || now-e.lastTick < silence/2 || e.told == e.newest {
		return
	}
	if e.slot(e.newest).at <= e.heard {
		return // nothing sent since: nothing to hear of
	}
	e.lastTick = now
	e.rate.sink()
}

// SetDemand tells what all subscriptions at their best would take, in bits/s:
// an estimate is not raised far beyond what is asked for and seen to pass.
func (e *Estimator) SetDemand(bits uint64) { e.rate.demand = float64(bits) }

// Snapshot is what an Estimator knows.
type Snapshot struct {
	Bits     uint64        // the estimate, bits/s
	Acked    uint64        // what lately arrived, bits/s
	Loss     float64       // of the last second, 0 to 1
	RTT      time.Duration // send to feedback, smoothed; 0 before the first
	Overused bool          // one-way delay is growing
	Spend    uint64        // what may be spent now: less than Bits while a queue stands or drains
	Draining bool          // it does
	Queue    time.Duration // how long packets stand in the bottleneck's queue
	Probe    uint64        // bits/s that the cluster of that number got through; 0: not known yet
	Cluster  uint8
	Untold   bool // clusters are to tell what the link carries, and none has
}

// Snapshot answers with the present state.
func (e *Estimator) Snapshot() Snapshot {
	return Snapshot{
		Bits: uint64(e.rate.bits), Acked: uint64(e.acked.bits()), Loss: e.loss.share, RTT: e.rtt,
		Overused: e.trend.state == overused, Spend: uint64(e.rate.spend()), Draining: e.rate.draining,
		Queue: e.queue.stands(),
		Probe: uint64(e.probe.result), Cluster: e.probe.cluster, Untold: e.rate.tried && e.rate.probed < 0,
	}
}
