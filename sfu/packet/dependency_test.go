package packet_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"preau/sfu/internal/svctest"
	"preau/sfu/packet"
)

// written packs a descriptor from a drawing: zeros and ones, blanks for the eye.
func written(t testing.TB, drawing ...string) []byte {
	t.Helper()
	var out []byte
	n := 0
	for _, bit := range strings.ReplaceAll(strings.Join(drawing, ""), " ", "") {
		if n%8 == 0 {
			out = append(out, 0)
		}
		if bit == '1' {
			out[n/8] |= 0x80 >> (n % 8)
		}
		n++
	}
	return out
}

// The structure of L1T3 with one chain, as the specification's example A.6.1 has it.
const (
	l1t3Layers = "00 01 01 00 11"                        // template 0 and 1: T0; 2: T1; 3 and 4: T2
	l1t3DTIs   = "101010 101010 100100 010000 010000"    // 30, 15, 7.5 frames a second
	l1t3Diffs  = "0 1 0011 0 1 0001 0 1 0000 0 1 0000 0" // none; 4; 2; 1; 1
	l1t3Chains = "01" + "0 0 0" + "0000 0100 0010 0001 0011"
	l1t3       = "000011 00010" + l1t3Layers + l1t3DTIs + l1t3Diffs + l1t3Chains + "1" +
		"0000001001111111" + "0000000101100111" // 640 by 360
)

const (
	begins = "1 0" // first packet of a frame, not the last
	whole  = "1 1"
)

func TestDependencyDescriptor(t *testing.T) {
	var r packet.DependencyReader
	if _, ok := r.Read(written(t, whole, "000100", "0000000000000001"), 1); ok {
		t.Error("a descriptor is read before its structure came")
	}
	for _, c := range []struct {
		name    string
		value   []byte
		number  uint16
		layer   packet.LayerID
		start   bool
		end     bool
		dtis    [3]packet.DTI
		diffs   []uint16
		active  uint32
		brought bool
	}{
		{
			name: "keyframe with the structure", value: written(t, begins, "000011", "0000000000000101", "10000", l1t3),
			number: 5, start: true, dtis: [3]packet.DTI{packet.Switch, packet.Switch, packet.Switch}, active: 7, brought: true,
		},
		{
			name: "template 3: T2", value: written(t, whole, "000110", "0000000000000110"),
			number: 6, layer: packet.LayerID{Temporal: 2}, start: true, end: true,
			dtis: [3]packet.DTI{packet.Discardable, packet.NotPresent, packet.NotPresent}, diffs: []uint16{1}, active: 7,
		},
		{
			name: "own indications and references", value: written(t, "0 1", "000101", "0000000000000111", "00110", "111000", "01 0011", "11 000100000000", "00"),
			number: 7, layer: packet.LayerID{Temporal: 1}, end: true,
			dtis: [3]packet.DTI{packet.Required, packet.Switch, packet.NotPresent}, diffs: []uint16{4, 257}, active: 7,
		},
		{
			name: "two targets are left", value: written(t, whole, "000100", "0000000000001000", "01000", "110"),
			number: 8, start: true, end: true, dtis: [3]packet.DTI{packet.Switch, packet.Switch, packet.Switch}, diffs: []uint16{4}, active: 6,
		},
		{
			name: "that holds", value: written(t, whole, "000100", "0000000000001001"),
			number: 9, start: true, end: true, dtis: [3]packet.DTI{packet.Switch, packet.Switch, packet.Switch}, diffs: []uint16{4}, active: 6,
		},
		{
			name: "chains of its own", value: written(t, whole, "000100", "0000000000001010", "00001", "00000111"),
			number: 10, start: true, end: true, dtis: [3]packet.DTI{packet.Switch, packet.Switch, packet.Switch}, diffs: []uint16{4}, active: 6,
		},
	} {
		d, ok := r.Read(c.value, 1)
		if !ok {
			t.Fatalf("%s: not read", c.name)
		}
		diffs, all := d.References()
		got := [3]packet.DTI{d.Indication(0), d.Indication(1), d.Indication(2)}
		if d.Number != c.number || d.Layer != c.layer || d.Start != c.start || d.End != c.end || got != c.dtis ||
			!slices.Equal(diffs, c.diffs) || !all || d.Active != c.active || d.Attached != c.brought {
			t.Errorf("%s: %+v, indications %v, references %v", c.name, d, got, diffs)
		}
		readsCut(t, c.name, r, c.value)
	}
}

// readsCut reads a descriptor that is cut off anywhere: three bytes alone are one, of the template.
func readsCut(t *testing.T, name string, r packet.DependencyReader, value []byte) {
	t.Helper()
	for n := range len(value) {
		again := r
		if d, ok := again.Read(value[:n], 1); ok && n < 3 {
			t.Errorf("%s: %d bytes are enough: %+v", name, n, d)
		}
	}
}

func TestDependencyStructure(t *testing.T) {
	var r packet.DependencyReader
	value := written(t, whole, "000011", "0000000000000101", "10000", l1t3)
	d, ok := r.Read(value, 1)
	if !ok {
		t.Fatal("not read")
	}
	s := d.Structure
	if s.Targets != 3 || s.Chains != 1 || s.Size[0].W != 640 || s.Size[0].H != 360 {
		t.Errorf("%d targets, %d chains, %v", s.Targets, s.Chains, s.Size[0])
	}
	for i, want := range []uint8{2, 1, 0} {
		if s.Layers[i] != (packet.LayerID{Temporal: want}) {
			t.Errorf("target %d shows %v", i, s.Layers[i])
		}
	}
	if got := s.Target(packet.LayerID{Spatial: 2, Temporal: 1}, 7); got != 1 {
		t.Errorf("for two temporal layers: target %d", got)
	}
	if got := s.Target(packet.LayerID{Temporal: 2}, 4); got != 2 {
		t.Errorf("where only the lowest is active: target %d", got)
	}
	if got := s.Within(packet.LayerID{Temporal: 1}); got != 6 {
		t.Errorf("within two temporal layers: %b", got)
	}
	if again, ok := r.Read(value, 1); !ok || again.Structure != s {
		t.Error("the same structure is another one")
	}
	for n := 4; n < len(value); n++ {
		if _, ok := new(packet.DependencyReader).Read(value[:n], 1); ok {
			t.Errorf("a structure cut to %d bytes is read", n)
		}
	}
}

