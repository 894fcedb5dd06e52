package munge

import (
	"encoding/binary"
	"time"

	"preau/sfu/packet"
)

// source is one simulcast layer of a made-up camera: 30 frames a second, VP8,
// temporal pattern 0 2 1 2.
type source struct {
	pool    *packet.Pool
	layer   uint8
	unwrap  packet.Unwrapper
	seq     uint16
	offset  uint32 // of its timestamps
	picture uint16
	tl0     uint8
	frames  int
}

const frameTicks = 3000

var epoch = time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC)

func newSource(layer uint8, seq uint16, timestamp uint32, picture uint16, tl0 uint8) *source {
	return &source{
		pool: &packet.Pool{}, layer: layer, seq: seq, offset: timestamp,
		picture: picture & wideMask, tl0: tl0,
	}
}

// frame makes the packets of the next frame. Frames of all sources with the
// same number were captured at the same instant.
func (s *source) frame(packets int, key bool) []*packet.Packet {
	temporal := [4]uint8{0, 2, 1, 2}[s.frames%4]
	if key {
		temporal = 0
	}
	if temporal == 0 {
		s.tl0++
	}
	s.picture = (s.picture + 1) & wideMask
	var made []*packet.Packet
	for i := range packets {
		made = append(made, s.packet(i == 0, i == packets-1, key, temporal))
	}
	s.frames++
	return made
}

func (s *source) skip() { s.frames++ }

func (s *source) packet(start, end, key bool, temporal uint8) *packet.Packet {
	payload := []byte{0x80, 0xE0, 0, 0, s.tl0, temporal << 6, 1, 2, 3}
	binary.BigEndian.PutUint16(payload[2:], 0x8000|s.picture)
	if start {
		payload[0] |= 0x10
	}
	if key {
		payload[6] = 0
	}
	return s.send(payload, end)
}

func (s *source) send(payload []byte, end bool) *packet.Packet {
	raw := packet.AppendHeader(nil, packet.Header{
		PayloadType: 96, Marker: end, Sequence: s.seq,
		Timestamp: s.offset + uint32(s.frames)*frameTicks, SSRC: uint32(s.layer) + 1,
	}, nil)
	p, err := s.pool.New(append(raw, payload...), epoch.Add(time.Duration(s.frames)*time.Second/30))
	if err != nil {
		panic(err)
	}
	p.Layer = s.layer
	p.Seq = s.unwrap.Unwrap(s.seq)
	if len(payload) > 0 {
		p.Inspect(packet.VP8)
	}
	s.seq++
	return p
}

// report is a sender report's pair at the instant of the next frame.
func (s *source) report() (ntp uint64, rtp uint32) {
	seconds := float64(s.frames) / 30
	return uint64((3_900_000_000 + seconds) * (1 << 32)), s.offset + uint32(s.frames)*frameTicks
}
