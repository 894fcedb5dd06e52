package sfu

import (
	"testing"
	"time"

	"preau/sfu/internal/allocate"
)

func TestGrade(t *testing.T) {
	for _, c := range []struct {
		name    string
		loss    float64
		trip    time.Duration
		deficit float64
		want    Connection
	}{
		{"nothing known yet", 0, 0, 0, ConnectionExcellent},
		{"some loss", 0.03, 50 * time.Millisecond, 0, ConnectionGood},
		{"much loss", 0.2, 50 * time.Millisecond, 0, ConnectionPoor},
		{"far away", 0, 500 * time.Millisecond, 0, ConnectionGood},
		{"behind a full queue", 0, 2 * time.Second, 0, ConnectionPoor},
		{"one layer of three held back", 0, 0, 1. / 3, ConnectionGood},
		{"all held back", 0, 0, 1, ConnectionPoor},
	} {
		if got := grade(c.loss, c.trip, c.deficit); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A deficit is of what is wanted and there: a muted publication, a layer that is not sent, a small
// picture have no part in it.
func TestDeficit(t *testing.T) {
	o := &outlet{}
	add := func(setting TrackSetting, muted bool, top uint8, rates allocate.Rates, c allocate.Choice) {
		pub := newPublication(ownerIn(&Node{}, "PA_a"), TrackSpec{Kind: KindVideo, Muted: muted})
		s := &subscription{pub: pub, choice: c}
		s.setting.Store(&setting)
		o.subs = append(o.subs, s)
		o.wants = append(o.wants, allocate.Want{Rates: &rates, Max: allocate.Layer{Spatial: top}})
	}
	sends := func(spatial uint8) allocate.Choice {
		return allocate.Choice{Sending: true, Layer: allocate.Layer{Spatial: spatial}}
	}
	three := allocate.Rates{{1}, {2}, {3}}
	add(TrackSetting{}, true, 2, three, allocate.Choice{})
	add(TrackSetting{Disabled: true}, false, 2, three, allocate.Choice{})
	add(TrackSetting{}, false, 0, three, sends(0))
	add(TrackSetting{}, false, 2, allocate.Rates{{1}}, sends(0))
	if got := o.deficit(); got != 0 {
		t.Errorf("with all that is wanted: %v", got)
	}
	add(TrackSetting{}, false, 2, three, sends(0))
	if got := o.deficit(); got != 2./5 {
		t.Errorf("with two of five layers held back: %v", got)
	}
}
