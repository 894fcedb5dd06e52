package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"preau/loadtest/media"
)

// payload is one packet as a source makes it.
type payload struct {
	body       []byte
	marker     bool
	descriptor []byte // of dependencies; nil where the codec needs none
}

// source makes the packets of one encoding, frame by frame.
type source interface {
	// next makes a frame, a keyframe if it is wanted, and says whether it is one;
	// no packets: there is nothing to send this time.
	next(keyframe bool) (packets []payload, isKeyframe bool)
}

// encoding is one stream of a publication: its source and pace.
type encoding struct {
	source   source
	codec    format
	rid      string
	interval time.Duration
	clock    uint32 // RTP timestamp units an interval
}

var errNoSource = errors.New("no source for this codec")

// encodings are the streams that a publication is sent in; each call makes new sources.
func (p *Publication) encodings() ([]encoding, error) {
	if p.SVC {
		s, f, err := newLayered(p.MIME, p.Layers)
		return []encoding{paced(s, f, "")}, err
	}
	var out []encoding
	for i, l := range p.Layers {
		if len(p.Clips) > 0 {
			f := formatOf(p.Clips[i].Codec)
			out = append(out, paced(newClipSource(p.Clips[i], f, p.DTX), f, l.RID))
			continue
		}
		f, ok := formats()[p.MIME]
		if !ok || f.frame == nil {
			return nil, fmt.Errorf("%s: %w", p.MIME, errNoSource)
		}
		s := &stream{long: p.Long, layer: l, index: i, write: f.frame, picture: uint16(rand.Uint32()) & 0x7fff, tl0: uint8(rand.Uint32())}
		e := paced(s, f, l.RID)
		if p.Long && f.audio() {
			e.interval, e.clock = 3*e.interval, 3*e.clock
		}
		out = append(out, e)
	}
	return out, nil
}

// paced: 20 ms of sound, a fifteenth of a second of pictures.
func paced(s source, f format, rid string) encoding {
	e := encoding{source: s, codec: f, rid: rid, interval: time.Second / media.FrameRate, clock: videoClock / media.FrameRate}
	if f.audio() {
		e.interval, e.clock = 20*time.Millisecond, audioClock/50
	}
	return e
}

// stream is a synthetic source and the codec state of its encoding.
type stream struct {
	// fixed after construction
	layer Layer
	index int
	write func(s *stream, keyframe bool) []payload
	long  bool

	picture uint16
	tl0     uint8
	frame   uint32
}

func (s *stream) next(keyframe bool) ([]payload, bool) { return s.write(s, keyframe), keyframe }

// opus is one packet: a TOC byte (RFC 6716, section 3.1: CELT, full band, 20 ms,
// mono; or SILK, wide band, 60 ms) and bytes that count.
func (s *stream) opus(bool) []payload {
	s.frame++
	body := make([]byte, opusSize)
	body[0] = 31 << 3
	if s.long {
		body[0] = 11 << 3
	}
	stamp(body[1:], time.Now())
	fill(body[1+stampSize:], s.frame)
	return []payload{{body: body}}
}

const opusSize = 80

// fill writes bytes that a receiver can compute again.
func fill(b []byte, seed uint32) {
	for i := range b {
		b[i] = byte(seed) + byte(i)
	}
}

// clipSource sends an encoded clip round and round, from its beginning when a
// keyframe is wanted.
type clipSource struct {
	packets [][]payload // by frame, made once
	frames  []media.Frame
	picture uint16 // VP8 and VP9: of the frame to come
	number  func(payload []byte, picture uint16)
	dtx     bool
	at      int
	silent  int // packets of this silence so far
}

func newClipSource(c *media.Clip, f format, dtx bool) *clipSource {
	return &clipSource{packets: packetize(c, f), frames: c.Frames, number: f.number, dtx: dtx, picture: uint16(rand.Uint32()) & 0x7fff}
}

// comfort is how many silent packets make one that is sent all the same, as an
// Opus encoder does every 400 ms.
const comfort = 20

func (s *clipSource) next(keyframe bool) ([]payload, bool) {
	if keyframe || s.at == len(s.packets) {
		s.at = 0
	}
	frame, packets := s.frames[s.at], s.packets[s.at]
	s.at++
	if s.dtx && frame.Silent {
		s.silent++
		if s.silent%comfort != 1 {
			return nil, false
		}
	} else {
		s.silent = 0
	}
	if s.number == nil {
		return packets, frame.Keyframe
	}
	out := make([]payload, len(packets))
	for i, p := range packets {
		out[i] = payload{body: append([]byte(nil), p.body...), marker: p.marker}
		s.number(out[i].body, s.picture)
	}
	s.picture = (s.picture + 1) & 0x7fff
	return out, frame.Keyframe
}
