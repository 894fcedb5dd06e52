package signaling

import (
	"time"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// holdEvents bounds what a hold gathers, in events; a fuller one is sent.
const holdEvents = 512

// hold gathers presence for one socket: a hall of 300 fills in a few batches a
// second instead of 300. It belongs to the socket's writer.
type hold struct {
	every func() time.Duration // between two sendings of presence alone
	timer *time.Timer          // fires when what is held is due
	held  *class.Batch
	last  time.Time // when presence alone was sent last
}

// keep says whether a batch is held back, and holds it.
func (h *hold) keep(b *class.Batch, now time.Time) bool {
	if !onlyPresence(b) || h.held != nil && len(h.held.Events)+len(b.Events) > holdEvents {
		return false
	}
	if h.held != nil {
		h.held.Events = append(h.held.Events, b.Events...)
		h.held.Through = b.Through
		return true
	}
	since, every := now.Sub(h.last), h.every()
	if since >= every {
		h.last = now
		return false
	}
	h.held = &class.Batch{Events: append([]*classpb.Event(nil), b.Events...), Through: b.Through}
	h.timer.Reset(every - since)
	return true
}

// take is what is held, if anything; it is held no more.
func (h *hold) take() *class.Batch {
	b := h.held
	h.held = nil
	return b
}

// release is take when the time is over.
func (h *hold) release(now time.Time) *class.Batch {
	h.last = now
	return h.take()
}

// onlyPresence says whether a batch may wait: nobody's act or word is in it.
func onlyPresence(b *class.Batch) bool {
	if b.Snapshot != nil || len(b.Ephemeral) > 0 || b.Goodbye != 0 || len(b.Events) == 0 {
		return false
	}
	for _, e := range b.Events {
		switch e.GetBody().(type) {
		case *classpb.Event_Joined, *classpb.Event_Away, *classpb.Event_Back,
			*classpb.Event_Left, *classpb.Event_ProfileSet, *classpb.Event_SidSet, *classpb.Event_MediaConnected,
			*classpb.Event_Forwarded:
		default:
			return false
		}
	}
	return true
}
