package packet

// Inspect looks into the payload and fills Keyframe, Start, End, Temporal,
// Spatial, VP8 and VP9. The reader calls it once, before it hands the
// packet on. It reads no further than the codec's own headers, which stay
// legible when the media itself is sealed end to end.
func (p *Packet) Inspect(c Codec) {
	payload := p.Payload()
	p.End = p.Marker
	switch c {
	case Opus, RED:
		p.Start, p.End, p.Keyframe = true, true, true
		p.RED = c == RED
	case VP8:
		p.inspectVP8(payload)
	case H264:
		p.Keyframe = KeyframeH264(payload)
		p.Start = StartH264(payload)
	case VP9:
		p.inspectVP9(payload)
	case AV1:
		p.Keyframe = KeyframeAV1(payload)
		p.Start = len(payload) > 0 && payload[0]&0x80 == 0
	case H265:
		p.Keyframe = KeyframeH265(payload)
		p.Start = StartH265(payload)
	}
}

func (p *Packet) inspectVP8(payload []byte) {
	d, ok := ParseVP8(payload)
	if !ok {
		return
	}
	p.VP8 = d
	p.Start = d.Start
	p.Keyframe = d.Keyframe
	p.Temporal = d.Temporal
}

func (p *Packet) inspectVP9(payload []byte) {
	d, ok := ParseVP9(payload)
	if !ok {
		return
	}
	p.VP9 = d
	p.Start, p.End = d.Start, d.End
	p.Keyframe = d.Keyframe
	p.Spatial, p.Temporal = d.Spatial, d.Temporal
}

// Describe takes in what the packet's dependency descriptor tells: it goes
// before the payload, which may be sealed or unknown.
func (p *Packet) Describe(d Dependency) {
	p.Dependency = d
	p.Start, p.End = d.Start, d.End
	p.Keyframe = d.Attached && d.Start
	p.Spatial, p.Temporal = d.Layer.Spatial, d.Layer.Temporal
}
