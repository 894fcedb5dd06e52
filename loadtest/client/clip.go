package client

import (
	"time"

	"preau/loadtest/media"
)

// packetSize is the largest payload of an encoded frame's packets.
const packetSize = 1150

// packetize cuts a clip into packets; picture ids are written as they are sent.
func packetize(c *media.Clip, f format) [][]payload {
	packer := f.pack()
	var out [][]payload
	for _, frame := range c.Frames {
		var packets []payload
		for _, b := range packer.Payload(packetSize, frame.Data) {
			packets = append(packets, payload{body: b})
		}
		if n := len(packets); n > 0 && !f.audio() {
			packets[n-1].marker = true
		}
		out = append(out, packets)
	}
	return out
}

// place is where in what was published a packet belongs.
type place struct {
	sent   time.Time // of a synthetic packet; zero: it is not told
	layer  int
	frame  uint32
	packet int
	told   bool // packets of parameters alone tell nothing
}

// Catalogue knows every packet of the clips of one publication, so that a
// receiver can hold what comes to what was sent, byte by byte; only what a server
// may rewrite, the payload descriptors of VP8 and VP9, is left out.
type Catalogue struct{ places map[string]place }

// NewCatalogue of the clips as they are published, smallest first.
func NewCatalogue(clips ...*media.Clip) *Catalogue {
	c := &Catalogue{places: map[string]place{}}
	for layer, clip := range clips {
		f := formatOf(clip.Codec)
		for frame, packets := range packetize(clip, f) {
			for i, p := range packets {
				c.places[string(bodyOf(f, p.body))] = place{layer: layer, frame: uint32(frame), packet: i, told: !f.audio()}
			}
		}
	}
	return c
}

func bodyOf(f format, b []byte) []byte {
	if f.audio() {
		return b
	}
	p, _ := f.parse(b) // of what was just written
	return p.body
}

// Packets is how many different ones there are.
func (c *Catalogue) Packets() int { return len(c.places) }

func (c *Catalogue) find(_, body []byte, _ part) (place, bool) {
	p, ok := c.places[string(body)]
	return p, ok
}
