package sfu

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// checkContinuity holds a received stream to what a decoder needs: no number skipped or doubled,
// time as it was captured, one picture after the other.
func checkContinuity(t *testing.T, r *received) {
	t.Helper()
	checkPaused(t, r, 0)
}

// checkPaused is checkContinuity of a stream that was paused so many times for longer or shorter
// than its source's timestamps tell.
func checkPaused(t *testing.T, r *received, pauses int) {
	t.Helper()
	r.inOrder()
	for i := 1; i < len(r.packets)-10; i++ { // what came late may still be missing at the end
		was, is := r.packets[i-1], r.packets[i]
		if is.SequenceNumber != was.SequenceNumber+1 {
			t.Fatalf("packet %d: sequence number %d after %d", i, is.SequenceNumber, was.SequenceNumber)
		}
		step := int32(is.Timestamp - was.Timestamp)
		again := r.sizes[i] == r.sizes[i-1] && !captured(r, is.Marker, step) // a layer that goes on
		if again {
			pauses--
		}
		if again && pauses < 0 || step < 0 || step > 4*videoClock {
			t.Fatalf("packet %d: timestamp moves by %d", i, step)
		}
		if is.SSRC != was.SSRC || is.PayloadType != was.PayloadType {
			t.Fatalf("packet %d: SSRC or payload type changed", i)
		}
		if len(r.pics) != len(r.packets) {
			continue
		}
		if step := (r.pics[i] - r.pics[i-1]) & 0x7fff; step > 1 {
			t.Fatalf("packet %d: picture id %d after %d", i, r.pics[i], r.pics[i-1])
		} else if same := is.Timestamp == was.Timestamp; same != (step == 0) {
			t.Fatalf("packet %d: picture id moved by %d, timestamp by %d", i, step, is.Timestamp-was.Timestamp)
		}
		if step := r.tl0s[i] - r.tl0s[i-1]; step > 1 {
			t.Fatalf("packet %d: TL0PICIDX %d after %d", i, r.tl0s[i], r.tl0s[i-1])
		}
	}
}

// captured says whether a step of timestamps is one that the sources make: each layer has its own
// size of packet, and goes on from picture to picture, or from one 20 ms of sound to the next; where
// sound was paused, its marker tells it.
func captured(r *received, marker bool, step int32) bool {
	if strings.HasPrefix(r.mime, "audio/") {
		return step == 960 || marker && step > 0
	}
	return step%3000 == 0
}

// A subscriber who asks for other sizes gets other layers as one continuous stream.
func TestLayerSwitch(t *testing.T) {
	for name, o := range map[string]Options{
		"the short way": {}, "no segmentation": {NoSegmentation: true}, "pion's way": {NoSeal: true},
	} {
		t.Run(name, func(t *testing.T) { switchesLayers(t, o) })
	}
}

func switchesLayers(t *testing.T, o Options) {
	n := testNode(t, o)
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	pupil := join(t, r, "PA_pupil", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8, "q", "h", "f")
	every(t, 33*time.Millisecond, func() {
		for i, s := range cam.sources {
			s.picture(cam.mid(), i+1, 200*(i+1)) // each layer has its own size of packet
		}
	})
	waitFor(teacher, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
	if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	for i, width := range []uint32{1280, 320, 640, 1280, 320} {
		pupil.peer.Configure("TR_cam", TrackSetting{Width: width, Height: width * 9 / 16})
		want := map[uint32]int{320: 200, 640: 400, 1280: 600}[width]
		from := 0
		pupil.until("the layer asked for", func() bool {
			tr := pupil.tracks["TR_cam"]
			if tr == nil {
				return false
			}
			if from == 0 {
				from = len(tr.sizes)
			}
			last := len(tr.sizes) - 1
			return last > from+10 && tr.sizes[last] == want && tr.sizes[last-5] == want
		})
		_ = i
	}
	pupil.mu.Lock()
	defer pupil.mu.Unlock()
	checkContinuity(t, pupil.tracks["TR_cam"])
}

// What a subscriber asks for again it gets again, over RTX for video, under its own SSRC for voice.
func TestNackIsAnswered(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	pupil := join(t, r, "PA_pupil", false)
	mic := teacher.publish(micSpec("TR_mic"), opus)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8)
	every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
	every(t, 33*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 2, 300) })
	for _, sid := range []string{"TR_mic", "TR_cam"} {
		waitFor(teacher, sid, func(e TrackEvent) bool { return e.SID == sid })
		if err := pupil.peer.Subscribe(sid, true); err != nil {
			t.Fatal(err)
		}
	}
	pupil.until("some packets", func() bool { return pupil.count("TR_cam") > 20 && pupil.count("TR_mic") > 20 })
	for _, sid := range []string{"TR_cam", "TR_mic"} {
		pupil.mu.Lock()
		lost := pupil.tracks[sid].packets[pupil.count(sid)-5]
		pupil.mu.Unlock()
		err := pupil.sub.WriteRTCP([]rtcp.Packet{&rtcp.TransportLayerNack{
			MediaSSRC: lost.SSRC, Nacks: []rtcp.NackPair{{PacketID: lost.SequenceNumber}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if sid == "TR_mic" {
			continue // the client's SRTP refuses a repeated number: seen by the counter below
		}
		pupil.until("the packet again", func() bool {
			found := 0
			for _, p := range pupil.tracks[sid].packets {
				if p.SequenceNumber == lost.SequenceNumber && p.Timestamp == lost.Timestamp {
					found++
				}
			}
			return found == 2
		})
	}
	pupil.until("both retransmitted", func() bool { return counted(t, n.m.retransmitted) >= 2 })
}

// Muted or blocked, nothing is forwarded, whatever the client sends; afterwards the stream goes on
// without a gap.
func TestMuteAndBlock(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	pupil := join(t, r, "PA_pupil", true)
	cam := pupil.publish(cameraSpec("TR_cam"), vp8)
	every(t, 33*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 1, 300) })
	waitFor(pupil, "camera announced", func(e TrackEvent) bool { return true })
	if err := teacher.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	teacher.until("pictures", func() bool { return teacher.count("TR_cam") > 20 })
	for _, gate := range []func(bool){
		func(on bool) { pupil.peer.SetMuted("TR_cam", on) },
		func(on bool) { pupil.peer.SetBlocked("TR_cam", on) },
	} {
		gate(true)
		dropped := counted(t, n.m.dropped[dropMuted])
		pupil.until("the gate to drop", func() bool { return counted(t, n.m.dropped[dropMuted]) > dropped+20 })
		teacher.mu.Lock()
		at := teacher.count("TR_cam")
		teacher.mu.Unlock()
		pupil.until("the gate to drop more", func() bool { return counted(t, n.m.dropped[dropMuted]) > dropped+50 })
		teacher.mu.Lock()
		if now := teacher.count("TR_cam"); now > at {
			t.Errorf("%d packets came through the closed gate", now-at)
		}
		teacher.mu.Unlock()
		gate(false)
		teacher.until("pictures again", func() bool { return teacher.count("TR_cam") > at+10 })
	}
	teacher.mu.Lock()
	defer teacher.mu.Unlock()
	checkPaused(t, teacher.tracks["TR_cam"], 2)
}
