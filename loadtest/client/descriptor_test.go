package client

import (
	"slices"
	"testing"

	"github.com/pion/webrtc/v4"
)

// What a layered source says is what the payload format's appendix A asks for:
// the descriptor of L1T2 written out by hand.
func TestDescriptorOfTwoTemporalLayers(t *testing.T) {
	got := descriptor{start: true, end: true, template: 0, frame: 0x1234, structure: []Layer{{Width: 640, Height: 360}}}.bytes()
	var want bitWriter
	for _, field := range [][2]uint32{
		{1, 1}, {1, 1}, {0, 6}, {0x1234, 16}, // start, end, template, frame number
		{1, 1}, {0, 4}, // a structure, nothing else
		{0, 6}, {1, 5}, // template id offset, two decode targets
		{0, 2}, {1, 2}, {3, 2}, // base after key, upper after base, the end
		{2, 2}, {2, 2}, {2, 2}, {2, 2}, {0, 2}, {1, 2}, // key: switch switch; base: the same; upper: not, discardable
		{0, 1},                 // key: refers to nothing
		{1, 1}, {1, 4}, {0, 1}, // base: to two before
		{1, 1}, {0, 4}, {0, 1}, // upper: to one before
		{1, 1}, // one chain, of at most two: ns(3) writes 1 as "10"
		{0, 1},
	} {
		want.put(field[0], int(field[1]))
	}
	// Both targets by chain 0: ns(1) has no bits. How far back: key 0, base 2, upper 1.
	for _, field := range [][2]uint32{{0, 4}, {2, 4}, {1, 4}, {1, 1}, {639, 16}, {359, 16}} {
		want.put(field[0], int(field[1]))
	}
	if !slices.Equal(got, want.bytes) {
		t.Errorf("\n got %08b\nwant %08b", got, want.bytes)
	}
}

// Each picture has all layers, a marker at its end alone, and numbers in a row.
func TestLayeredSources(t *testing.T) {
	layers := slices.Clone(Simulcast)
	for _, mime := range []string{webrtc.MimeTypeVP9, webrtc.MimeTypeAV1} {
		s, f, err := newLayered(mime, layers)
		if err != nil {
			t.Fatal(err)
		}
		last := uint32(0)
		for picture := range 6 {
			packets, keyframe := s.next(picture == 0)
			if keyframe != (picture == 0) || len(packets) != 8 {
				t.Fatalf("%s: %d packets, keyframe %v", mime, len(packets), keyframe)
			}
			for i, p := range packets {
				part, ok := f.parse(p.body)
				at, whole := synthetic{f}.find(p.body, part.body, part)
				if !ok || !whole || at.layer != []int{0, 1, 1, 2, 2, 2, 2, 2}[i] || p.marker != (i == 7) {
					t.Errorf("%s: picture %d, packet %d: %+v %v %v, marker %v", mime, picture, i, at, ok, whole, p.marker)
				}
				if part.keyframe != (picture == 0 && i == 0) {
					t.Errorf("%s: picture %d, packet %d: keyframe %v", mime, picture, i, part.keyframe)
				}
				if picture > 0 && at.frame != last && at.frame != last+1 {
					t.Errorf("%s: picture %d after %d", mime, at.frame, last)
				}
				last = at.frame
			}
		}
	}
}
