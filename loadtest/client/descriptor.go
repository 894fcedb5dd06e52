package client

// descriptorURI names the dependency descriptor (RTP payload format for AV1,
// appendix A).
const descriptorURI = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

// descriptor is what a packet of a layered source says of its frame.
type descriptor struct {
	start, end bool
	template   uint8
	frame      uint16
	structure  []Layer // given with the first packet of a keyframe
}

// Templates of one spatial layer, in the order in which they are written.
const (
	templateKey = iota
	templateBase
	templateUpper
	templatesEach
)

func templateOf(spatial, temporal int, keyframe bool) uint8 {
	at := templateBase + temporal
	if keyframe {
		at = templateKey
	}
	return uint8(spatial*templatesEach + at)
}

// bytes writes the descriptor (A.8.2).
func (d descriptor) bytes() []byte {
	w := &bitWriter{}
	w.flag(d.start)
	w.flag(d.end)
	w.put(uint32(d.template), 6)
	w.put(uint32(d.frame), 16)
	if d.structure != nil {
		w.flag(true) // template_dependency_structure_present_flag
		w.put(0, 4)  // no active decode targets (all are), no custom dtis, fdiffs, chains
		w.structure(d.structure)
	}
	return w.bytes
}

// structure writes template_dependency_structure (A.8.3) for so many spatial and
// two temporal layers.
func (w *bitWriter) structure(layers []Layer) {
	spatials := len(layers)
	w.put(0, 6) // template_id_offset
	w.put(uint32(spatials*temporalLayers-1), 5)
	w.templateLayers(spatials)
	each(spatials, w.indications)
	each(spatials, w.references)
	w.chains(spatials)
	w.flag(true) // resolutions_present_flag
	for _, l := range layers {
		w.put(l.Width-1, 16)
		w.put(l.Height-1, 16)
	}
}

// each visits the templates in their order.
func each(spatials int, visit func(spatials, spatial, kind int)) {
	for spatial := range spatials {
		for kind := range templatesEach {
			visit(spatials, spatial, kind)
		}
	}
}

// templateLayers writes how each template's layer differs from the one before:
// 0 the same, 1 the next temporal, 2 the next spatial layer, 3 there is none.
func (w *bitWriter) templateLayers(spatials int) {
	for spatial := range spatials {
		w.put(0, 2) // base after key
		w.put(1, 2) // upper after base
		if spatial < spatials-1 {
			w.put(2, 2)
		}
	}
	w.put(3, 2)
}

// Decode target indications (A.8.3, table A.1).
const (
	notPresent  = 0
	discardable = 1
	switching   = 2
	required    = 3
)

// indications says what a template's frame is to each decode target.
func (w *bitWriter) indications(spatials, spatial, kind int) {
	for s := range spatials {
		for t := range temporalLayers {
			is := uint32(required)
			switch {
			case s < spatial || kind == templateUpper && t == 0:
				is = notPresent
			case kind == templateKey:
				is = switching
			case s == spatial && kind == templateUpper:
				is = discardable
			case s == spatial:
				is = switching
			}
			w.put(is, 2)
		}
	}
}

// references writes which earlier frames a template's needs, as differences of
// frame numbers: a picture is as many numbers as it has layers.
func (w *bitWriter) references(spatials, spatial, kind int) {
	var back []int
	if spatial > 0 {
		back = append(back, 1) // the layer below
	}
	switch kind {
	case templateBase:
		back = append(back, temporalLayers*spatials)
	case templateUpper:
		back = append(back, spatials)
	}
	for _, n := range back {
		w.flag(true)
		w.put(uint32(n-1), 4)
	}
	w.flag(false)
}

// chains writes one for each spatial layer: the base frames of it and those
// below. Each template says how far back its frame has the last of each.
func (w *bitWriter) chains(spatials int) {
	w.nonSymmetric(uint32(spatials), uint32(spatials*temporalLayers+1))
	for s := range spatials {
		for range temporalLayers {
			w.nonSymmetric(uint32(s), uint32(spatials))
		}
	}
	each(spatials, func(_, spatial, kind int) {
		for chain := range spatials {
			w.put(uint32(chainBack(spatials, spatial, kind, chain)), 4)
		}
	})
}

func chainBack(spatials, spatial, kind, chain int) int {
	switch {
	case kind == templateUpper: // last in the picture before
		return spatials + spatial - chain
	case spatial > 0: // in this picture
		return spatial - min(chain, spatial-1)
	case kind == templateKey:
		return 0
	}
	return temporalLayers*spatials - chain // in the base picture before
}

// bitWriter writes numbers of some bits, the highest first.
type bitWriter struct {
	bytes []byte
	used  int // bits
}

func (w *bitWriter) put(v uint32, bits int) {
	for i := bits - 1; i >= 0; i-- {
		if w.used%8 == 0 {
			w.bytes = append(w.bytes, 0)
		}
		w.bytes[w.used/8] |= byte(v>>i&1) << (7 - w.used%8)
		w.used++
	}
}

func (w *bitWriter) flag(on bool) { w.put(map[bool]uint32{true: 1}[on], 1) }

// nonSymmetric writes a number below n (A.8.2, ns(n)).
func (w *bitWriter) nonSymmetric(v, n uint32) {
	bits := 0
	for x := n; x > 0; x >>= 1 {
		bits++
	}
	short := uint32(1)<<bits - n
	if v < short {
		w.put(v, bits-1)
		return
	}
	v += short
	w.put(v>>1, bits-1)
	w.put(v&1, 1)
}
