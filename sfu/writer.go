package sfu

import (
	"time"

	"github.com/pion/rtp"

	"preau/sfu/internal/batch"
	"preau/sfu/packet"
)

// A packet's way out, in a writer's one goroutine:
//
//  1. taken from the queue its layer's reader put it in (full: dropped and counted);
//  2. for each subscription of the publication that this writer owns: wanted? (layer, pause)
//  3. a picture that would stand in the link's queue waits in the outlet's (see pacing.go);
//  4. munged: sequence number, timestamp, picture id;
//  5. header built in the subscription's own rtp.Header, transport-wide number added;
//  6. sealed in its place in the burst, and sent with the others of it (see sealed.go and burst.go).
//
// Feedback of the same peers (NACK, PLI, transport-wide) comes through the same goroutine, so that
// a subscription and its connection's numbers need no lock.

const (
	writerQueue   = 4096 // packets; 100 ms of 30 Mb/s
	feedbackQueue = 1024
	callQueue     = 256
	writerTick    = 100 * time.Millisecond
)

// atOnce is for a select that is not to wait.
var atOnce = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

type itemKind uint8

const (
	itemPacket itemKind = iota
	itemReport          // a sender report of a layer
	itemCut             // the publication was muted or blocked
)

// item is what a publication hands to a writer; a packet comes with a reference.
type item struct {
	kind   itemKind
	layer  uint8
	rtp    uint32
	ntp    uint64
	pub    *publication
	packet *packet.Packet
}

// feedback is one RTCP packet that names one SSRC of an outlet.
type feedback struct {
	out  *outlet
	ssrc uint32
	raw  []byte
}

// writer is one egress goroutine, owning whole peers with all their subscriptions.
type writer struct {
	node  *Node
	index int

	voice, video chan item
	feedback     chan feedback
	inbox        *inbox
	calls        chan func()

	// owned by run
	outs    []*outlet
	subs    map[*publication][]*subscription
	current *Peer       // whose work is being done, for the guard
	scratch []byte      // a payload being rewritten
	sealed  []byte      // a packet that leaves by itself
	padding rtp.Header  // of the packet being padded
	now     time.Time   // when the work on the present item began
	pace    *time.Timer // runs while something waits
	paced   []*outlet   // where it does

	letters    letters      // from the inbox, not yet worked on
	batch      *batch.Batch // packets that leave together
	burstBegan time.Time    // when the first of them was added
	bursts     uint64       // so many have left
	torn       bool         // the last packet that came was not its picture's last
	linger     *time.Timer  // runs while more of a picture is waited for
	lingers    uint64       // in this burst
}

func newWriter(n *Node, index int) *writer {
	return &writer{
		node: n, index: index,
		voice: make(chan item, writerQueue), video: make(chan item, writerQueue),
		feedback: make(chan feedback, feedbackQueue), inbox: newInbox(), calls: make(chan func(), callQueue),
		subs: map[*publication][]*subscription{}, scratch: make([]byte, 0, 2*packet.MaxSize),
		pace:  time.NewTimer(time.Hour), // set again before it matters
		batch: batch.New(), bursts: 1, linger: time.NewTimer(time.Hour),
	}
}

// offer queues an item, adding a reference to its packet; a full queue drops it.
func (w *writer) offer(i item) {
	queue := w.video
	if i.pub.spec.Kind == KindAudio {
		queue = w.voice
	}
	if i.packet != nil {
		i.packet.Retain()
	}
	select {
	case queue <- i:
	default:
		w.node.m.drop(dropQueue)
		if i.packet != nil {
			i.packet.Release()
		}
	}
}

// call runs f in the writer's goroutine; it waits for room, and does nothing once the node closed.
func (w *writer) call(f func()) {
	select {
	case w.calls <- f:
	case <-w.node.done:
	}
}

// run works until the node is done. A panic costs the peer that was being served its connection.
func (w *writer) run() {
	tick := time.NewTicker(writerTick)
	defer tick.Stop()
	defer w.pace.Stop()
	defer w.linger.Stop()
	for w.work(tick.C) {
	}
}

func (w *writer) work(tick <-chan time.Time) (again bool) {
	again = true // after a panic
	defer func() { w.node.fault(recover(), w.current, "egress writer") }()
	for {
		select { // voice goes first
		case i := <-w.voice:
			w.handle(i)
			w.sendBurst()
			continue
		default:
		}
		var more <-chan struct{} // nothing to wait for
		if w.readInbox() {
			more = atOnce
		}
		w.sendBurst()
		select {
		case i := <-w.voice:
			w.handle(i)
		case f := <-w.calls:
			w.current, w.now = nil, time.Now()
			f()
		case fb := <-w.feedback:
			w.current, w.now = fb.out.peer, time.Now()
			fb.out.feedback(w, fb.ssrc, fb.raw)
		case <-more:
		case <-w.inbox.wake:
		case w.now = <-w.linger.C:
		case i := <-w.video:
			w.handle(i)
		case <-w.pace.C:
			w.drainAll()
		case now := <-tick:
			w.tick(now)
		case <-w.node.done:
			return false
		}
	}
}

func (w *writer) handle(i item) {
	if i.packet != nil {
		defer i.packet.Release()
		w.torn = i.pub.spec.Kind == KindVideo && !i.packet.Marker
	}
	w.now = time.Now()
	for _, s := range w.subs[i.pub] {
		w.current = s.out.peer
		switch i.kind {
		case itemPacket:
			s.forward(w, i.packet)
		case itemReport:
			s.report(i.layer, i.ntp, i.rtp)
		case itemCut:
			s.cut()
		}
	}
}

func (w *writer) tick(now time.Time) {
	w.now = now
	for _, o := range w.outs {
		w.current = o.peer
		o.tick(now)
		w.sendBurst()
	}
	for pub, subs := range w.subs {
		layers := uint(0)
		for _, s := range subs {
			layers |= s.layers()
		}
		pub.useOnly(w, layers)
	}
	if len(w.paced) > 0 { // a panic may have come between
		w.pace.Reset(paceTick)
	}
}

// add and remove run in the writer.

func (w *writer) add(s *subscription) {
	w.subs[s.pub] = append(w.subs[s.pub], s)
	s.pub.use(w, everyLayer)
	s.out.add(s)
}

func (w *writer) remove(s *subscription) {
	list := without(w.subs[s.pub], s)
	if len(list) == 0 {
		delete(w.subs, s.pub)
		s.pub.useOnly(w, 0)
	} else {
		w.subs[s.pub] = list
	}
	s.out.remove(s)
}

// without makes a new list: the old one may be being walked.
func without[T comparable](list []T, gone T) []T {
	out := make([]T, 0, len(list))
	for _, x := range list {
		if x != gone {
			out = append(out, x)
		}
	}
	return out
}
