package client

import (
	"time"

	"github.com/pion/rtp"

	"preau/loadtest/media"
)

// jolt is how far apart the time between two arrivals and the one between their captures may be
// where a stream goes on after a pause or on another layer: a server measures it by arrivals, or
// believes a clock that is within a second of them; the rest is for busy machines.
const jolt = 2 * time.Second

// oneGo is how close together packets are read that had waited for their reader, as all do that come
// before the answer which tells whose they are: when they arrived, nothing says.
const oneGo = time.Millisecond

// captures holds timestamps to when the contents were captured: within one stretch of a stream to
// the tick, from one to the next by the clock on the wall.
type captures struct {
	frames  map[int]captured // of video, by layer: the newest of this stretch
	entry   uint32           // timestamp of the keyframe that it began with
	entered bool             // it did
	ticks   uint32           // sound: of the last packet; 0: cannot be told
	quiet   bool             // and it held no sound (DTX), so that anything may follow
}

type captured struct{ frame, timestamp uint32 }

// picture says whether a frame's timestamp is as far from the last one's of its layer as the frame
// is. A new stretch begins at a keyframe, with the first of its packets that tells its place (in H.264
// the second), where layers may have been changed or the stream paused; and where packets are
// missing, which may have been the keyframe's.
func (c *captures) picture(at place, timestamp uint32, keyframe, lost bool) bool {
	begins := keyframe && !(c.entered && c.entry == timestamp)
	if begins {
		c.entered, c.entry = true, timestamp
	}
	if begins || lost || c.frames == nil {
		c.frames = map[int]captured{}
	}
	before, known := c.frames[at.layer]
	c.frames[at.layer] = captured{at.frame, timestamp}
	return !known || timestamp-before.timestamp == (at.frame-before.frame)*(videoClock/media.FrameRate)
}

// sound says whether a packet comes when the one before is over. After one that held nothing, one
// that was lost, or where the marker tells that a spurt of talk begins (RFC 3551, 4.1), it may have
// been silent for some packets' time.
func (c *captures) sound(p *rtp.Packet, block []byte, last rtp.Header, silence time.Duration) bool {
	before, quiet := c.ticks, c.quiet
	c.ticks, c.quiet = opusTicks(block), len(block) <= 2
	step := p.Timestamp - last.Timestamp
	switch {
	case before == 0 || step == before && p.SequenceNumber == last.SequenceNumber+1:
		return true
	case p.SequenceNumber == last.SequenceNumber+1 && !p.Marker && !quiet:
		return false
	}
	return step != 0 && step%before == 0 && passes(step, audioClock, silence)
}

// passes says whether a step of timestamps is about the time between two arrivals.
func passes(step uint32, clock int64, silence time.Duration) bool {
	off := time.Duration(int64(int32(step))*int64(time.Second)/clock) - silence
	return int32(step) > 0 && (silence < oneGo || -jolt <= off && off <= jolt)
}

// opusTicks is how long a packet of one or two frames lasts (RFC 6716, 3.1 and 3.2); 0: of another
// number of frames.
func opusTicks(b []byte) uint32 {
	if len(b) == 0 || b[0]&3 == 3 {
		return 0
	}
	frame := uint32(120) << (b[0] >> 3 & 3) // CELT: 2.5 to 20 ms
	switch mode := b[0] >> 3; {
	case mode < 12: // SILK: 10 to 60 ms
		frame = [4]uint32{480, 960, 1920, 2880}[mode&3]
	case mode < 16: // hybrid: 10 or 20 ms
		frame = 480 << (mode & 1)
	}
	if b[0]&3 != 0 {
		frame *= 2
	}
	return frame
}
