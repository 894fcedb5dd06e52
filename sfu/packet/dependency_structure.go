package packet

import "slices"

// readStructure reads a template dependency structure; nil if it is
// malformed, and the one before if it is the same again.
func readStructure(b *bits, before *Structure) *Structure {
	var s Structure
	from := b.at
	s.offset = uint8(b.take(6))
	s.Targets = int(b.take(5)) + 1
	if !s.readLayers(b) {
		return nil
	}
	for i := range s.templates {
		s.template[i].dtis = b.indications(s.Targets)
	}
	for i := range s.templates {
		for b.flag() { // fdiff_follows_flag
			s.template[i].references.add(uint16(b.take(4)) + 1)
			if b.short {
				return nil
			}
		}
	}
	s.readChains(b)
	if b.flag() { // resolutions_present_flag
		s.readSizes(b)
	}
	if b.short {
		return nil
	}
	s.findLayers()
	s.rawFrom, s.rawBits = from%8, b.at-from
	s.raw = b.data[from/8 : (b.at+7)/8]
	if before != nil && s.same(before) {
		return before
	}
	kept := s
	kept.raw = slices.Clone(s.raw)
	return &kept
}

// readLayers reads the templates' layers: each follows from the one before.
func (s *Structure) readLayers(b *bits) bool {
	const (
		sameLayer = iota
		nextTemporal
		nextSpatial
		noMore
	)
	var l LayerID
	for {
		if s.templates == maxTemplates || b.short {
			return false
		}
		s.template[s.templates].layer = l
		s.templates++
		switch b.take(2) {
		case nextTemporal:
			l.Temporal++
		case nextSpatial:
			l.Spatial, l.Temporal = l.Spatial+1, 0
		case noMore:
			return l.Spatial < 4 && !b.short
		case sameLayer:
		}
		if l.Spatial > 3 || l.Temporal > 7 {
			return false
		}
	}
}

func (s *Structure) readChains(b *bits) {
	s.Chains = b.nonSymmetric(s.Targets + 1)
	if s.Chains == 0 {
		return
	}
	for i := range s.Targets {
		s.Protected[i] = uint8(b.nonSymmetric(s.Chains + 1)) // Chains: by none
	}
	b.skip(4 * s.templates * s.Chains) // template_chain_fdiff: only a decoder asks for them
}

func (s *Structure) readSizes(b *bits) {
	top := s.template[s.templates-1].layer.Spatial
	for i := range int(top) + 1 {
		s.Size[i].W = int(b.take(16)) + 1
		s.Size[i].H = int(b.take(16)) + 1
	}
}

// findLayers gives each decode target the highest layer of its templates (appendix A, decode_target_layers).
func (s *Structure) findLayers() {
	for t := range s.Targets {
		for i := range s.templates {
			if DTI(s.template[i].dtis>>(2*t)&3) == NotPresent {
				continue
			}
			s.Layers[t].Spatial = max(s.Layers[t].Spatial, s.template[i].layer.Spatial)
			s.Layers[t].Temporal = max(s.Layers[t].Temporal, s.template[i].layer.Temporal)
		}
	}
}

// same compares structures as they were written: offsets in the byte differ
// only with another sender's layout, which then counts as another structure.
func (s *Structure) same(o *Structure) bool {
	if s.rawFrom != o.rawFrom || s.rawBits != o.rawBits || len(s.raw) != len(o.raw) || len(s.raw) < 2 {
		return false
	}
	last := len(s.raw) - 1
	spare := 8*len(s.raw) - s.rawFrom - s.rawBits
	return (s.raw[0]^o.raw[0])<<s.rawFrom == 0 && slices.Equal(s.raw[1:last], o.raw[1:last]) && (s.raw[last]^o.raw[last])>>spare == 0
}

// AppendDependency appends a copy of value, whose descriptor d is, with another
// frame number and, if active is not zero, the mask of active decode targets,
// put in where it was missing. It does not allocate while dst has room.
func (d *Dependency) AppendDependency(dst, value []byte, number uint16, active uint32) []byte {
	at := len(dst)
	if active == 0 || d.Structure == nil {
		dst = append(dst, value...)
		dst[at+1], dst[at+2] = byte(number>>8), byte(number)
		return dst
	}
	in := bits{data: value, at: 8 * mandatory}
	out := bitWriter{data: append(dst, value[0], byte(number>>8), byte(number))}
	var flags uint64
	if len(value) > mandatory {
		flags = in.take(5)
	}
	out.put(flags|0x08, 5)
	for in.at < d.afterStructure {
		n := min(32, d.afterStructure-in.at)
		out.put(in.take(n), n)
	}
	out.put(uint64(active), d.Structure.Targets)
	for in.at = d.afterActive; in.at < d.end; {
		n := min(32, d.end-in.at)
		out.put(in.take(n), n)
	}
	return out.data
}
