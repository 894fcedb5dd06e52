package client

import "time"

// Stats is what a receiver saw of one stream. In a stream without fault Missing,
// Repeated, BadTimestamps, BadPictures, BadBytes and Torn are 0 however often the
// layer changed.
type Stats struct {
	Packets       uint64
	Bytes         uint64 // of payload
	Missing       uint64 // sequence numbers passed over and never seen
	Repeated      uint64 // came again though it was never missing
	Copies        uint64 // of packets that were missing, beyond the first
	Reordered     uint64 // came after a later one
	BadTimestamps uint64 // not as much later as what they are of was captured (see captures)
	BadPictures   uint64 // picture id, or without one the frame, not the same or the next
	BadBytes      uint64 // payload not what was published
	Torn          uint64 // packets of a frame not in a row, or not from its first
	Frames        uint64
	Keyframes     uint64
	Jitter        time.Duration // between arrivals (RFC 3550, A.8)
	Freezes       uint64        // a picture far later than the ones before it
	Frozen        time.Duration // how long they were, together
	Redundant     uint64        // packets that brought older sound along
	ColdStart     bool          // the stream began elsewhere than at a keyframe's first packet
	Switches      uint64        // of the layer; with SVC, of the highest in a picture
	Layer         int           // of the last packet; with SVC, the highest in the last whole picture
	MaxLayer      int
	First, Last   time.Time // packet
	Delays        Delays    // of synthetic packets
}

// Faults is all that a stream without a seam has none of.
func (s Stats) Faults() uint64 {
	return s.Missing + s.Repeated + s.BadTimestamps + s.BadPictures + s.BadBytes + s.Torn
}

// jitter is the running estimate of RFC 3550, 6.4.1, in timestamp units.
type jitter struct {
	clock   float64
	base    time.Time
	started bool
	transit float64
	value   float64
}

func (j *jitter) packet(timestamp uint32, now time.Time) {
	if !j.started {
		j.base = now
	}
	transit := now.Sub(j.base).Seconds()*j.clock - float64(int32(timestamp))
	d := transit - j.transit
	j.transit = transit
	if !j.started || d > j.clock || d < -j.clock { // the timestamp wrapped, or a pause
		j.started = true
		return
	}
	j.value += (max(d, -d) - j.value) / 16
}

func (j *jitter) duration() time.Duration {
	return time.Duration(j.value / j.clock * float64(time.Second))
}

// freezes counts pictures that are late by WebRTC's measure: more than three
// times the mean interval, or than 150 ms beyond it.
type freezes struct {
	last time.Time
	mean time.Duration // running, over some 30 frames
}

// frame takes a picture's arrival and says how long it was frozen, 0: not at all.
func (f *freezes) frame(now time.Time) time.Duration {
	interval := now.Sub(f.last)
	first := f.last.IsZero()
	f.last = now
	switch {
	case first:
		return 0
	case f.mean == 0:
		f.mean = interval
		return 0
	case interval > max(3*f.mean, f.mean+150*time.Millisecond):
		return interval
	}
	f.mean += (interval - f.mean) / 30
	return 0
}
