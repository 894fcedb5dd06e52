package client

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

// timed is a packet and when it came.
type timed struct {
	*rtp.Packet
	at time.Time
}

// sent is a row of synthetic packets, 15 pictures a second, the first a keyframe.
func sent(mime string, layer, frames int) []timed {
	f := formats()[mime]
	s := &stream{layer: Simulcast[layer], index: layer, write: f.frame, picture: 0x7ffe}
	var out []timed
	for i := range frames {
		packets, _ := s.next(i == 0)
		for _, p := range packets {
			out = append(out, timed{&rtp.Packet{
				Header:  rtp.Header{Version: 2, SequenceNumber: uint16(65530 + len(out)), Timestamp: uint32(i) * 6000, Marker: p.marker},
				Payload: p.body,
			}, time.Unix(1, 0).Add(time.Duration(i) * time.Second / 15)})
		}
	}
	return out
}

func watch(mime string, packets []timed) Stats {
	f := formats()[mime]
	c := newContinuity(f, synthetic{f})
	for _, p := range packets {
		c.packet(p.Packet, p.at)
	}
	return c.stats()
}

func TestWholeStreamHasNoFault(t *testing.T) {
	for _, mime := range []string{webrtc.MimeTypeVP8, webrtc.MimeTypeVP9, webrtc.MimeTypeAV1, webrtc.MimeTypeH264} {
		got := watch(mime, sent(mime, 2, 30))
		if got.Faults() != 0 || got.ColdStart || got.Frames != 30 || got.Keyframes != 1 || got.Layer != 2 || got.Freezes != 0 {
			t.Errorf("%s: %+v", mime, got)
		}
	}
}

// Each thing that a server may do wrong is seen, and as what it is.
func TestEveryFaultIsSeen(t *testing.T) {
	for name, x := range map[string]struct {
		spoil func(p []timed) []timed
		is    func(Stats) uint64
	}{
		"a packet left out": {
			func(p []timed) []timed { return append(p[:7:7], p[8:]...) },
			func(s Stats) uint64 { return s.Missing },
		},
		"a packet twice": {
			func(p []timed) []timed { return append(p[:8:8], p[7:]...) },
			func(s Stats) uint64 { return s.Repeated },
		},
		"a timestamp back": {
			func(p []timed) []timed { p[20].Timestamp -= 12000; return p },
			func(s Stats) uint64 { return s.BadTimestamps },
		},
		"a timestamp far ahead": {
			func(p []timed) []timed {
				for _, x := range p[20:] {
					x.Timestamp += 0x40000000
				}
				return p
			},
			func(s Stats) uint64 { return s.BadTimestamps },
		},
		"a frame a tick too late": {
			func(p []timed) []timed {
				for _, x := range p[20:] {
					x.Timestamp++
				}
				return p
			},
			func(s Stats) uint64 { return s.BadTimestamps },
		},
		"a picture id out of the row": {
			func(p []timed) []timed { numberVP8(p[20].Payload, 77); return p },
			func(s Stats) uint64 { return s.BadPictures },
		},
		"another byte": {
			func(p []timed) []timed { p[12].Payload[40]++; return p },
			func(s Stats) uint64 { return s.BadBytes },
		},
		"a packet of a frame swapped for another": {
			func(p []timed) []timed {
				p[11].Payload, p[12].Payload = p[12].Payload, p[11].Payload
				return p
			},
			func(s Stats) uint64 { return s.Torn },
		},
	} {
		if got := watch(webrtc.MimeTypeVP8, x.spoil(sent(webrtc.MimeTypeVP8, 2, 30))); x.is(got) == 0 {
			t.Errorf("%s was not seen: %+v", name, got)
		}
	}
}

func TestLatePacketIsReordered(t *testing.T) {
	packets := sent(webrtc.MimeTypeVP8, 2, 10)
	packets[11], packets[12] = packets[12], packets[11]
	if got := watch(webrtc.MimeTypeVP8, packets); got.Missing != 0 || got.Reordered != 1 || got.Repeated != 0 {
		t.Errorf("%+v", got)
	}
}

