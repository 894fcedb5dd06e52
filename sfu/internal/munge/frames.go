package munge

import "preau/sfu/packet"

// frames keeps the frame numbers of the dependency descriptor continuous
// across switches. Within a stretch they keep their distance, as frames are
// named by how far back they lie (AV1 RTP payload format, appendix A).
type frames struct {
	known  bool
	newest uint16 // received
	added  uint16
	next   uint16 // the outgoing number of the next stretch's first frame
}

// begin makes p's frame follow the last one sent.
func (f *frames) begin(p *packet.Packet) {
	if p.Dependency.Structure == nil {
		return
	}
	f.known = true
	f.newest = p.Dependency.Number
	f.added = f.next - f.newest
	f.next++
}

// forward takes the newest packet of a stretch into account.
func (f *frames) forward(p *packet.Packet) {
	if d := &p.Dependency; f.known && d.Structure != nil && packet.Newer(d.Number, f.newest) {
		f.newest = d.Number
		f.next = f.newest + f.added + 1
	}
}
