// Package svctest makes scalable video streams for tests, L1T1 to L3T3 with and
// without prediction between layers of delta pictures, as VP9 or as any codec
// with a dependency descriptor, and knows of each frame what a decoder needs.
//
// It is pure and is imported by tests only.
package svctest

import (
	"encoding/binary"

	"preau/sfu/packet"
)

// Mode is a scalability mode (W3C's Scalable Video Coding for WebRTC, table 1).
type Mode struct {
	Spatials, Temporals int
	Key                 bool // layers are predicted from the one below at keyframes only ("_KEY")
}

// Frame is one spatial layer of a picture.
type Frame struct {
	Number    uint16 // of the dependency descriptor
	Picture   uint16 // VP9's picture id, 15 bits
	Layer     packet.LayerID
	Key       bool // belongs to a keyframe
	Needs     []uint16
	Last      bool // highest layer of its picture
	TL0       uint8
	structure bool // brings the template structure
	mode      Mode
}

// Stream makes one picture after another.
type Stream struct {
	Mode    Mode
	Number  uint16 // of the next frame
	Picture uint16 // of the next picture
	TL0     uint8

	pictures int
	last     [4][4]uint16 // number of the last frame by layer
}

// Next is the next picture, lowest layer first.
func (s *Stream) Next(key bool) []Frame {
	if key || s.pictures == 0 {
		key, s.pictures = true, 0
	}
	temporal := s.temporal()
	if temporal == 0 {
		s.TL0++
	}
	var frames []Frame
	for spatial := range s.Mode.Spatials {
		f := Frame{
			Number: s.Number, Picture: s.Picture & 0x7FFF, Key: key, TL0: s.TL0, mode: s.Mode,
			Layer: packet.LayerID{Spatial: uint8(spatial), Temporal: uint8(temporal)},
			Last:  spatial == s.Mode.Spatials-1, structure: key && spatial == 0,
		}
		if !key {
			f.Needs = append(f.Needs, s.last[spatial][s.reference(temporal)])
		}
		if spatial > 0 && (key || !s.Mode.Key) {
			f.Needs = append(f.Needs, s.Number-1)
		}
		s.last[spatial][temporal] = s.Number
		s.Number++
		frames = append(frames, f)
	}
	s.Picture++
	s.pictures++
	return frames
}

// temporal is the layer of the next picture: 0, 0 1, or 0 2 1 2.
func (s *Stream) temporal() int {
	switch s.Mode.Temporals {
	case 2:
		return s.pictures % 2
	case 3:
		return [4]int{0, 2, 1, 2}[s.pictures%4]
	}
	return 0
}

// reference is the temporal layer whose last frame a frame is predicted from.
func (s *Stream) reference(temporal int) int {
	if temporal == 2 && s.pictures%4 == 3 {
		return 1
	}
	return 0
}

// indication is what f is to a decode target, as libwebrtc's encoders say it.
func (f *Frame) indication(spatial, temporal uint8) packet.DTI {
	l := f.Layer
	switch {
	case spatial < l.Spatial || temporal < l.Temporal:
		return packet.NotPresent
	case f.Key:
		return packet.Switch
	case f.mode.Key && spatial != l.Spatial:
		return packet.NotPresent
	case spatial == l.Spatial && temporal == l.Temporal && temporal > 0:
		return packet.Discardable
	case spatial == l.Spatial:
		return packet.Switch
	}
	return packet.Required
}

// Descriptor is the value of the dependency descriptor extension for a packet of f.
func (f *Frame) Descriptor(start, end bool) []byte {
	var w writer
	w.flag(start)
	w.flag(end)
	w.put(uint64(f.Layer.Spatial)*uint64(f.mode.Temporals)+uint64(f.Layer.Temporal), 6)
	w.put(uint64(f.Number), 16)
	attached := f.structure && start
	w.flag(attached)
	w.flag(false) // active decode targets
	w.flag(f.Key) // custom indications: the templates hold those of delta frames
	w.flag(true)  // custom references
	w.flag(false)
	if attached {
		f.mode.write(&w)
	}
	if f.Key {
		f.mode.each(func(s, t uint8) { w.put(uint64(f.indication(s, t)), 2) })
	}
	for _, n := range f.Needs {
		w.put(2, 2)
		w.put(uint64(f.Number-n-1), 8)
	}
	w.put(0, 2)
	return w.data
}

// each visits the decode targets, the best first.
func (m Mode) each(f func(spatial, temporal uint8)) {
	for s := m.Spatials - 1; s >= 0; s-- {
		for t := m.Temporals - 1; t >= 0; t-- {
			f(uint8(s), uint8(t))
		}
	}
}

