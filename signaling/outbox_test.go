package signaling

import (
	"testing"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

func TestOutboxLetsASlowReaderGo(t *testing.T) {
	o := newOutbox(func(int) {}, func() {})
	for n := range outboxItems {
		if !o.put(outItem{frame: []byte{1}}, 1) {
			t.Fatalf("full at %d", n)
		}
	}
	if o.put(outItem{frame: []byte{1}}, 1) {
		t.Fatal("not bounded in items")
	}
	items, ended, reason := o.take()
	if len(items) != 0 || !ended || reason != classpb.GoodbyeReason_GOODBYE_REASON_TOO_SLOW {
		t.Errorf("%d items, ended %v, %v", len(items), ended, reason)
	}
	if o.put(outItem{frame: []byte{1}}, 1) {
		t.Error("takes more after the end")
	}
	o.end(classpb.GoodbyeReason_GOODBYE_REASON_REPLACED)
	if _, _, reason := o.take(); reason != classpb.GoodbyeReason_GOODBYE_REASON_TOO_SLOW {
		t.Errorf("a second end counts: %v", reason)
	}
}

func TestOutboxIsBoundedInBytes(t *testing.T) {
	o := newOutbox(func(int) {}, func() {})
	if !o.put(outItem{}, 2*outboxBytes) {
		t.Error("one item alone is refused for its size")
	}
	if o.put(outItem{}, 1) {
		t.Error("not bounded in bytes")
	}
}

func TestOutboxDropsTheOldestEphemera(t *testing.T) {
	dropped := 0
	o := newOutbox(func(n int) { dropped += n }, func() {})
	event := joinedBatch(1)
	o.put(outItem{batch: &event}, 1)
	for range outboxEphemera + 10 {
		o.put(outItem{batch: &class.Batch{Ephemeral: []*classpb.Ephemeral{{}}}}, 1)
	}
	items, _, _ := o.take()
	if dropped != 10 || len(items) != outboxEphemera+1 || items[0].batch != &event {
		t.Errorf("dropped %d, %d wait", dropped, len(items))
	}
}
