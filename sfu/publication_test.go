package sfu

import (
	"sync/atomic"
	"testing"
	"time"

	"preau/sfu/internal/allocate"
)

// A camera that has just begun is not taken for one that sends nothing: whoever is given nothing
// would wait for two seconds before the next step up.
func TestNewCameraHasAPrice(t *testing.T) {
	now := time.Now()
	for name, layers := range map[string][]int{"one layer": {0}, "three": {0, 1, 2}, "without the lowest": {1, 2}} {
		pub := &publication{spec: cameraSpec("TR_cam"), layers: new([maxLayers]atomic.Pointer[layer])}
		for _, i := range layers {
			l := &layer{}
			l.lastArrival.Store(now.UnixNano())
			pub.layers[i].Store(l)
		}
		var r allocate.Rates
		pub.rates(now, &r)
		want := allocate.Want{Rung: allocate.OtherCamera, Rates: &r, Max: allocate.Layer{Spatial: 2, Temporal: 3}}
		choices := make([]allocate.Choice, 1)
		allocate.Allocate(now, 300_000, []allocate.Want{want}, choices, allocate.Options{})
		if !choices[0].Sending || int(choices[0].Spatial) != layers[0] {
			t.Errorf("%s: at %v it is given %+v", name, r, choices[0])
		}
		pub.layers[layers[0]].Load().rate.bits[0][0].Store(90_000)
		if pub.rates(now, &r); r[layers[0]][0] != 90_000 {
			t.Errorf("%s: measured, it costs %v", name, r)
		}
	}
}

// A voice goes on when its second rendition begins, before either has been measured; and where there
// is room for the low one alone, that is it.
func TestNewRenditionHasAPrice(t *testing.T) {
	now := time.Now()
	pub := &publication{spec: micSpec("TR_mic"), layers: new([maxLayers]atomic.Pointer[layer])}
	for i := range 2 {
		l := &layer{}
		l.lastArrival.Store(now.UnixNano())
		pub.layers[i].Store(l)
	}
	var r allocate.Rates
	pub.rates(now, &r)
	for bits, spatial := range map[uint64]uint8{300_000: 1, 30_000: 0} {
		want := allocate.Want{Rung: allocate.Voice, Rates: &r, Max: allocate.Layer{Spatial: 2, Temporal: 3}}
		choices := make([]allocate.Choice, 1)
		allocate.Allocate(now, bits, []allocate.Want{want}, choices, allocate.Options{})
		if !choices[0].Sending || choices[0].Spatial != spatial {
			t.Errorf("of %d b/s, at %v, it is given %+v", bits, r, choices[0])
		}
	}
}
