package packet

// DTI is a decode target indication: what a frame is to a decode target (AV1
// RTP payload format, appendix A).
type DTI uint8

// Decode target indications, as they stand on the wire.
const (
	NotPresent  DTI = iota // not part of it
	Discardable            // part of it, and nothing in it depends on this frame
	Switch                 // all frames from here on can be decoded if this one can
	Required               // part of it
)

// Bounds of the descriptor's format; a frame may name more frames it depends
// on, but no codec has so many references.
const (
	maxTargets    = 32
	maxTemplates  = 64
	MaxReferences = 8
)

// LayerID is a spatial and a temporal layer.
type LayerID struct{ Spatial, Temporal uint8 }

// Structure is a template dependency structure: what the frames of a
// coded video sequence may look like. It is not changed after it was read, and
// shared by all packets up to the next.
type Structure struct {
	Targets   int                   // decode targets
	Layers    [maxTargets]LayerID   // the highest layer of each decode target
	Chains    int                   // chains
	Protected [maxTargets]uint8     // the chain that protects each decode target, if there are chains
	Size      [4]struct{ W, H int } // of each spatial layer; zero: not told

	offset    uint8 // template id offset
	templates int
	template  [maxTemplates]template
	raw       []byte // as received, to know it again
	rawFrom   int    // bits before it
	rawBits   int
}

type template struct {
	layer      LayerID
	dtis       uint64 // two bits each, the first target lowest
	references references
}

// references are how many frames back the frames lie that one depends on.
type references struct {
	diffs [MaxReferences]uint16
	count uint8
	more  bool // there are more than fit
}

func (r *references) add(diff uint16) {
	if int(r.count) == len(r.diffs) {
		r.more = true
		return
	}
	r.diffs[r.count] = diff
	r.count++
}

// Target is the decode target that shows most and no more than a layer, among
// those of the mask active; −1 if there is none.
func (s *Structure) Target(most LayerID, active uint32) int {
	best := -1
	for i := range s.Targets {
		l := s.Layers[i]
		if active&(1<<i) == 0 || l.Spatial > most.Spatial || l.Temporal > most.Temporal {
			continue
		}
		if best < 0 || s.Layers[best].less(l) {
			best = i
		}
	}
	return best
}

// Within is the mask of the decode targets that show no more than a layer.
func (s *Structure) Within(most LayerID) (mask uint32) {
	for i := range s.Targets {
		if l := s.Layers[i]; l.Spatial <= most.Spatial && l.Temporal <= most.Temporal {
			mask |= 1 << i
		}
	}
	return mask
}

func (l LayerID) less(o LayerID) bool {
	return l.Spatial < o.Spatial || l.Spatial == o.Spatial && l.Temporal < o.Temporal
}

// Dependency is what a packet's dependency descriptor tells. The zero
// value: it had none, or none that could be read.
type Dependency struct {
	Structure *Structure // in force; nil: no descriptor
	Attached  bool       // this packet brings the structure: a coded video sequence begins
	Start     bool       // first packet of its frame
	End       bool       // last packet of its frame
	Number    uint16     // of the frame
	Layer     LayerID
	Active    uint32 // decode targets that are sent now, by bit

	dtis       uint64
	references references
	// where the parts lie, in bits of the extension's value
	afterStructure, afterActive, end int
}

// Indication is what the packet's frame is to a decode target.
func (d *Dependency) Indication(target int) DTI { return DTI(d.dtis >> (2 * target) & 3) }

// References are how many frames back the frames lie that this one depends on;
// not ok if there are more than can be told. The slice is the packet's.
func (d *Dependency) References() (diffs []uint16, ok bool) {
	return d.references.diffs[:d.references.count], !d.references.more
}

// DependencyReader reads the descriptors of one stream in order. The zero
// value is ready; it belongs to the stream's reader.
type DependencyReader struct {
	structure *Structure
	active    uint32
	told      uint64 // the packet that last said which targets are active
}

// mandatory is the length of the fields that every descriptor has, in bytes.
const mandatory = 3

// Read reads the value of a packet's dependency descriptor extension; seq is
// the packet's unwrapped sequence number. Not ok: malformed, or it counts on a
// structure that has not come. It allocates only for a structure that differs
// from the one before.
func (r *DependencyReader) Read(value []byte, seq uint64) (d Dependency, ok bool) {
	if len(value) < mandatory {
		return Dependency{}, false
	}
	b := bits{data: value}
	d.Start, d.End = b.flag(), b.flag()
	id := uint8(b.take(6))
	d.Number = uint16(b.take(16))
	structure, active := r.structure, r.active
	var customDTIs, customReferences, customChains bool
	d.afterStructure, d.afterActive, d.end = b.at, b.at, b.at
	activeTold := false
	if len(value) > mandatory {
		d.Attached, activeTold = b.flag(), b.flag()
		customDTIs, customReferences, customChains = b.flag(), b.flag(), b.flag()
		if d.Attached {
			structure = readStructure(&b, r.structure)
			if structure == nil {
				return Dependency{}, false
			}
			active = structure.All()
		}
		d.afterStructure = b.at
		if activeTold && structure != nil {
			active = uint32(b.take(structure.Targets))
		}
		d.afterActive = b.at
	}
	if structure == nil || b.short {
		return Dependency{}, false
	}
	d.Structure = structure
	if !d.frame(&b, id, customDTIs, customReferences, customChains) {
		return Dependency{}, false
	}
	d.end, d.Active = b.at, active
	if (d.Attached || activeTold) && seq >= r.told { // one that comes late undoes nothing newer
		r.structure, r.active, r.told = structure, active, seq
	}
	return d, true
}

// frame reads what follows of the frame itself (appendix A, frame_dependency_definition).
func (d *Dependency) frame(b *bits, id uint8, dtis, references, chains bool) bool {
	s := d.Structure
	index := int((id + maxTemplates - s.offset) % maxTemplates)
	if index >= s.templates {
		return false
	}
	t := &s.template[index]
	d.Layer, d.dtis, d.references = t.layer, t.dtis, t.references
	if dtis {
		d.dtis = b.indications(s.Targets)
	}
	if references {
		d.references = b.frameReferences()
	}
	if chains {
		b.skip(8 * s.Chains)
	}
	return !b.short
}

// All is the mask of all decode targets.
func (s *Structure) All() uint32 { return uint32(1<<s.Targets - 1) }
