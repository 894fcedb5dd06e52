package simulate

import (
	"time"

	"github.com/pion/rtcp"

	"preau/sfu/internal/allocate"
	"preau/sfu/internal/estimate"
	"preau/sfu/internal/pacer"
	"preau/sfu/internal/probe"
)

// A camera of three sizes, each with three frame rates, and the teacher's voice.
var (
	sizes     = [3]float64{110_000, 350_000, 1_000_000} // bits/s with headers
	portion   = [3]float64{0.5, 0.7, 1}                 // of it, by temporal layer
	voiceBits = 54_000.0
)

const (
	fps       = 15
	keySize   = 6 // times an average picture
	encoder   = 80 * time.Millisecond
	keyGap    = 500 * time.Millisecond
	tick      = 100 * time.Millisecond
	startBits = 100_000
	mtu       = 1200

	reportEvery = 100 * time.Millisecond // the receiver; Chromium between 50 and 250 ms
)

var epoch = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

// frame is a part of a picture.
type frame struct {
	layer uint8
	size  int
}

// world is one subscriber behind a link.
type world struct {
	link *link
	tcp  *download

	e      *estimate.Estimator
	prober probe.Prober
	pacer  pacer.Pacer
	queue  pacer.Queue[frame]
	rates  allocate.Rates
	choice [2]allocate.Choice
	result allocate.Result
	top    uint8 // spatial layer wanted at most
	off    bool  // no camera wanted

	now         time.Duration
	number      uint16
	current     int // layer let in; -1: none
	asked       [3]time.Duration
	pictures    int
	nextVoice   time.Duration
	nextPicture time.Duration
	nextTick    time.Duration

	arrived  []parcel
	told     uint16
	nextTell time.Duration
	reports  []told

	seen
}

type told struct {
	due time.Duration
	fb  *rtcp.TransportLayerCC
}

// seen is what is measured.
type seen struct {
	voiceSent, voiceLost int
	voiceLate            []time.Duration // beyond the delay, each packet's
	voiceAt              []time.Duration
	videoBytes           int // that arrived
	videoSent            int
	padBytes             int
	changes              []time.Duration // of the camera's choice
	over                 time.Duration   // since when more is allocated than estimated
	overMost             time.Duration
	keys                 int
	costs                []float64 // of the camera's choice, each tick
}

func newWorld(l *link) *world {
	w := &world{link: l, e: estimate.New(estimate.Options{}), current: -1, top: 2}
	w.e.Tried(startBits)
	for s := range sizes {
		for t := range portion {
			w.rates[s][t] = uint64(sizes[s] * portion[t])
		}
	}
	for i := range w.asked {
		w.asked[i] = -time.Hour
	}
	return w
}

func (w *world) at() time.Time { return epoch.Add(w.now) }

func (w *world) run(d time.Duration) {
	for end := w.now + d; w.now < end; w.now += step {
		w.link.run(w.now, w.arrive)
		w.receive()
		if w.tcp != nil {
			w.tcp.run(w.now, w.link)
		}
		for w.now >= w.nextVoice {
			w.nextVoice += 20 * time.Millisecond
			w.voiceSent++
			if !w.send(voice, int(voiceBits/8/50), 0) {
				w.voiceLost++
			}
		}
		for w.now >= w.nextPicture {
			w.nextPicture += time.Second / fps
			w.picture()
		}
		w.drain()
		if w.now >= w.nextTick {
			w.nextTick += tick
			w.tick()
		}
	}
}

func (w *world) send(k kind, size int, cluster uint8) bool {
	w.e.Sent(w.number, size, cluster, w.at())
	w.pacer.Sent(size, w.at())
	if k == video {
		w.videoSent += size
	}
	p := parcel{kind: k, size: size, number: w.number, sent: w.now}
	w.number++
	return w.link.put(p)
}

func (w *world) arrive(p parcel) {
	switch p.kind {
	case foreign:
		w.tcp.acks = append(w.tcp.acks, p.due+w.link.delay)
		return
	case voice:
		w.voiceLate = append(w.voiceLate, p.due-p.sent-w.link.delay)
		w.voiceAt = append(w.voiceAt, p.sent)
	case video:
		w.videoBytes += p.size
	case padding:
		w.padBytes += p.size
	}
	w.arrived = append(w.arrived, p)
}

// receive is the receiver's reports of what has arrived, and takes in those that
// have come back.
func (w *world) receive() {
	if w.now >= w.nextTell {
		here := 0
		for here < len(w.arrived) && w.arrived[here].due <= w.now {
			here++
		}
		w.nextTell = w.now + reportEvery
		if here > 0 {
			w.reports = append(w.reports, told{w.now + w.link.delay, report(w.told, w.arrived[:here])})
			w.told = w.arrived[here-1].number + 1
			w.arrived = append(w.arrived[:0], w.arrived[here:]...)
		}
	}
	for len(w.reports) > 0 && w.reports[0].due <= w.now {
		w.e.Feedback(w.reports[0].fb, w.at())
		w.reports = w.reports[1:]
		if w.e.Snapshot().Spend < w.result.Spent {
			w.allocate()
		}
		w.probe()
	}
}

