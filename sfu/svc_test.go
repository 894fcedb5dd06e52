package sfu

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/svctest"
	"preau/sfu/packet"
)

var (
	vp9 = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP9, ClockRate: videoClock, SDPFmtpLine: "profile-id=0"}
	av1 = webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeAV1, ClockRate: videoClock}
)

// layered sends a scalable stream on a source of a test client.
type layered struct {
	*source
	stream    svctest.Stream
	described bool
	needs     map[uint16][]uint16
	layers    map[uint16]packet.LayerID
}

// picture sends the next picture, two packets a frame.
func (l *layered) picture(mid string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.w == nil {
		return
	}
	key := l.frames == 0 || l.wantKey
	l.frames, l.wantKey = l.frames+1, false
	for _, f := range l.stream.Next(key) {
		l.needs[f.Number], l.layers[f.Number] = f.Needs, f.Layer
		for part := range 2 {
			first, last := part == 0, part == 1
			var depends []byte
			if l.described {
				depends = f.Descriptor(first, last)
			}
			l.sendDescribed(mid, last && f.Last, l.payload(&f, first, last), -1, depends)
		}
	}
	l.ts += 3000
}

func (l *layered) payload(f *svctest.Frame, first, last bool) []byte {
	switch l.codec.MimeType {
	case webrtc.MimeTypeVP9:
		return f.VP9(first, last, 300)
	case webrtc.MimeTypeVP8:
		return f.VP8(first, 300)
	}
	return f.AV1(first, last, 300)
}

// A stream with several layers goes to each subscriber as far as wanted: all that goes out
// can be decoded, the numbers have no gap, the marker ends each picture.
func TestScalableStreams(t *testing.T) {
	for _, c := range []struct {
		name      string
		codec     webrtc.RTPCodecCapability
		mode      svctest.Mode
		described bool
		one       bool
	}{
		{"VP9 L3T3_KEY, described", vp9, svctest.Mode{Spatials: 3, Temporals: 3, Key: true}, true, true},
		{"VP9 L3T3, its own descriptor", vp9, svctest.Mode{Spatials: 3, Temporals: 3}, false, false},
		{"AV1 L3T3_KEY", av1, svctest.Mode{Spatials: 3, Temporals: 3, Key: true}, true, false},
		{"AV1 L2T3", av1, svctest.Mode{Spatials: 2, Temporals: 3}, true, true},
		{"VP8 L1T3", vp8, svctest.Mode{Spatials: 1, Temporals: 3}, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // they wait for switches more than they compute
			n := testNode(t, Options{})
			r := n.Router("t/class")
			teacher, pupil := join(t, r, "PA_teacher", true), join(t, r, "PA_pupil", c.one)
			spec := svcSpec("TR_cam", c.codec.MimeType)
			spec.Layers = spec.Layers[:c.mode.Spatials]
			camera := teacher.publish(spec, c.codec)
			src := &layered{
				source: camera.sources[0], stream: svctest.Stream{Mode: c.mode, Number: 65500, Picture: 32700},
				described: c.described, needs: map[uint16][]uint16{}, layers: map[uint16]packet.LayerID{},
			}
			stop := every(t, 33*time.Millisecond, func() { src.picture(camera.mid()) })
			waitFor(teacher, "camera announced", func(TrackEvent) bool { return true })
			if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
				t.Fatal(err)
			}
			top := packet.LayerID{Spatial: uint8(c.mode.Spatials - 1), Temporal: uint8(c.mode.Temporals - 1)}
			reaches(pupil, src, top)
			pupil.peer.Configure("TR_cam", TrackSetting{Quality: QualityLow})
			reaches(pupil, src, packet.LayerID{Temporal: top.Temporal})
			pupil.peer.Configure("TR_cam", TrackSetting{Quality: QualityLow, FPS: 7})
			reaches(pupil, src, packet.LayerID{})
			pupil.peer.Configure("TR_cam", TrackSetting{Quality: QualityHigh})
			reaches(pupil, src, top)
			stop()
			decodes(t, pupil, src)
		})
	}
}

// svcSpec is a camera whose layers come in one stream.
func svcSpec(sid, mime string) TrackSpec {
	spec := cameraSpec(sid)
	spec.MIMEs = []string{mime}
	for i := range spec.Layers {
		spec.Layers[i].RID = ""
	}
	return spec
}

// reaches waits until the newest pictures show exactly a layer.
func reaches(c *client, src *layered, want packet.LayerID) {
	c.t.Helper()
	c.until(fmt.Sprint("layer ", want), func() bool {
		r := c.tracks["TR_cam"]
		if r == nil || len(r.whole) < 60 {
			return false
		}
		var got packet.LayerID
		src.mu.Lock()
		defer src.mu.Unlock()
		for _, p := range r.whole[len(r.whole)-40:] {
			l := src.layers[svctest.MarkOf(p.Payload, src.codec.MimeType == webrtc.MimeTypeVP9)]
			got.Spatial, got.Temporal = max(got.Spatial, l.Spatial), max(got.Temporal, l.Temporal)
		}
		return got == want
	})
}

// decodes checks what a decoder relies on.
func decodes(t *testing.T, c *client, src *layered) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	packets := inSequence(c.tracks["TR_cam"].whole)
	came := map[uint16]bool{}
	for _, p := range packets {
		came[svctest.MarkOf(p.Payload, src.codec.MimeType == webrtc.MimeTypeVP9)] = true
	}
	for number := range came {
		for _, need := range src.needs[number] {
			if !came[need] {
				t.Errorf("frame %d of layer %v came without %d, which it needs", number, src.layers[number], need)
			}
		}
	}
	for i, p := range packets[1:] {
		before := packets[i]
		if p.SequenceNumber != before.SequenceNumber+1 {
			t.Errorf("packet %d follows %d", p.SequenceNumber, before.SequenceNumber)
		}
		if ends := p.Timestamp != before.Timestamp; ends != before.Marker {
			t.Errorf("packet %d: marker %t, ends its picture %t", before.SequenceNumber, before.Marker, ends)
		}
	}
	if src.described {
		describes(t, c.tracks["TR_cam"].depends, packets)
	}
}

// describes reads the dependency descriptors that were passed on.
func describes(t *testing.T, id uint8, packets []*rtp.Packet) {
	t.Helper()
	var r packet.DependencyReader
	came := map[uint16]bool{}
	masked := false
	for i, p := range packets {
		d, ok := r.Read(p.GetExtension(id), uint64(i))
		if !ok {
			t.Fatalf("descriptor %x of packet %d cannot be read", p.GetExtension(id), p.SequenceNumber)
		}
		came[d.Number] = true
		diffs, _ := d.References()
		for _, diff := range diffs {
			if !came[d.Number-diff] {
				t.Errorf("frame %d is described as needing %d, which did not come", d.Number, d.Number-diff)
			}
		}
		masked = masked || d.Active != d.Structure.All()
	}
	if !masked {
		t.Error("a receiver of few layers was never told that the others do not come")
	}
}

// inSequence sorts packets by number, each once: what was asked for again comes late, or twice.
func inSequence(packets []*rtp.Packet) []*rtp.Packet {
	first := packets[0].SequenceNumber
	sorted := slices.Clone(packets)
	slices.SortStableFunc(sorted, func(a, b *rtp.Packet) int {
		return cmp.Compare(int16(a.SequenceNumber-first), int16(b.SequenceNumber-first))
	})
	return slices.CompactFunc(sorted, func(a, b *rtp.Packet) bool { return a.SequenceNumber == b.SequenceNumber })
}