func TestFreezeIsMeasured(t *testing.T) {
	packets := sent(webrtc.MimeTypeVP8, 0, 30)
	for i := range packets[15:] {
		packets[15+i].at = packets[15+i].at.Add(time.Second) // in which nothing came
	}
	if got := watch(webrtc.MimeTypeVP8, packets); got.Freezes != 1 || got.Frozen < time.Second || got.Frozen > 1100*time.Millisecond {
		t.Errorf("%+v", got)
	}
}

// A stream that went on after a pause, and was read in one go: its timestamps are held to nothing but
// their order.
func TestWhatWaitedForItsReader(t *testing.T) {
	packets := append(sent(webrtc.MimeTypeVP8, 0, 10), sent(webrtc.MimeTypeVP8, 0, 10)...)
	for i, x := range packets {
		if x.SequenceNumber = uint16(65530 + i); i >= len(packets)/2 {
			x.Timestamp += 5 * videoClock
		}
		packets[i].at = time.Unix(1, int64(i)*1000)
	}
	if got := watch(webrtc.MimeTypeVP8, packets); got.BadTimestamps != 0 {
		t.Errorf("%+v", got)
	}
	for _, x := range packets[len(packets)/2:] {
		x.Timestamp -= 9 * videoClock
	}
	if got := watch(webrtc.MimeTypeVP8, packets); got.BadTimestamps == 0 {
		t.Errorf("a step back: %+v", got)
	}
}

// talk is a row of packets of sound with a pause of a second behind the 20th.
func talk(marked bool) []timed {
	f := formats()[webrtc.MimeTypeOpus]
	s := &stream{write: f.frame}
	var out []timed
	for i := range 40 {
		p, _ := s.next(false)
		at := i * 960
		if i >= 20 {
			at += audioClock
		}
		out = append(out, timed{&rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: uint16(65530 + i), Timestamp: uint32(at) - 9600, Marker: marked && i == 20},
			Payload: p[0].body,
		}, time.Unix(1, 0).Add(time.Duration(at) * time.Second / audioClock)})
	}
	return out
}

func TestSoundFollowsSoundToTheTick(t *testing.T) {
	if got := watch(webrtc.MimeTypeOpus, talk(true)); got.Faults() != 0 {
		t.Errorf("a whole one: %+v", got)
	}
	for name, spoil := range map[string]func(p []timed) []timed{
		"a pause that nothing tells of": func([]timed) []timed { return talk(false) },
		"a packet's time too much":      func(p []timed) []timed { return shifted(p, 30, 960) },
		"a tick too much":               func(p []timed) []timed { return shifted(p, 30, 1) },
		"a pause of a tick more":        func(p []timed) []timed { return shifted(p, 20, 1) },
		"a pause of three seconds more": func(p []timed) []timed { return shifted(p, 20, 3*audioClock) },
		"a timestamp back":              func(p []timed) []timed { return shifted(p, 20, -960*60) },
	} {
		if got := watch(webrtc.MimeTypeOpus, spoil(talk(true))); got.BadTimestamps == 0 {
			t.Errorf("%s was not seen: %+v", name, got)
		}
	}
}

func shifted(p []timed, from int, by int32) []timed {
	for _, x := range p[from:] {
		x.Timestamp += uint32(by)
	}
	return p
}

func TestOpusTicks(t *testing.T) {
	for toc, want := range map[byte]uint32{
		0: 480, 1 << 3: 960, 3 << 3: 2880, 12 << 3: 480, 13 << 3: 960, 16 << 3: 120, 19 << 3: 960, 31 << 3: 960, 31<<3 | 1: 1920, 31<<3 | 3: 0,
	} {
		if got := opusTicks([]byte{toc}); got != want {
			t.Errorf("%#x: %d ticks, want %d", toc, got, want)
		}
	}
}
