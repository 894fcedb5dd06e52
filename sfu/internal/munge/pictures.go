package munge

import "preau/sfu/packet"

const (
	wideMask   = 0x7FFF // a picture id of 15 bits
	narrowMask = 0x7F   // of 7
)

// label is how a packet's descriptor names its picture: VP8's (RFC 7741, 4.2)
// or VP9's (RFC 9628, 4.2).
type label struct {
	id            uint16
	tl0           uint8
	hasID, hasTL0 bool
	wide          bool // 15 bits, else 7
	relative      bool // other pictures are named by how far back they lie: none may be renumbered
}

func labelOf(p *packet.Packet) label {
	if d := &p.VP8; d.Size > 0 {
		return label{id: d.PictureID, tl0: d.TL0, hasID: d.HasPictureID, hasTL0: d.HasTL0, wide: d.Wide}
	}
	d := &p.VP9
	return label{id: d.PictureID, tl0: d.TL0, hasID: d.HasPictureID, hasTL0: d.HasTL0, wide: d.Wide, relative: true}
}

// pictures keeps picture ids and TL0PICIDX continuous: for VP8 one more for
// each frame that goes out, across switches and dropped frames. Frames that may
// still come keep their place, as packets do. A VP9 picture names those it
// needs by their distance (P_DIFF, or the place in a group), so that there
// the ids follow without a gap across switches, and keep their distance within
// a stretch.
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
	d := labelOf(p)
	if !d.hasID {
		return
	}
	f.known, f.dropped = true, [len(f.dropped)]uint16{}
	f.newest, f.newTL0 = d.id, d.tl0
	f.added = f.nextID - d.id
	f.addedTL0 = f.nextTL0 - d.tl0
	f.advance()
}

// forward takes the newest packet of a stretch into account.
func (f *pictures) forward(p *packet.Packet) {
	d := labelOf(p)
	if f.newer(d) {
		f.newest = d.id
		*f.drops(f.newest) = 0
	}
	f.advanceTo(d)
}

// drop leaves p's frame out, unless its beginning went out.
func (f *pictures) drop(p *packet.Packet) {
	d := labelOf(p)
	if !f.newer(d) {
		return
	}
	f.newest = d.id
	if !d.relative {
		*f.drops(f.newest) = f.newest + 1
		f.added--
	}
	f.advanceTo(d)
}

// refuses says whether p is the rest of a frame that was dropped, and so has
// no outgoing picture id.
func (f *pictures) refuses(p *packet.Packet) bool {
	d := labelOf(p)
	return f.known && d.hasID && !d.relative && *f.drops(d.id) == d.id+1
}

func (f *pictures) drops(id uint16) *uint16 { return &f.dropped[id%uint16(len(f.dropped))] }

func (f *pictures) newer(d label) bool {
	if !f.known || !d.hasID {
		return false
	}
	ahead := d.id - f.newest
	if d.wide {
		return int16(ahead<<1) > 0
	}
	return int8(ahead<<1) > 0
}

func (f *pictures) advanceTo(d label) {
	if d.hasTL0 && int8(d.tl0-f.newTL0) > 0 {
		f.newTL0 = d.tl0
	}
	f.advance()
}

func (f *pictures) advance() {
	if f.known {
		f.nextID = (f.newest + f.added + 1) & wideMask
		f.nextTL0 = f.newTL0 + f.addedTL0 + 1
	}
}
