package limit

import (
	"testing"
	"time"
)

// Each way has every packet arrive, in its own size.
func TestEachWayArrives(t *testing.T) {
	r, err := Listen(5)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	results, err := Run(t.Context(), Plan{To: r.At(), Picture: 4, Size: 900, Rate: 2000, Length: 200 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	sent := uint64(0)
	for _, way := range results {
		if way.Packets == 0 || way.CPU <= 0 {
			t.Errorf("%s: %d packets, %v", way.Way, way.Packets, way.CPU)
		}
		sent += way.Packets
	}
	for until := time.Now().Add(5 * time.Second); r.Count() < sent && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	if r.Count() != sent || len(results) != 3 {
		t.Errorf("%d of %d packets came by %d ways", r.Count(), sent, len(results))
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	for _, p := range []Plan{{}, {To: nil, Picture: 1, Size: 1, Rate: 1}, {Picture: 100, Size: 1000, Rate: 1}} {
		if _, err := Run(t.Context(), p); err == nil {
			t.Errorf("%+v is sent", p)
		}
	}
}
