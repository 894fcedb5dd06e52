// Package packet is one RTP packet as it travels through the media server,
// and the parsers that look into it: header extensions, codec payload
// descriptors, keyframes, layer ids, RED, Opus durations, and sequence
// arithmetic.
//
// It is pure: it knows no socket, clock, track or peer, and runs no goroutine.
// Every parser takes bytes off the network and answers ok=false (never a
// panic) for what it cannot read.
package packet

import (
	"errors"
	"time"
)

// MaxSize is the largest packet that travels, in bytes: an Ethernet frame's.
const MaxSize = 1500

var (
	// ErrMalformed is returned for bytes that are not a whole RTP packet.
	ErrMalformed = errors.New("malformed RTP packet")
	// ErrTooBig is returned for a packet of more than MaxSize bytes.
	ErrTooBig = errors.New("RTP packet too big")
)

// Packet is one received RTP packet. Its reader fills it, and once it has been
// handed on (to a history, to a writer's queue) nobody changes it any more;
// everyone may read it without a lock. Bytes and struct go back to the Pool
// with the last Release, so whoever keeps a Packet must hold a reference.
type Packet struct {
	Header // as received, parsed once

	Arrival time.Time // when the socket gave it to us
	Seq     uint64    // sequence number, unwrapped by the reader (see Unwrapper)

	Layer    uint8 // which stream of the publication: simulcast layer, 0 the smallest
	Spatial  uint8 // spatial layer inside the stream (SVC), 0 if none
	Temporal uint8 // temporal layer, 0 if none

	Keyframe bool // belongs to the beginning of a frame that needs no other
	Start    bool // first packet of a frame
	End      bool // last packet of a frame; with spatial layers, of a layer's frame

	RED bool // the payload is redundant audio (RFC 2198)

	AudioLevel uint8 // loudness in −dBov: 0 loudest, 127 silence; NoLevel: not told
	Voice      bool  // the sender's voice-activity flag (RFC 6464)

	VP8        VP8Descriptor // when the codec is VP8
	VP9        VP9Descriptor // when it is VP9
	Dependency Dependency    // of the dependency descriptor, if the reader found one

	raw  []byte // header and payload, padding cut off; a slice of buf
	buf  []byte
	pool *Pool
	refs refs
}

// NoLevel stands in AudioLevel when the packet told none.
const NoLevel = 255

// Raw is the packet without its padding. Read only.
func (p *Packet) Raw() []byte { return p.raw }

// Payload is what follows the header, without padding. Read only; empty for a
// packet of padding only, which is never worth forwarding.
func (p *Packet) Payload() []byte { return p.raw[p.PayloadAt:] }

// Extension is the header extension with that id, nil if there is none. Read only.
func (p *Packet) Extension(id uint8) []byte { return p.Header.Extension(p.raw, id) }
