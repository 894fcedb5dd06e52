package packet

import (
	"testing"

	"pgregory.net/rapid"
)

func TestNewerFromEveryEdge(t *testing.T) {
	for _, b := range []uint16{0, 1, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF} {
		if !Newer(b+1, b) || Newer(b, b) || Newer(b-1, b) || !Newer(b+0x7FFF, b) || Newer(b+0x8001, b) {
			t.Errorf("around %d", b)
		}
	}
	if !NewerTimestamp(5, 0xFFFFFFF0) || NewerTimestamp(0xFFFFFFF0, 5) {
		t.Error("timestamps across the wrap-around")
	}
}

// TestUnwrapFindsTheWay: numbers that wander forward, with late ones, keep
// their distances.
func TestUnwrapFindsTheWay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var u Unwrapper
		at := uint64(rapid.Uint16().Draw(t, "first")) + 1<<16
		u.Unwrap(uint16(at))
		for range rapid.IntRange(0, 200).Draw(t, "packets") {
			at += uint64(rapid.IntRange(0, 3000).Draw(t, "step"))
			late := at - uint64(rapid.IntRange(0, 1000).Draw(t, "late"))
			u.Unwrap(uint16(at))
			if got := u.Unwrap(uint16(late)); got != late {
				t.Fatalf("%d unwrapped as %d", late, got)
			}
		}
	})
}

func TestUnwrapFollowsARestart(t *testing.T) {
	var u Unwrapper
	before := u.Unwrap(30_000)
	u.Unwrap(100) // one stray packet changes nothing
	if got := u.Unwrap(30_001); got != before+1 {
		t.Errorf("after a stray packet: %d", got)
	}
	u.Unwrap(200)
	first := u.Unwrap(201)
	if first <= before || u.Unwrap(202) != first+1 {
		t.Errorf("after a restart: %d", first)
	}
}
