package munge

import "preau/sfu/packet"

const (
	wideMask   = 0x7FFF // a picture id of 15 bits
	narrowMask = 0x7F   // of 7
)

// pictures keeps VP8 picture ids and TL0PICIDX (RFC 7741, 4.2) continuous: one
// more for each frame that goes out, across switches and dropped frames.
// Frames that may still come keep their place, as packets do.
type pictures struct {
	known    bool
	newest   uint16 // picture id received of the newest frame
	added    uint16 // what is added to picture ids
	nextID   uint16 // the outgoing picture id of the next frame
	newTL0   uint8  // newest TL0PICIDX received
	addedTL0 uint8
	nextTL0  uint8

	dropped [64]uint16 // picture id + 1 of frames dropped lately, by id modulo 64
}

// begin makes p's frame follow the last one sent.
func (f *pictures) begin(p *packet.Packet) {
	d := &p.VP8
	if !d.HasPictureID {
		return
	}
	f.known, f.dropped = true, [len(f.dropped)]uint16{}
	f.newest, f.newTL0 = d.PictureID, d.TL0
	f.added = f.nextID - d.PictureID
	f.addedTL0 = f.nextTL0 - d.TL0
	f.advance()
}

// forward takes the newest packet of a stretch into account.
func (f *pictures) forward(p *packet.Packet) {
	if f.newer(p) {
		f.newest = p.VP8.PictureID
		*f.drops(f.newest) = 0
	}
	f.advanceTo(p)
}

// drop leaves p's frame out, unless its beginning went out.
func (f *pictures) drop(p *packet.Packet) {
	if !f.newer(p) {
		return
	}
	f.newest = p.VP8.PictureID
	*f.drops(f.newest) = f.newest + 1
	f.added--
	f.advanceTo(p)
}

// refuses says whether p is the rest of a frame that was dropped, and so has
// no outgoing picture id.
func (f *pictures) refuses(p *packet.Packet) bool {
	id := p.VP8.PictureID
	return f.known && p.VP8.HasPictureID && *f.drops(id) == id+1
}

func (f *pictures) drops(id uint16) *uint16 { return &f.dropped[id%uint16(len(f.dropped))] }

func (f *pictures) newer(p *packet.Packet) bool {
	d := &p.VP8
	if !f.known || !d.HasPictureID {
		return false
	}
	ahead := d.PictureID - f.newest
	if d.Wide {
		return int16(ahead<<1) > 0
	}
	return int8(ahead<<1) > 0
}

func (f *pictures) advanceTo(p *packet.Packet) {
	if d := &p.VP8; d.HasTL0 && int8(d.TL0-f.newTL0) > 0 {
		f.newTL0 = d.TL0
	}
	f.advance()
}

func (f *pictures) advance() {
	if f.known {
		f.nextID = (f.newest + f.added + 1) & wideMask
		f.nextTL0 = f.newTL0 + f.addedTL0 + 1
	}
}
