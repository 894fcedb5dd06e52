package client

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"preau/loadtest/media"
)

// What is published in packets and put together again is the encoded frame.
func TestClipsArePacketizedWhole(t *testing.T) {
	for _, codec := range []media.Codec{media.VP8, media.VP9, media.H264High, media.H265} {
		clip := &media.Clip{Codec: codec, Frames: []media.Frame{{Data: frameOf(codec, 5000), Keyframe: true}}}
		f := formatOf(codec)
		var got []byte
		packets := packetize(clip, f)[0]
		for i, p := range packets {
			got = append(got, depacketized(t, codec, p.body)...)
			if p.marker != (i == len(packets)-1) || len(p.body) > packetSize {
				t.Errorf("%s: packet %d of %d: %d bytes, marker %v", codec, i, len(packets), len(p.body), p.marker)
			}
		}
		if !bytes.Contains(got, clip.Frames[0].Data[len(clip.Frames[0].Data)-5000:]) {
			t.Errorf("%s: %d bytes of %d came", codec, len(got), len(clip.Frames[0].Data))
		}
		catalogue := NewCatalogue(clip)
		if catalogue.Packets() != len(packets) {
			t.Errorf("%s: %d packets in the catalogue, %d sent", codec, catalogue.Packets(), len(packets))
		}
		other := append([]byte(nil), packets[1].body...)
		other[len(other)-1]++
		part, _ := f.parse(other)
		if _, ok := catalogue.find(other, part.body, part); ok {
			t.Errorf("%s: the catalogue takes another byte", codec)
		}
	}
}

// In packetization mode 0 no NAL unit is cut or gathered: each packet begins with a type of its own,
// the parameter sets alone.
func TestSinglePacketsOfH264(t *testing.T) {
	unit := bytes.Join([][]byte{nil, {0x67, 1, 2}, {0x68, 3}, append([]byte{0x65}, make([]byte, 900)...), {0x65, 9}}, []byte{0, 0, 0, 1})
	f := formatOf(media.H264Slices)
	packets := packetize(&media.Clip{Codec: media.H264Slices, Frames: []media.Frame{{Data: unit, Keyframe: true}}}, f)[0]
	if len(packets) != 4 || len(packets[2].body) != 901 || !packets[3].marker {
		t.Errorf("%d packets", len(packets))
	}
	for i, p := range packets {
		if kind := p.body[0] & 0x1f; kind == 0 || kind >= nalSTAPA {
			t.Errorf("packet %d is of type %d", i, kind)
		}
	}
	if got := f.pack().Payload(100, unit); len(got) != 3 {
		t.Errorf("of small packets %d", len(got))
	}
}

func frameOf(codec media.Codec, n int) []byte {
	body := make([]byte, n)
	for i := range body {
		body[i] = byte(i*7) | 1 // no start codes
	}
	switch codec {
	case media.VP9:
		return append([]byte{0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0b, 0x36}, body...) // a keyframe's header
	case media.H264High:
		return append([]byte{0, 0, 0, 1, 0x65}, body...)
	case media.H265:
		return append([]byte{0, 0, 0, 1, 19 << 1, 1}, body...)
	}
	return append([]byte{0x10}, body...)
}

func depacketized(t *testing.T, codec media.Codec, b []byte) []byte {
	t.Helper()
	var out []byte
	var err error
	switch codec {
	case media.VP8:
		out, err = (&codecs.VP8Packet{}).Unmarshal(b)
	case media.VP9:
		out, err = (&codecs.VP9Packet{}).Unmarshal(b)
	case media.H264High:
		return b[2:] // FU-A
	case media.H265:
		return b[3:] // FU
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSilenceIsSentNowAndThen(t *testing.T) {
	clip := &media.Clip{Codec: media.Opus, Frames: make([]media.Frame, 3*comfort)}
	for i := range clip.Frames {
		clip.Frames[i] = media.Frame{Data: []byte{byte(i), 1}, Silent: i >= comfort}
	}
	s := newClipSource(clip, formatOf(media.Opus), true)
	n := 0
	for range clip.Frames {
		packets, _ := s.next(false)
		n += len(packets)
	}
	if n != comfort+2 {
		t.Errorf("%d packets of %d of sound and %d of silence", n, comfort, 2*comfort)
	}
}

func TestREDComesApartAgain(t *testing.T) {
	before, body := []byte("the one before"), []byte("the one of now")
	blocks, ok := splitRED(appendRED(nil, 111, before, 960, body))
	if !ok || len(blocks) != 2 || !bytes.Equal(blocks[0], before) || !bytes.Equal(blocks[1], body) {
		t.Errorf("%q %v", blocks, ok)
	}
	blocks, ok = splitRED(appendRED(nil, 111, before, 1<<14, body)) // too old for the header
	if !ok || len(blocks) != 1 || !bytes.Equal(blocks[0], body) {
		t.Errorf("%q %v", blocks, ok)
	}
}

// FuzzSplitRED: whatever comes, its blocks lie within it.
func FuzzSplitRED(f *testing.F) {
	f.Add(appendRED(nil, 111, []byte("before"), 960, []byte("now")))
	f.Add([]byte{0xef, 0, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		blocks, ok := splitRED(b)
		n := 0
		for _, x := range blocks {
			n += len(x)
		}
		if ok && n >= len(b) {
			t.Errorf("%d bytes out of %d", n, len(b))
		}
	})
}

// FuzzContinuity: no payload of any codec brings a receiver down.
func FuzzContinuity(f *testing.F) {
	for mime := range formats() {
		if formats()[mime].frame != nil {
			for _, p := range sent(mime, 1, 2) {
				f.Add(p.Payload)
			}
		}
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		for _, codec := range formats() {
			c := newContinuity(codec, synthetic{codec})
			c.red = redPayload
			for _, pt := range []uint8{96, redPayload} {
				h := rtp.Header{Version: 2, PayloadType: pt, SequenceNumber: uint16(pt)}
				c.packet(&rtp.Packet{Header: h, Payload: b}, time.Unix(1, 0))
			}
		}
	})
}
