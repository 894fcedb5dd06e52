package packet

import (
	"testing"
	"time"
)

func TestVP8(t *testing.T) {
	for _, c := range []struct {
		name    string
		payload []byte
		want    VP8Descriptor
	}{
		{"keyframe, no extension", []byte{0x10, 0x00}, VP8Descriptor{Size: 1, Start: true, Keyframe: true}},
		{"second partition", []byte{0x11, 0x00}, VP8Descriptor{Size: 1}},
		{"15 bits, all there", []byte{0xB0, 0xF0, 0xFF, 0xFE, 0xFF, 0x65, 0x01}, VP8Descriptor{
			Size: 6, Start: true, Discard: true, PictureID: 0x7FFE, Wide: true, TL0: 255, Temporal: 1, LayerSync: true,
			KeyIndex: 5, HasPictureID: true, HasTL0: true, HasTemporal: true, HasKeyIndex: true, pictureAt: 2, tl0At: 4,
		}},
		{"7 bits", []byte{0x90, 0x80, 0x7F, 0x01}, VP8Descriptor{
			Size: 3, Start: true, PictureID: 127, HasPictureID: true, pictureAt: 2,
		}},
	} {
		if got, ok := ParseVP8(c.payload); !ok || got != c.want {
			t.Errorf("%s:\n got %+v %t\nwant %+v", c.name, got, ok, c.want)
		}
		for n := range c.want.Size {
			if _, ok := ParseVP8(c.payload[:n]); ok {
				t.Errorf("%s: %d bytes are enough", c.name, n)
			}
		}
	}
}

func TestVP8RewriteKeepsWidths(t *testing.T) {
	for _, payload := range [][]byte{
		{0xB0, 0xF0, 0xFF, 0xFE, 0xFF, 0x65, 0x01},
		{0x90, 0x80, 0x7F, 0x01},
		{0x10, 0x00},
	} {
		was, _ := ParseVP8(payload)
		was.Rewrite(payload, 0x1234, 0x56)
		now, ok := ParseVP8(payload)
		want := was
		if was.Wide {
			want.PictureID = 0x1234
		} else if was.HasPictureID {
			want.PictureID = 0x34
		}
		if was.HasTL0 {
			want.TL0 = 0x56
		}
		if !ok || now != want {
			t.Errorf("%+v became %+v", was, now)
		}
	}
}

func TestKeyframes(t *testing.T) {
	for _, c := range []struct {
		name    string
		codec   Codec
		payload []byte
		want    bool
	}{
		{"H.264 IDR", H264, []byte{0x65, 1}, true},
		{"H.264 SPS", H264, []byte{0x67, 1}, true},
		{"H.264 slice", H264, []byte{0x61, 1}, false},
		{"H.264 STAP-A of SPS and PPS", H264, []byte{0x78, 0, 2, 0x67, 1, 0, 1, 0x68}, true},
		{"H.264 STAP-A of SEI and IDR", H264, []byte{0x78, 0, 1, 0x06, 0, 2, 0x65, 1}, true},
		{"H.264 STAP-A of slices", H264, []byte{0x78, 0, 1, 0x61, 0, 1, 0x61}, false},
		{"H.264 FU-A, IDR begins", H264, []byte{0x7C, 0x85, 1}, true},
		{"H.264 FU-A, IDR goes on", H264, []byte{0x7C, 0x05, 1}, false},
		{"H.265 IDR", H265, []byte{19 << 1, 1, 0}, true},
		{"H.265 trailing picture", H265, []byte{1 << 1, 1, 0}, false},
		{"H.265 VPS in an aggregate", H265, []byte{48 << 1, 1, 0, 2, 32 << 1, 1}, true},
		{"H.265 fragment of an IDR", H265, []byte{49 << 1, 1, 0x80 | 19}, true},
		{"VP9 key", VP9, []byte{0x88, 0x01, 0}, true},
		{"VP9 inter", VP9, []byte{0xC8, 0x01, 0}, false},
		{"VP9 upper spatial layer of a key", VP9, []byte{0xA8, 0x01, 0x03, 0}, false},
		{"AV1 new sequence", AV1, []byte{0x08, 0x0A}, true},
		{"AV1 sequence header, single element", AV1, []byte{0x10, 0x0A}, true},
		{"AV1 sequence header after its length", AV1, []byte{0x00, 0x01, 0x0A}, true},
		{"AV1 frame", AV1, []byte{0x10, 0x32}, false},
		{"AV1 rest of an OBU", AV1, []byte{0x88, 0x0A}, false},
	} {
		raw := AppendHeader(nil, Header{}, nil)
		p, err := new(Pool).New(append(raw, c.payload...), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Inspect(c.codec); p.Keyframe != c.want {
			t.Errorf("%s: keyframe %t", c.name, p.Keyframe)
		}
	}
}

func TestVP9Layers(t *testing.T) {
	d, ok := ParseVP9([]byte{0xE8, 0x81, 0x02, 0x5B, 0})
	if !ok || d.PictureID != 0x102 || d.Temporal != 2 || !d.SwitchingUp || d.Spatial != 5 || !d.InterLayer {
		t.Errorf("%+v %t", d, ok)
	}
}

func TestOpusDuration(t *testing.T) {
	for _, c := range []struct {
		payload []byte
		want    time.Duration
	}{
		{[]byte{0x78}, 20 * time.Millisecond},                // hybrid, one frame of 20 ms
		{[]byte{0xFC}, 20 * time.Millisecond},                // CELT fullband 20 ms
		{[]byte{0xE0}, 2500 * time.Microsecond},              // CELT 2.5 ms
		{[]byte{0x18}, 60 * time.Millisecond},                // SILK 60 ms
		{[]byte{0x59}, 120 * time.Millisecond},               // SILK 60 ms, two frames
		{[]byte{0xFB, 0x03}, 60 * time.Millisecond},          // code 3: three frames of 20 ms
		{[]byte{0xFB}, 0}, {[]byte{0xFB, 0x00}, 0}, {nil, 0}, // broken
		{[]byte{0xFB, 0x07}, 0}, // 140 ms
	} {
		if got, ok := OpusDuration(c.payload); ok != (c.want > 0) || ok && got != c.want {
			t.Errorf("% x: %v %t, want %v", c.payload, got, ok, c.want)
		}
	}
}

func TestRED(t *testing.T) {
	// One block of two bytes, 960 older, then the primary.
	payload := []byte{0x80 | 111, 960 >> 6, 960 & 0x3F << 2, 2, 111, 0xA, 0xB, 0xC}
	var blocks [MaxREDBlocks]REDBlock
	n, ok := ParseRED(payload, &blocks)
	if !ok || n != 2 || blocks[0].Offset != 960 || string(blocks[0].Data) != "\x0A\x0B" ||
		blocks[1].PayloadType != 111 || string(blocks[1].Data) != "\x0C" {
		t.Errorf("%d %t %+v", n, ok, blocks[:2])
	}
	for size := range 7 {
		if _, ok := ParseRED(payload[:size], &blocks); ok {
			t.Errorf("%d bytes are enough", size)
		}
	}
}
