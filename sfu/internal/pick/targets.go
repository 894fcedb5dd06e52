package pick

import "preau/sfu/packet"

const noTarget = -1

// targets picks by the dependency descriptor (AV1 RTP payload format, appendix
// A): frames of one decode target go out, until a frame that can be decoded
// says that another target may be switched to.
type targets struct {
	structure *packet.Structure
	now       int    // decode target; noTarget: none yet
	active    uint32 // of the newest frame
	frames    [256]frame
}

// frame is what became of a frame, by its number modulo the ring.
type frame struct {
	number uint16
	fate   fate
}

type fate uint8

const (
	unknown fate = iota
	dropped
	taken
)

func (t *targets) at(number uint16) *frame { return &t.frames[int(number)%len(t.frames)] }

// take decides at the first packet of a frame that comes, and holds to that.
func (t *targets) take(d *packet.Dependency, goal packet.LayerID) bool {
	f := t.at(d.Number)
	if f.fate != unknown && f.number == d.Number {
		return f.fate == taken
	}
	if f.fate != unknown && packet.Newer(f.number, d.Number) {
		return false // of a frame so old that it is forgotten
	}
	t.restructure(d)
	t.active = d.Active
	want := d.Structure.Target(goal, d.Active)
	if want != t.now && want != noTarget && d.Indication(want) == packet.Switch && t.decodable(d) {
		t.now = want
	}
	*f = frame{number: d.Number, fate: dropped}
	if t.now != noTarget && d.Indication(t.now) != packet.NotPresent {
		f.fate = taken
	}
	return f.fate == taken
}

// restructure begins anew with another structure, whose first frame is a keyframe.
func (t *targets) restructure(d *packet.Dependency) {
	if t.structure != d.Structure {
		t.structure, t.now = d.Structure, noTarget
	}
}

// decodable says whether all that a frame needs went out.
func (t *targets) decodable(d *packet.Dependency) bool {
	diffs, all := d.References()
	for _, diff := range diffs {
		if f := t.at(d.Number - diff); f.fate != taken || f.number != d.Number-diff {
			return false
		}
	}
	return all
}

func (t *targets) layer() (packet.LayerID, bool) {
	if t.structure == nil || t.now == noTarget {
		return packet.LayerID{}, false
	}
	return t.structure.Layers[t.now], true
}

func (t *targets) behind(goal packet.LayerID) bool {
	want := t.structure.Target(goal, t.active)
	return want != noTarget && want != t.now
}
