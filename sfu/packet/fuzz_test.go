package packet

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// FuzzPacket reads any bytes as a packet and writes its header again.
func FuzzPacket(f *testing.F) {
	f.Add(marshal(f, extended), uint8(3))
	f.Add(marshal(f, func(p *rtp.Packet) { p.Padding, p.PaddingSize = true, 4 }), uint8(1))
	f.Fuzz(func(t *testing.T, raw []byte, id uint8) {
		p, err := new(Pool).New(raw, time.Time{})
		if err != nil {
			return
		}
		AudioLevel(p.Extension(id))
		TransportSequence(p.Extension(id))
		var elements []Element
		for it := p.Extensions(p.Raw()); it.Next(); {
			elements = append(elements, Element{it.ID, it.Value})
		}
		again := append(AppendHeader(nil, p.Header, elements), p.Payload()...)
		h, end, ok := ParseHeader(again)
		if !ok || end-h.PayloadAt != len(p.Payload()) || h.Timestamp != p.Timestamp || h.Sequence != p.Sequence {
			t.Fatalf("%x written again as %x", raw, again)
		}
		SetTransportSequence(again, id, 1)
		value, renamed := p.Extension(id), bytes.Clone(raw)
		if did := RenameExtension(renamed, id, 9); did != (id != 0 && value != nil) {
			t.Fatalf("%x: element %d renamed: %t", raw, id, did)
		}
		if h, end, ok := ParseHeader(renamed); !ok || !bytes.Equal(renamed[h.PayloadAt:end], p.Payload()) {
			t.Fatalf("%x renamed to %x", raw, renamed)
		}
	})
}

// FuzzPayload looks into any payload as each codec.
func FuzzPayload(f *testing.F) {
	for c := Opus; c <= H265; c++ {
		f.Add([]byte{0x90, 0xF0, 0x80, 0x01, 0x02, 0x20, 0x00}, uint8(c))
		f.Add([]byte{0x78, 0, 2, 0x67, 1, 0, 1, 0x68}, uint8(c))
	}
	f.Fuzz(func(t *testing.T, payload []byte, codec uint8) {
		p, err := new(Pool).New(append(AppendHeader(nil, Header{}, nil), payload...), time.Time{})
		if err != nil {
			return
		}
		p.Inspect(Codec(codec))
		if d, ok := ParseVP8(payload); ok {
			if d.Size >= len(payload) {
				t.Fatalf("a descriptor of %d bytes in %d", d.Size, len(payload))
			}
			d.Rewrite(payload, 0x7FFF, 255)
			if again, ok := ParseVP8(payload); !ok || again.Size != d.Size || again.Temporal != d.Temporal {
				t.Fatalf("%+v rewritten as %+v", d, again)
			}
		}
	})
}

// FuzzSound reads any payload as Opus and as RED.
func FuzzSound(f *testing.F) {
	f.Add([]byte{0xFB, 0x03, 1})
	f.Add([]byte{0x80 | 111, 960 >> 6, 960 & 0x3F << 2, 2, 111, 0xA, 0xB, 0xC})
	f.Fuzz(func(t *testing.T, payload []byte) {
		if d, ok := OpusDuration(payload); ok && (d < 2500*time.Microsecond || d > 120*time.Millisecond) {
			t.Fatalf("Opus of %v", d)
		}
		var blocks [MaxREDBlocks]REDBlock
		n, ok := ParseRED(payload, &blocks)
		if !ok {
			return
		}
		total := 1 + 4*(n-1)
		for _, b := range blocks[:n] {
			total += len(b.Data)
		}
		if total != len(payload) {
			t.Fatalf("%d blocks hold %d bytes of %d", n, total, len(payload))
		}
	})
}
