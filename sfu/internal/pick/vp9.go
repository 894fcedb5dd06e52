package pick

import "preau/sfu/packet"

// pictures remembers what was taken of the last pictures, so that a late
// packet shares the fate of its picture.
type pictures struct {
	seen   packet.LayerID // the highest layers that came
	begun  bool
	newest uint16
	wide   bool
	ring   [64]picture
}

// picture is what is taken of one: the spatial layers up to top, or nothing.
type picture struct {
	id    uint16
	known bool
	taken bool
	top   uint8
}

func (q *pictures) see(p *packet.Packet) {
	q.seen.Spatial = max(q.seen.Spatial, p.Spatial)
	q.seen.Temporal = max(q.seen.Temporal, p.Temporal)
}

func (q *pictures) at(id uint16) *picture { return &q.ring[int(id)%len(q.ring)] }

// newer says whether an id is that of a picture after all that were seen.
func (q *pictures) newer(id uint16) bool {
	if !q.begun {
		return true
	}
	if q.wide {
		return int16((id-q.newest)<<1) > 0
	}
	return int8((id-q.newest)<<1) > 0
}

// takeVP9 follows VP9's payload descriptor (RFC 9628, 4.2). Layers are left at
// any picture's beginning, since all below what is taken is taken too. A higher
// temporal layer is taken up from a switching-up point on (U: what follows needs
// no picture of a higher layer from before), a higher spatial one at a frame that
// needs no earlier picture (P is not set), only the layer below.
func (k *Picker) takeVP9(p *packet.Packet) bool {
	d, q := &p.VP9, &k.pictures
	q.see(p)
	if !d.HasPictureID {
		return d.Spatial == 0 && d.Temporal == 0 // layers cannot be told apart safely
	}
	pic := q.at(d.PictureID)
	if !pic.known || pic.id != d.PictureID {
		if !q.newer(d.PictureID) {
			return false
		}
		q.begun, q.newest, q.wide = true, d.PictureID, d.Wide
		k.beginPicture(d, pic)
	}
	if d.Start && pic.taken && !d.Inter && d.Spatial == pic.top+1 && d.Spatial <= k.goal.Spatial {
		pic.top = d.Spatial
		if d.PictureID == q.newest {
			k.now.Spatial = d.Spatial
		}
	}
	return pic.taken && d.Spatial <= pic.top
}

func (k *Picker) beginPicture(d *packet.VP9Descriptor, pic *picture) {
	k.now.Spatial = min(k.now.Spatial, k.goal.Spatial)
	switch {
	case d.Keyframe, k.goal.Temporal < k.now.Temporal,
		d.SwitchingUp && d.Temporal <= k.now.Temporal:
		k.now.Temporal = k.goal.Temporal
	}
	if d.Keyframe { // its higher layers need no more than it
		k.now.Spatial = k.goal.Spatial
	}
	*pic = picture{id: d.PictureID, known: true, taken: d.Temporal <= k.now.Temporal, top: k.now.Spatial}
}
