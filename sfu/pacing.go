package sfu

import (
	"time"

	"preau/sfu/internal/pacer"
	"preau/sfu/packet"
)

// paceTick is how often what waits is looked at, while something does.
const paceTick = 5 * time.Millisecond

// fullQueue is how long packets stand in the link's queue when it is not to grow.
const fullQueue = 100 * time.Millisecond

// held is a packet that waits for its turn on a connection: munged only when it leaves, so that it
// can still be dropped without a gap.
type held struct {
	sub    *subscription
	packet *packet.Packet // with a reference; nil: again
	again  uint16         // the number asked for once more
	enters bool           // the stream goes over to the packet's layer with it
}

func (h held) release() {
	if h.packet != nil {
		h.packet.Release()
	}
}

// holds says whether what is not voice must wait.
func (o *outlet) holds(now time.Time) bool {
	return !o.queue.Empty() || !o.repairs.Empty() || !o.free(now)
}

// free says whether something may leave.
func (o *outlet) free(now time.Time) bool {
	return o.pacer.Free(now) && (!o.heard || !o.estimate.Overdue(now))
}

// hold keeps p until its turn, if it must wait; voice never does. When too much waits, all but the
// picture being sent is dropped, and the stream goes on at a keyframe.
func (o *outlet) hold(s *subscription, p *packet.Packet, enters bool) bool {
	if s.pub.spec.Kind != KindVideo || !o.holds(o.writer.now) {
		return false
	}
	p.Retain()
	h := held{sub: s, packet: p, enters: enters}
	ok := o.queue.Push(pacer.Item[held]{
		Value: h, Flow: s.ssrc, Frame: p.Timestamp, Size: len(p.Raw()) + wireOverhead, Key: p.Keyframe,
	})
	if !ok {
		o.drop(h)
	}
	if !ok || o.queue.Over(&o.pacer) {
		o.overflow(s, !ok)
	}
	o.writer.paceLater(o)
	return true
}

// overflow drops what a subscription has waiting, but for the picture being sent.
func (o *outlet) overflow(s *subscription, torn bool) {
	dropped := o.queue.Trim(s.ssrc, o.drop)
	if dropped || torn {
		s.current = noLayer
	}
}

func (o *outlet) drop(h held) {
	h.release()
	o.peer.node.m.drop(dropPace)
}

// holdAgain keeps a number asked for until its turn, if it must wait.
func (o *outlet) holdAgain(s *subscription, seq uint16, now time.Time) bool {
	if s.pub.spec.Kind != KindVideo || !o.holds(now) {
		return false
	}
	size := packet.MaxSize
	if !s.munger.Current(seq) { // a keyframe has come since
		return true
	}
	if o.repairs.Bytes()+size > o.pacer.Room() || !o.repairs.Push(pacer.Item[held]{
		Value: held{sub: s, again: seq}, Flow: s.ssrc, Size: size,
	}) {
		o.peer.node.m.drop(dropNack)
		return true
	}
	o.writer.paceLater(o)
	return true
}

// clear drops what a subscription has waiting.
func (o *outlet) clear(s *subscription) {
	o.queue.Drop(s.ssrc, held.release)
	o.repairs.Drop(s.ssrc, held.release)
}

// drain sends what may leave, repairs and pictures in turns.
func (o *outlet) drain(w *writer, now time.Time) {
	for o.free(now) {
		first, second := &o.queue, &o.repairs
		if o.repaired = !o.repaired; o.repaired {
			first, second = second, first
		}
		it, ok := first.Pop()
		if !ok {
			it, ok = second.Pop()
		}
		if !ok {
			return
		}
		o.sendHeld(w, it.Value, now)
	}
}

func (o *outlet) sendHeld(w *writer, h held, now time.Time) {
	s := h.sub
	switch {
	case h.packet == nil && s.munger.Current(h.again):
		s.resendOne(w, h.again, now, s.repairGap())
	case h.packet != nil:
		s.pass(w, h.packet, h.enters)
		h.packet.Release()
	}
}

// setPace follows the estimate; without one all passes.
func (o *outlet) setPace(now time.Time) {
	if !o.heard {
		o.pacer.Set(pacer.Link{}, now)
		return
	}
	snap := o.estimate.Snapshot()
	o.pacer.Set(pacer.Link{Estimate: snap.Spend, Tight: o.result.Limited, Full: snap.Queue > fullQueue}, now)
	if !o.queue.Over(&o.pacer) {
		return
	}
	for _, s := range o.subs {
		o.overflow(s, false)
	}
}

// paceLater has an outlet's queue looked at soon.
func (w *writer) paceLater(o *outlet) {
	if o.pacing {
		return
	}
	o.pacing = true
	w.paced = append(w.paced, o)
	if len(w.paced) == 1 {
		w.pace.Reset(paceTick)
	}
}

// drainAll looks at the outlets where something waits.
func (w *writer) drainAll() {
	w.now = time.Now()
	left := w.paced[:0]
	for _, o := range w.paced {
		w.current = o.peer
		o.drain(w, w.now)
		if o.pacing = !o.queue.Empty() || !o.repairs.Empty(); o.pacing {
			left = append(left, o)
		}
	}
	clear(w.paced[len(left):])
	if w.paced = left; len(left) > 0 {
		w.pace.Reset(paceTick)
	}
}
