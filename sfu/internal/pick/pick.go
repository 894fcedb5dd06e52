// Package pick chooses which packets of one scalable stream go to one
// subscription, so that a decoder can decode all it is given.
//
// It knows no bandwidth, clock or socket: the caller names a goal, and the
// Picker nears it where the stream allows: at keyframes, where the dependency
// descriptor says "switch", at VP9's switching-up points, at VP8's layer syncs. It runs
// no goroutine: a Picker belongs to the writer that owns the subscription.
package pick

import "preau/sfu/packet"

// Picker picks from the stream whose keyframe it last entered at.
type Picker struct {
	goal packet.LayerID
	now  packet.LayerID // without dependency descriptor: the layers taken

	targets  targets
	pictures pictures
}

// Aim names the highest layers wanted from here on.
func (k *Picker) Aim(l packet.LayerID) { k.goal = l }

// Enter begins with p, the first packet of a keyframe: what came before, of
// this stream or of another, is forgotten.
func (k *Picker) Enter(p *packet.Packet) {
	k.now = packet.LayerID{Temporal: k.goal.Temporal}
	k.targets, k.pictures = targets{now: noTarget}, pictures{}
}

// Take says whether p goes out. It is asked for each packet of the stream in
// the order of arrival, which need not be that of sending.
func (k *Picker) Take(p *packet.Packet) bool {
	switch {
	case p.Dependency.Structure != nil:
		return k.targets.take(&p.Dependency, k.goal)
	case p.VP9.HasLayers:
		return k.takeVP9(p)
	case p.VP8.HasTemporal:
		return k.takeVP8(p)
	}
	return true
}

// Now is the highest layers taken now.
func (k *Picker) Now() packet.LayerID {
	if l, ok := k.targets.layer(); ok {
		return l
	}
	return k.now
}

// Behind says that a keyframe of p's stream would bring the goal nearer: it
// wants layers that the stream has, or wants to be rid of some it cannot leave.
func (k *Picker) Behind() bool {
	if k.targets.structure != nil {
		return k.targets.behind(k.goal)
	}
	seen := k.pictures.seen
	return k.now.Spatial < min(k.goal.Spatial, seen.Spatial) || k.now.Temporal < min(k.goal.Temporal, seen.Temporal)
}

// takeVP8 follows RFC 7741, 4.2: a picture with Y set needs the base layer
// only, so that the layer it belongs to can be taken up there. Higher ones may
// still need pictures of this layer from before: one layer at a time.
func (k *Picker) takeVP8(p *packet.Packet) bool {
	d := &p.VP8
	k.pictures.see(p)
	if d.Start {
		switch {
		case d.Keyframe, k.goal.Temporal < k.now.Temporal:
			k.now.Temporal = k.goal.Temporal
		case d.LayerSync && d.Temporal == k.now.Temporal+1 && d.Temporal <= k.goal.Temporal:
			k.now.Temporal = d.Temporal
		}
	}
	return d.Temporal <= k.now.Temporal
}