// write writes the template structure: one template a layer, no chains, sizes.
func (m Mode) write(w *writer) {
	w.put(0, 6)
	w.put(uint64(m.Spatials*m.Temporals-1), 5)
	for s := range m.Spatials {
		for t := range m.Temporals {
			switch {
			case t < m.Temporals-1:
				w.put(1, 2)
			case s < m.Spatials-1:
				w.put(2, 2)
			default:
				w.put(3, 2)
			}
		}
	}
	for s := range m.Spatials {
		for t := range m.Temporals {
			f := Frame{mode: m, Layer: packet.LayerID{Spatial: uint8(s), Temporal: uint8(t)}}
			m.each(func(s, t uint8) { w.put(uint64(f.indication(s, t)), 2) })
		}
	}
	for range m.Spatials * m.Temporals {
		w.flag(false) // no references: each frame tells its own
	}
	w.put(0, chainBits(m.Spatials*m.Temporals+1))
	w.flag(true)
	for s := range m.Spatials {
		w.put(uint64(320<<s-1), 16)
		w.put(uint64(180<<s-1), 16)
	}
}

// chainBits is how many bits ns(n) takes for zero.
func chainBits(n int) int {
	bits := 0
	for x := n; x != 0; x >>= 1 {
		bits++
	}
	return bits - 1
}

// VP9 is a packet's payload: the descriptor, not flexible (RFC 9628, 4.2), and size bytes of picture.
func (f *Frame) VP9(start, end bool, size int) []byte {
	b := make([]byte, 5, 5+size)
	b[0] = 0x80 | 0x20 // I, L
	if !f.Key {
		b[0] |= 0x40 // P
	}
	if start {
		b[0] |= 0x08
	}
	if end {
		b[0] |= 0x04
	}
	binary.BigEndian.PutUint16(b[1:], 0x8000|f.Picture)
	b[3] = f.Layer.Temporal<<5 | f.Layer.Spatial<<1
	if int(f.Layer.Temporal) < max(f.mode.Temporals-1, 1) {
		b[3] |= 0x10 // U: what comes is predicted from here, or from what comes
	}
	if f.Layer.Spatial > 0 && (f.Key || !f.mode.Key) {
		b[3] |= 0x01 // D
	}
	b[4] = f.TL0
	return f.appendMark(b, size)
}

// AV1 is a packet's payload: the aggregation header (AV1 RTP payload format, 4.4) and one OBU, or
// part of it, of size bytes of frame.
func (f *Frame) AV1(start, end bool, size int) []byte {
	b := []byte{0x10, 0x32} // W: one element; a frame OBU
	if f.structure && start {
		b[0] |= 0x08 // N
	}
	if !start {
		b[0] |= 0x80 // Z
	}
	if !end {
		b[0] |= 0x40 // Y
	}
	return f.appendMark(b, size)
}

// VP8 is a packet's payload as browsers make it that send a dependency descriptor: the shortest
// payload descriptor (RFC 7741, 4.2), without picture id and temporal layer, and size bytes of picture.
func (f *Frame) VP8(start bool, size int) []byte {
	b := make([]byte, 2, 2+size)
	if start {
		b[0] = 0x10 // S
	}
	if !f.Key {
		b[1] = 0x01 // P
	}
	return f.appendMark(b, size)
}

// appendMark appends the frame's number, by which a receiver knows it again, and more to size.
func (f *Frame) appendMark(b []byte, size int) []byte {
	b = binary.BigEndian.AppendUint16(b, f.Number)
	for i := 2; i < size; i++ {
		b = append(b, byte(i)+byte(f.Number))
	}
	return b
}

// MarkOf is the number of the frame that a payload made by VP9, AV1 or VP8 belongs to.
func MarkOf(payload []byte, vp9 bool) uint16 {
	at := 2
	if vp9 {
		at = 5
	}
	if len(payload) < at+2 {
		return 0
	}
	return binary.BigEndian.Uint16(payload[at:])
}

type writer struct {
	data []byte
	free int
}

func (w *writer) flag(on bool) {
	if on {
		w.put(1, 1)
	} else {
		w.put(0, 1)
	}
}

func (w *writer) put(value uint64, n int) {
	for n--; n >= 0; n-- {
		if w.free == 0 {
			w.data, w.free = append(w.data, 0), 8
		}
		w.free--
		w.data[len(w.data)-1] |= byte(value>>n&1) << w.free
	}
}