func report(base uint16, here []parcel) *rtcp.TransportLayerCC {
	reference := here[0].due / (64 * time.Millisecond)
	fb := &rtcp.TransportLayerCC{BaseSequenceNumber: base, ReferenceTime: uint32(reference)}
	last := reference * 64 * time.Millisecond
	for number, i := base, 0; i < len(here); number++ {
		symbol := uint16(rtcp.TypeTCCPacketNotReceived)
		if here[i].number == number {
			symbol = rtcp.TypeTCCPacketReceivedLargeDelta
			delta := (here[i].due - last).Microseconds() / 250 * 250
			last += time.Duration(delta) * time.Microsecond
			fb.RecvDeltas = append(fb.RecvDeltas, &rtcp.RecvDelta{Type: symbol, Delta: delta})
			i++
		}
		fb.PacketChunks = append(fb.PacketChunks, &rtcp.RunLengthChunk{PacketStatusSymbol: symbol, RunLength: 1})
		fb.PacketStatusCount++
	}
	return fb
}

// picture comes from the camera, in all its sizes.
func (w *world) picture() {
	w.pictures++
	camera := w.choice[1]
	if !camera.Sending {
		return
	}
	goal := int(camera.Spatial)
	if w.current != goal && w.now-w.asked[goal] > encoder && w.now-w.asked[goal] < encoder+2*time.Second/fps {
		w.asked[goal] = w.now - encoder - keyGap
		w.current = goal
		w.keys++
		w.offer(goal, true)
		return
	}
	if w.current < 0 {
		return
	}
	// T0 T2 T1 T2
	temporal := [4]uint8{0, 2, 1, 2}[w.pictures%4]
	if temporal <= camera.Temporal {
		w.offer(w.current, false)
	}
}

// offer queues a picture and sends what may leave.
func (w *world) offer(layer int, key bool) {
	average := sizes[layer] / fps / 8
	size := average
	if key {
		size *= keySize
	} else {
		size *= [4]float64{2, 0.6, 0.8, 0.6}[w.pictures%4]
	}
	for left := int(size); left > 0; left -= mtu {
		ok := w.queue.Push(pacer.Item[frame]{
			Value: frame{uint8(layer), min(left, mtu)}, Flow: 1, Frame: uint32(w.pictures), Size: min(left, mtu), Key: key,
		})
		if !ok || w.queue.Over(&w.pacer) {
			w.queue.Trim(1, func(frame) {})
			w.current = -1
			return
		}
	}
}

func (w *world) drain() {
	for !w.queue.Empty() && w.pacer.Free(w.at()) && !w.e.Overdue(w.at()) {
		it, _ := w.queue.Pop()
		w.send(video, it.Size, 0)
	}
}

func (w *world) tick() {
	w.e.Tick(w.at())
	w.allocate()
	w.probe()
	w.costs = append(w.costs, w.cost(w.choice[1]))
	camera := w.choice[1]
	if camera.Sending && w.current != int(camera.Spatial) && w.now-w.asked[camera.Spatial] > keyGap {
		w.asked[camera.Spatial] = w.now
	}
}

func (w *world) allocate() {
	snap := w.e.Snapshot()
	wants := []allocate.Want{
		{Rung: allocate.Voice, Rates: &allocate.Rates{{uint64(voiceBits)}}, Now: w.choice[0]},
		{Rung: allocate.TeacherCamera, Rates: &w.rates, Max: allocate.Layer{Spatial: w.top, Temporal: 2}, Now: w.choice[1], Off: w.off},
	}
	was := w.choice[1]
	w.result = allocate.Allocate(w.at(), snap.Spend, wants, w.choice[:], allocate.Options{})
	w.e.SetDemand(w.demand())
	w.pacer.Set(pacer.Link{Estimate: snap.Spend, Tight: w.result.Limited, Full: snap.Queue > 100*time.Millisecond}, w.at())
	if now := w.choice[1]; now.Sending != was.Sending || now.Layer != was.Layer {
		w.changes = append(w.changes, w.now)
		if !now.Sending {
			w.queue.Drop(1, func(frame) {})
			w.current = -1
		}
	}
	if w.result.Spent > max(snap.Bits, uint64(voiceBits)) {
		w.overMost = max(w.overMost, w.now-w.over)
	} else {
		w.over = w.now
	}
}

func (w *world) demand() uint64 { return uint64(voiceBits) + w.rates[w.top][2] }

func (w *world) probe() {
	snap := w.e.Snapshot()
	c, ok := w.prober.Step(probe.State{
		Estimate: snap.Bits, Need: w.demand() * 12 / 10, Next: w.result.Next,
		Noisy: snap.Overused || snap.Draining || snap.Queue > 100*time.Millisecond, RTT: snap.RTT, Result: snap.Probe, ResultOf: snap.Cluster,
	}, w.at())
	if !ok {
		return
	}
	w.e.Probe(c.Number, c.Bits)
	for range c.Packets {
		w.send(padding, c.Size, c.Number)
	}
}
