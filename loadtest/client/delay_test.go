package client

import (
	"testing"
	"time"
)

func TestStamp(t *testing.T) {
	var b [stampSize]byte
	now := time.Now().Truncate(time.Microsecond)
	stamp(b[:], now)
	if at, ok := stamped(b[:]); !ok || !at.Equal(now) {
		t.Errorf("%v, %v; want %v", at, ok, now)
	}
	for _, x := range b {
		if x < 0x80 {
			t.Errorf("% x could be taken for a start code", b)
		}
	}
	b[3] = 0
	if _, ok := stamped(b[:]); ok {
		t.Error("other bytes are a stamp, too")
	}
}

func TestDelays(t *testing.T) {
	var d Delays
	if q := d.Quantile(0.5); q != 0 {
		t.Errorf("of none: %v", q)
	}
	for range 90 {
		d.Add(time.Millisecond)
	}
	before := d
	for range 10 {
		d.Add(80 * time.Millisecond)
	}
	d.Add(time.Hour)
	for _, c := range []struct{ share, least, most float64 }{{0.5, 1, 1.25}, {0.95, 80, 100}} {
		if q := d.Quantile(c.share).Seconds() * 1000; q < c.least || q > c.most {
			t.Errorf("of %v: %v ms", c.share, q)
		}
	}
	since := d.Since(before)
	if q := since.Quantile(0.1).Seconds() * 1000; q < 80 || q > 100 {
		t.Errorf("since then: %v ms", q)
	}
}
