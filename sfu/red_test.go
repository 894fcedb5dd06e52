package sfu

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/packet"
)

var red = webrtc.RTPCodecCapability{MimeType: mimeRED, ClockRate: opusClock, Channels: 2, SDPFmtpLine: redFmtp}

// withRED registers what Chromium offers for a microphone.
func withRED(m *webrtc.MediaEngine) error {
	err := m.RegisterCodec(webrtc.RTPCodecParameters{PayloadType: 63, RTPCodecCapability: red}, webrtc.RTPCodecTypeAudio)
	if err != nil {
		return err
	}
	return m.RegisterDefaultCodecs()
}

// redundant sends 20 ms of RED: the sound made of a counter, and the two before it. A packet that
// is lost on the way is numbered and not sent.
func (s *source) redundant(lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.w == nil {
		return
	}
	s.frames++
	var payload, blocks []byte
	for back := min(2, s.frames-1); back > 0; back-- {
		b := sound(s.frames - back)
		payload = append(payload, 0x80|111)
		payload = binary.BigEndian.AppendUint16(payload, uint16(960*back)<<2|uint16(len(b)>>8))
		payload = append(payload, byte(len(b)))
		blocks = append(blocks, b...)
	}
	payload = append(payload, 111)
	payload = append(append(payload, blocks...), sound(s.frames)...)
	if lost {
		s.seq++
	} else {
		s.send("", false, payload, 30)
	}
	s.ts += 960
}

func sound(n int) []byte {
	return append([]byte{0x78}, binary.BigEndian.AppendUint32(bytes.Repeat([]byte{byte(n)}, 60), uint32(n))...)
}

// soundOf is the counter of a piece of sound.
func soundOf(b []byte) uint32 { return binary.BigEndian.Uint32(b[len(b)-4:]) }

// RED goes on to who negotiated it, untouched. Others get its newest block as Opus, and of the
// packets lost on the way up those that later ones repeat.
func TestRedundantAudio(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			n := testNode(t, Options{})
			r := n.Router("t/class")
			speaker := joinAble(t, r, "PA_speaker", true, withRED)
			able, plain := joinAble(t, r, "PA_able", one, withRED), join(t, r, "PA_plain", one)
			mic := speaker.publish(micSpec("TR_mic"), red)
			i := 0
			stop := every(t, 20*time.Millisecond, func() { i++; mic.sources[0].redundant(i > 20 && i%10 < 2) })
			told := waitFor(speaker, "microphone announced", func(TrackEvent) bool { return true })
			if told.MIME != mimeRED {
				t.Errorf("announced as %s", told.MIME)
			}
			for _, c := range []*client{able, plain} {
				if err := c.peer.Subscribe("TR_mic", true); err != nil {
					t.Fatal(err)
				}
			}
			for _, c := range []*client{able, plain} {
				c.until("heard", func() bool { return c.count("TR_mic") > 100 })
			}
			stop()
			isRED(t, able)
			isWholeOpus(t, plain)
		})
	}
}

func isRED(t *testing.T, c *client) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var blocks [packet.MaxREDBlocks]packet.REDBlock
	three := 0
	for _, p := range c.tracks["TR_mic"].whole {
		if p.PayloadType != 63 { // a packet restored for those without RED
			continue
		}
		n, ok := packet.ParseRED(p.Payload, &blocks)
		if !ok {
			t.Fatalf("%x is no RED", p.Payload)
		}
		newest := int(soundOf(blocks[n-1].Data))
		for i, b := range blocks[:n] {
			if !bytes.Equal(b.Data, sound(newest-(n-1-i))) {
				t.Fatalf("block %d of sound %d is another", i, newest)
			}
		}
		if n == 3 {
			three++
		}
	}
	if three < 50 {
		t.Errorf("%d packets with two redundant blocks", three)
	}
}

func isWholeOpus(t *testing.T, c *client) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	packets := inSequence(c.tracks["TR_mic"].whole)
	gaps := 0
	for i, p := range packets {
		if p.PayloadType != 111 || !bytes.Equal(p.Payload, sound(int(soundOf(p.Payload)))) {
			t.Fatalf("payload type %d: %x", p.PayloadType, p.Payload)
		}
		if i == 0 {
			continue
		}
		steps := soundOf(p.Payload) - soundOf(packets[i-1].Payload)
		if steps != 1 || p.SequenceNumber != packets[i-1].SequenceNumber+1 || p.Timestamp-packets[i-1].Timestamp != 960*steps {
			gaps++
		}
	}
	if gaps > 0 {
		t.Errorf("%d gaps in %d packets", gaps, len(packets))
	}
}

// What is sealed end to end is passed on byte by byte to who can take it, and to nobody else.
func TestSealedAudioIsNotTakenApart(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	speaker := joinAble(t, r, "PA_speaker", true, withRED)
	able, plain := joinAble(t, r, "PA_able", true, withRED), join(t, r, "PA_plain", true)
	spec := micSpec("TR_mic")
	spec.Sealed = true
	mic := speaker.publish(spec, red)
	sealed := bytes.Repeat([]byte{0xEE}, 90) // no RED by any reading
	every(t, 20*time.Millisecond, func() {
		s := mic.sources[0]
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.w != nil {
			s.send("", false, sealed, 30)
			s.ts += 960
		}
	})
	waitFor(speaker, "microphone announced", func(TrackEvent) bool { return true })
	for _, c := range []*client{able, plain} {
		if err := c.peer.Subscribe("TR_mic", true); err != nil {
			t.Fatal(err)
		}
	}
	able.until("heard", func() bool { return able.count("TR_mic") > 30 })
	able.change(func() {
		if slices.ContainsFunc(able.tracks["TR_mic"].whole, func(p *rtp.Packet) bool { return !bytes.Equal(p.Payload, sealed) }) {
			t.Error("sealed bytes were changed")
		}
	})
	plain.change(func() {
		if plain.count("TR_mic") > 0 {
			t.Error("a sealed packet was taken apart")
		}
	})
}
