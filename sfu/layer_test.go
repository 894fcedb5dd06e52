package sfu

import (
	"testing"

	"preau/sfu/packet"
)

// What a publisher sends once more, to fill its link with something, costs no subscriber anything, and
// is no sign that the layer comes. What comes late for the first time does.
func TestRepeatedPacketsHaveNoPrice(t *testing.T) {
	n := testNode(t, Options{})
	_, l, _, _ := fuzzed(t, n, idle(t))
	take := func(number uint16, again bool) {
		raw := packet.AppendHeader(nil, packet.Header{PayloadType: 96, Sequence: number, Timestamp: uint32(number) * 3000, Marker: true}, nil)
		l.take(n, append(raw, 0x10, 0x01, 0x02, 0x03), again)
	}
	counted := func() (bytes uint64) {
		for _, row := range l.rate.own.summed() {
			bytes = max(bytes, row[len(row)-1])
		}
		return bytes
	}
	for number := range uint16(10) {
		if number != 5 {
			take(100+number, false)
		}
	}
	each, arrived := counted()/9, l.lastArrival.Load()
	for number := range uint16(10) {
		if number != 5 {
			take(100+number, true)
		}
	}
	if got := counted(); got != 9*each || each == 0 || l.lastArrival.Load() != arrived {
		t.Errorf("%d bytes, and then once more %d", 9*each, got-9*each)
	}
	take(105, true)
	if got := counted(); got != 10*each {
		t.Errorf("what was missing is worth %d", got-9*each)
	}
}
