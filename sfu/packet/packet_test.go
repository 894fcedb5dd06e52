package packet

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// marshal lets another implementation write a packet.
func marshal(t testing.TB, change func(p *rtp.Packet)) []byte {
	t.Helper()
	p := &rtp.Packet{
		Header: rtp.Header{
			Version: 2, PayloadType: 96, SequenceNumber: 65535, Timestamp: 1<<32 - 1, SSRC: 7, Marker: true,
		},
		Payload: []byte{1, 2, 3},
	}
	change(p)
	raw, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func extended(p *rtp.Packet) {
	p.CSRC = []uint32{1, 2}
	_ = p.SetExtension(3, []byte{0xAA})
	_ = p.SetExtension(5, []byte{1, 2})
}

func TestNewReadsTheHeader(t *testing.T) {
	var pool Pool
	for name, change := range map[string]func(p *rtp.Packet){
		"plain":    func(*rtp.Packet) {},
		"padded":   func(p *rtp.Packet) { p.Padding, p.PaddingSize = true, 4 },
		"one byte": extended,
		"two byte": func(p *rtp.Packet) {
			p.Extension, p.ExtensionProfile = true, 0x1000
			extended(p)
		},
	} {
		p, err := pool.New(marshal(t, change), time.Time{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p.PayloadType != 96 || !p.Marker || p.Sequence != 65535 || p.Timestamp != 1<<32-1 || p.SSRC != 7 {
			t.Errorf("%s: %+v", name, p.Header)
		}
		if !bytes.Equal(p.Payload(), []byte{1, 2, 3}) {
			t.Errorf("%s: payload %v", name, p.Payload())
		}
		if name[len(name)-4:] == "byte" {
			if !bytes.Equal(p.Extension(3), []byte{0xAA}) || !bytes.Equal(p.Extension(5), []byte{1, 2}) || p.Extension(4) != nil {
				t.Errorf("%s: extensions %v %v", name, p.Extension(3), p.Extension(5))
			}
		}
		p.Release()
	}
}

func TestNewRefusesGarbage(t *testing.T) {
	var pool Pool
	whole := marshal(t, extended)
	for n := range fixedHeader + 8 + 8 {
		if _, err := pool.New(whole[:n], time.Time{}); err == nil {
			t.Errorf("%d of %d bytes taken for a packet", n, len(whole))
		}
	}
	if _, err := pool.New(make([]byte, MaxSize+1), time.Time{}); err != ErrTooBig {
		t.Errorf("too big: %v", err)
	}
}

func TestAppendHeaderIsReadByOthers(t *testing.T) {
	h := Header{PayloadType: 111, Marker: true, Sequence: 9, Timestamp: 10, SSRC: 11}
	raw := AppendHeader(nil, h, []Element{{ID: 1, Value: []byte{1}}, {ID: 4, Value: []byte{0, 0}}, {ID: 15, Value: []byte{1}}})
	raw = append(raw, 42)
	if !SetTransportSequence(raw, 4, 0xBEEF) || SetTransportSequence(raw, 1, 0) {
		t.Error("transport-wide sequence number not set where it belongs")
	}
	var p rtp.Packet
	if err := p.Unmarshal(raw); err != nil {
		t.Fatal(err)
	}
	if p.SequenceNumber != 9 || !p.Marker || p.PayloadType != 111 || len(p.Payload) != 1 ||
		!bytes.Equal(p.GetExtension(4), []byte{0xBE, 0xEF}) || len(p.GetExtensionIDs()) != 2 {
		t.Errorf("read as %+v", p)
	}
	if n, ok := TransportSequence(p.GetExtension(4)); !ok || n != 0xBEEF {
		t.Errorf("transport-wide sequence number %x", n)
	}
}

func TestPoolReusesAndClears(t *testing.T) {
	var pool Pool
	raw := marshal(t, func(*rtp.Packet) {})
	buffer := make([]byte, 0, MaxSize)
	allocs := testing.AllocsPerRun(1000, func() {
		p, err := pool.New(raw, time.Time{})
		if err != nil || p.Keyframe || p.AudioLevel != NoLevel {
			t.Fatal("not a fresh packet")
		}
		p.Inspect(H264)
		p.Keyframe = true
		buffer = AppendHeader(buffer[:0], p.Header, nil)
		p.Release()
	})
	if allocs > 0.1 && !raceEnabled { // the collector may empty the pool once
		t.Errorf("%v allocations a packet", allocs)
	}
}

func TestReleaseTooOftenPanics(t *testing.T) {
	p, _ := new(Pool).New(marshal(t, func(*rtp.Packet) {}), time.Time{})
	p.Retain()
	p.Release()
	p.Release()
	defer func() {
		if recover() == nil {
			t.Error("released three times with two references")
		}
	}()
	p.Release()
}

func BenchmarkNew(b *testing.B) {
	var pool Pool
	raw := marshal(b, func(p *rtp.Packet) { p.Payload = make([]byte, 1100); p.Payload[0] = 0x10 })
	b.ReportAllocs()
	for b.Loop() {
		p, _ := pool.New(raw, time.Time{})
		p.Inspect(VP8)
		p.Release()
	}
}

func TestRenameExtension(t *testing.T) {
	for name, change := range map[string]func(p *rtp.Packet){
		"one byte": extended,
		"two byte": func(p *rtp.Packet) {
			p.Extension, p.ExtensionProfile = true, 0x1000
			extended(p)
		},
	} {
		for _, x := range []struct {
			from, to uint8
			there    bool
		}{{5, 9, true}, {5, 0, false}, {5, 3, false}, {5, 200, name == "two byte"}} {
			raw := marshal(t, change)
			if !RenameExtension(raw, x.from, x.to) {
				t.Fatalf("%s: no element %d", name, x.from)
			}
			h, _, ok := ParseHeader(raw)
			if !ok || h.Extension(raw, x.from) != nil || !bytes.Equal(h.Extension(raw, 3), []byte{0xAA}) {
				t.Errorf("%s: %d renamed to %d: %x", name, x.from, x.to, raw)
			}
			if got := bytes.Equal(h.Extension(raw, x.to), []byte{1, 2}); got != x.there {
				t.Errorf("%s: %d renamed to %d: there %t", name, x.from, x.to, got)
			}
		}
		if RenameExtension(marshal(t, change), 4, 9) {
			t.Errorf("%s: an element renamed that was not there", name)
		}
	}
}
