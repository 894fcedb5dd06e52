package signaling

import (
	"testing"
	"testing/synctest"
	"time"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

func joinedBatch(seq uint64) class.Batch {
	return class.Batch{Through: seq, Events: []*classpb.Event{{Seq: seq, Body: &classpb.Event_Joined{Joined: &classpb.Joined{}}}}}
}

func raisedBatch(seq uint64) class.Batch {
	return class.Batch{Through: seq, Events: []*classpb.Event{
		{Seq: seq, Body: &classpb.Event_Back{Back: &classpb.Back{}}},
		{Seq: seq, Body: &classpb.Event_HandRaised{HandRaised: &classpb.HandRaised{}}},
	}}
}

func TestPresenceIsGatheredAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hold{every: func() time.Duration { return 250 * time.Millisecond }, timer: time.NewTimer(time.Hour)}
		defer h.timer.Stop()
		keep := func(b class.Batch) bool { return h.keep(&b, time.Now()) }
		if keep(joinedBatch(1)) {
			t.Error("the first is held: a small class would feel it")
		}
		if !keep(joinedBatch(2)) || !keep(joinedBatch(3)) {
			t.Error("those that follow at once are not held")
		}
		if keep(raisedBatch(4)) {
			t.Error("a hand waits for presence")
		}
		if b := h.take(); b == nil || len(b.Events) != 2 || b.Through != 3 {
			t.Errorf("what was held is %v", b)
		}
		keep(joinedBatch(5))
		start := time.Now()
		<-h.timer.C
		if waited := time.Since(start); waited > 250*time.Millisecond {
			t.Errorf("held for %v", waited)
		}
		if b := h.release(time.Now()); b == nil || b.Through != 5 {
			t.Errorf("released %v", b)
		}
		time.Sleep(300 * time.Millisecond)
		if keep(joinedBatch(6)) {
			t.Error("a lone join is held")
		}
	})
}

func TestHoldIsBounded(t *testing.T) {
	h := &hold{every: func() time.Duration { return time.Hour }, timer: time.NewTimer(time.Hour), last: time.Now()}
	defer h.timer.Stop()
	for seq := uint64(1); ; seq++ {
		b := joinedBatch(seq)
		if !h.keep(&b, time.Now()) {
			if seq != holdEvents+1 {
				t.Errorf("held %d", seq-1)
			}
			return
		}
	}
}
