package sfu

import (
	"slices"

	"github.com/pion/rtp"

	"preau/sfu/internal/munge"
	"preau/sfu/packet"
)

const (
	oneByteMost = 16 // RFC 8285, 4.2
	twoByteMost = 255
)

// describedHeaders are a subscription's headers with a dependency descriptor, beside those
// without: an element of a header can be changed in place, but not left out.
type describedHeaders struct {
	header, rtx rtp.Header
	value       []byte // the descriptor being sent
}

// bind makes the headers from the subscription's own; the other extensions' values stay shared.
func (d *describedHeaders) bind(s *subscription, id uint8) {
	d.header, d.rtx = s.header, s.rtx
	d.header.Extensions, d.rtx.Extensions = slices.Clone(s.header.Extensions), slices.Clone(s.rtx.Extensions)
	d.value = make([]byte, 0, twoByteMost)
	if d.header.SetExtension(id, make([]byte, 3)) == nil && d.rtx.SetExtension(id, make([]byte, 3)) == nil {
		s.dependID = id
	}
}

// media is the header p goes out under.
func (d *describedHeaders) media(s *subscription, p *packet.Packet, out munge.Out) *rtp.Header {
	return d.choose(s, p, out, &s.header, &d.header)
}

// again is the header p goes out under over RTX.
func (d *describedHeaders) again(s *subscription, p *packet.Packet, out munge.Out) *rtp.Header {
	return d.choose(s, p, out, &s.rtx, &d.rtx)
}

func (d *describedHeaders) choose(s *subscription, p *packet.Packet, out munge.Out, plain, described *rtp.Header) *rtp.Header {
	if s.dependID == 0 || p.Dependency.Structure == nil {
		return plain
	}
	l := s.pub.layers[p.Layer].Load()
	if l == nil || l.dependID == 0 {
		return plain
	}
	value := p.Extension(l.dependID)
	if len(value) < 3 || len(value) > twoByteMost-5 {
		return plain
	}
	d.value = p.Dependency.AppendDependency(d.value[:0], value, out.Frame, s.targets(p))
	described.ExtensionProfile = rtp.ExtensionProfileOneByte
	if len(d.value) > oneByteMost {
		described.ExtensionProfile = rtp.ExtensionProfileTwoByte
	}
	if described.SetExtension(s.dependID, d.value) != nil {
		return plain
	}
	return described
}

// targets are the decode targets that the receiver can count on, told with each structure and at
// each picture of the lowest layers, so that it is known after a loss too; zero: nothing to tell.
func (s *subscription) targets(p *packet.Packet) uint32 {
	d := &p.Dependency
	if !d.Start || !d.Attached && d.Layer != (packet.LayerID{}) {
		return 0
	}
	now := d.Structure.Within(s.picker.Now()) & d.Active
	if now == d.Structure.All() {
		return 0
	}
	return now
}