func TestDependencyRewritten(t *testing.T) {
	for _, c := range []struct {
		name   string
		value  []byte
		active uint32
	}{
		{"structure", written(t, whole, "000011", "0000000000000101", "10000", l1t3), 6},
		{"structure and mask", written(t, whole, "000011", "0000000000000101", "11000", l1t3, "111"), 4},
		{"three bytes", written(t, whole, "000100", "0000000000001000"), 6},
		{"own indications and references", written(t, whole, "000101", "0000000000000111", "00110", "111000", "01 0011", "00"), 2},
		{"number only", written(t, whole, "000101", "0000000000000111", "00110", "111000", "01 0011", "00"), 0},
	} {
		var r packet.DependencyReader
		r.Read(written(t, whole, "000011", "0000000000000101", "10000", l1t3), 1)
		was, ok := r.Read(c.value, 1)
		if !ok {
			t.Fatalf("%s: not read", c.name)
		}
		out := was.AppendDependency([]byte("x"), c.value, 777, c.active)
		now, ok := r.Read(out[1:], 1)
		if !ok || out[0] != 'x' {
			t.Fatalf("%s: %x cannot be read", c.name, out)
		}
		wantActive := c.active
		if wantActive == 0 {
			wantActive = was.Active
		}
		before, _ := was.References()
		after, _ := now.References()
		if now.Number != 777 || now.Active != wantActive || now.Layer != was.Layer || now.Structure != was.Structure ||
			now.Attached != was.Attached || !slices.Equal(before, after) || now.Indication(0) != was.Indication(0) ||
			now.Indication(2) != was.Indication(2) || now.Start != was.Start || now.End != was.End {
			t.Errorf("%s: %+v became %+v", c.name, was, now)
		}
	}
}

func TestDependencyDoesNotAllocate(t *testing.T) {
	var r packet.DependencyReader
	key := written(t, whole, "000011", "0000000000000101", "10000", l1t3)
	delta := written(t, whole, "000101", "0000000000000111", "00110", "111000", "01 0011", "00")
	r.Read(key, 1)
	dst := make([]byte, 0, 256)
	if n := testing.AllocsPerRun(100, func() {
		r.Read(key, 1)
		d, _ := r.Read(delta, 1)
		dst = d.AppendDependency(dst[:0], delta, 1, 6)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A structure that comes late, by retransmission, does not undo a newer one; a
// restarted encoder's does, whatever its frame numbers.
func TestDependencyStructuresInOrder(t *testing.T) {
	var r packet.DependencyReader
	old := written(t, whole, "000011", "1111111100000101", "10000", l1t3)
	s := svctest.Stream{Mode: svctest.Mode{Spatials: 2, Temporals: 1}}
	key := s.Next(true)
	r.Read(old, 10)
	restarted, ok := r.Read(key[0].Descriptor(true, true), 20)
	if !ok || restarted.Structure.Targets != 2 {
		t.Fatalf("%+v", restarted)
	}
	if late, ok := r.Read(old, 10); !ok || late.Structure.Targets != 3 {
		t.Errorf("the late packet itself: %+v", late)
	}
	if next, ok := r.Read(key[1].Descriptor(true, true), 21); !ok || next.Structure != restarted.Structure {
		t.Errorf("a late structure took over: %+v", next)
	}
}

// FuzzDependency reads any two values one after the other; what can be read
// can be rewritten and reads the same again.
func FuzzDependency(f *testing.F) {
	f.Add(written(f, whole, "000011", "0000000000000101", "11000", l1t3, "110"), written(f, whole, "000101", "0000000000000111", "00110", "111000", "01 0011", "00"), uint32(6))
	s := svctest.Stream{Mode: svctest.Mode{Spatials: 3, Temporals: 3}}
	key, delta := s.Next(true), s.Next(false)
	f.Add(key[0].Descriptor(true, true), delta[2].Descriptor(true, false), uint32(0x1f))
	f.Fuzz(func(t *testing.T, first, second []byte, active uint32) {
		var r packet.DependencyReader
		for _, value := range [][]byte{first, second} {
			d, ok := r.Read(value, 1)
			if !ok {
				continue
			}
			s := d.Structure
			if s.Targets < 1 || s.Targets > 32 || d.Layer.Spatial > 3 || d.Layer.Temporal > 7 {
				t.Fatalf("%x: %+v", value, d)
			}
			if target := s.Target(d.Layer, d.Active); target >= s.Targets || target >= 0 && d.Active&(1<<target) == 0 {
				t.Fatalf("%x: target %d of %d", value, target, s.Targets)
			}
			mask := active & s.All()
			out := d.AppendDependency(nil, value, d.Number, mask)
			again := r
			e, ok := again.Read(out, 1)
			if !ok || e.Number != d.Number || e.Layer != d.Layer || e.Attached != d.Attached || mask != 0 && e.Active != mask {
				t.Fatalf("%x: %+v\nrewritten as %x: %+v", value, d, out, e)
			}
			if mask == 0 && !bytes.Equal(out, value) {
				t.Fatalf("%x changed to %x", value, out)
			}
		}
	})
}
