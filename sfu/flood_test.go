package sfu

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"preau/sfu/internal/history"
	"preau/sfu/packet"
)

// Ten thousand RTCP packets a second from one subscriber, of each kind: the publisher is asked for
// no more keyframes than the throttle lets through, little is sent again, nothing is kept, and the
// others' voice and picture go on without a gap.
func TestFeedbackFloods(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	rogue, witness := join(t, r, "PA_rogue", true), join(t, r, "PA_witness", true)
	mic, cam := teacher.publish(micSpec("TR_mic"), opus), teacher.publish(cameraSpec("TR_cam"), vp8)
	every(t, 20*time.Millisecond, func() { mic.sources[0].voice(30) })
	every(t, 33*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 2, 300) })
	for _, sid := range []string{"TR_mic", "TR_cam"} {
		waitFor(teacher, sid, func(e TrackEvent) bool { return e.SID == sid })
		for _, c := range []*client{rogue, witness} {
			if err := c.peer.Subscribe(sid, true); err != nil {
				t.Fatal(err)
			}
			c.until(sid, func() bool { return c.count(sid) > 20 })
		}
	}
	for _, f := range floods(rogue.newest("TR_cam")) {
		t.Run(f.name, func(t *testing.T) {
			asked, again, heap, began := counted(t, n.m.keyframesAsked), counted(t, n.m.retransmitted), inUse(), time.Now()
			flood(t, rogue, f.next)
			voice, picture := witness.newest("TR_mic").SequenceNumber, witness.newest("TR_cam").SequenceNumber
			witness.until("voice and picture after it", func() bool {
				return witness.newestLocked("TR_mic").SequenceNumber-voice > 20 && witness.newestLocked("TR_cam").SequenceNumber-picture > 20
			})
			took := time.Since(began)
			if got, most := counted(t, n.m.keyframesAsked)-asked, int(took/keyframeGap)+1; got > most || got == 0 && f.keyframes {
				t.Errorf("%d keyframes were asked for in %v", got, took)
			}
			if got, most := counted(t, n.m.retransmitted)-again, (int(took/writerTick)+1)*maxAgain; got > most {
				t.Errorf("%d packets were sent again in %v", got, took)
			}
			if f.drops && counted(t, n.m.dropped[dropNack]) == 0 {
				t.Error("what was left unanswered is not counted")
			}
			if grown := inUse() - heap; grown > 8<<20 {
				t.Errorf("%d bytes are kept", grown)
			}
		})
	}
	told := counted(t, n.m.keyframesAsked)
	cam.sources[0].mu.Lock()
	if got := cam.sources[0].asked; got > told {
		t.Errorf("%d keyframe requests came, %d were sent", got, told)
	}
	cam.sources[0].mu.Unlock()
	witness.mu.Lock()
	defer witness.mu.Unlock()
	checkContinuity(t, witness.tracks["TR_mic"])
	checkPaused(t, witness.tracks["TR_cam"], 3) // for want of bandwidth, on a machine this busy
	if got := counted(t, n.m.panics); got > 0 {
		t.Errorf("%d panics were caught", got)
	}
}

// floodKind is packets made one after the other.
type floodKind struct {
	name             string
	keyframes, drops bool // asks for keyframes; for what is not answered
	next             func(i int) rtcp.Packet
}

func floods(last rtp.Header) []floodKind {
	ssrc, newest := last.SSRC, last.SequenceNumber
	random := rand.New(rand.NewPCG(1, 2))
	many := func(from uint16, pairs int) rtcp.Packet {
		nack := &rtcp.TransportLayerNack{MediaSSRC: ssrc}
		for i := range pairs {
			nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: from + uint16(17*i), LostPackets: 0xffff})
		}
		return nack
	}
	return []floodKind{
		{"PLI", true, false, func(int) rtcp.Packet { return &rtcp.PictureLossIndication{MediaSSRC: ssrc} }},
		{"FIR", true, false, func(i int) rtcp.Packet {
			return &rtcp.FullIntraRequest{MediaSSRC: ssrc, FIR: []rtcp.FIREntry{{SSRC: ssrc, SequenceNumber: uint8(i)}}}
		}},
		{"NACK of what was never sent", false, true, func(int) rtcp.Packet { return many(newest+1<<14, 1) }},
		{"NACK of 510 at once", false, true, func(int) rtcp.Packet { return many(newest-500, 30) }},
		{"TWCC of nonsense", false, false, func(i int) rtcp.Packet { return nonsense(random, ssrc, uint8(i)) }},
	}
}

// nonsense is a transport-wide feedback of full size about packets that were never sent, at times
// that run back and forth.
func nonsense(random *rand.Rand, ssrc uint32, count uint8) rtcp.Packet {
	fb := &rtcp.TransportLayerCC{
		MediaSSRC: ssrc, BaseSequenceNumber: uint16(random.Uint32()), ReferenceTime: random.Uint32() & 0xffffff, FbPktCount: count,
	}
	for range 20 {
		fb.PacketChunks = append(fb.PacketChunks, &rtcp.RunLengthChunk{
			PacketStatusSymbol: rtcp.TypeTCCPacketReceivedLargeDelta, RunLength: 20,
		})
		fb.PacketStatusCount += 20
	}
	for range fb.PacketStatusCount {
		delta := int64(int16(random.Uint32())) * rtcp.TypeTCCDeltaScaleFactor
		fb.RecvDeltas = append(fb.RecvDeltas, &rtcp.RecvDelta{Type: rtcp.TypeTCCPacketReceivedLargeDelta, Delta: delta})
	}
	size := fb.MarshalSize()
	fb.Header = rtcp.Header{
		Padding: size%4 != 0, Count: rtcp.FormatTCC, Type: rtcp.TypeTransportSpecificFeedback, Length: uint16((size+3)/4 - 1),
	}
	return fb
}

// flood sends 20,000 packets, a hundred every 10 ms.
func flood(t *testing.T, c *client, next func(i int) rtcp.Packet) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := range 20_000 {
		if i%100 == 0 {
			<-tick.C
		}
		if err := c.sub.WriteRTCP([]rtcp.Packet{next(i)}); err != nil {
			t.Fatal(err)
		}
	}
}

// A NACK is answered within bounds whatever it names, and what is not answered is counted.
func TestNacksAreBounded(t *testing.T) {
	n := testNode(t, Options{})
	out, s, w := benchSubscription(n)
	l := &layer{ssrc: 9, history: history.New(history.Options{Packets: videoPackets, Bytes: videoBytes})}
	l.pub.Store(s.pub)
	s.pub.layers[0].Store(l)
	packets := benchPackets(t, n, 400)
	for _, p := range packets {
		l.history.Add(p)
		s.forward(out.writer, p)
	}
	out.count()
	newest, _, _ := s.munger.Last()
	ask := func(from uint16, pairs int) (sent, unanswered int) {
		nacks := make([]rtcp.NackPair, pairs)
		for i := range nacks {
			nacks[i] = rtcp.NackPair{PacketID: from + uint16(17*i), LostPackets: 0xffff}
		}
		before, dropped := w.packets, counted(t, n.m.dropped[dropNack])
		s.resend(out.writer, nacks, time.Now())
		return w.packets - before, counted(t, n.m.dropped[dropNack]) - dropped
	}
	for name, from := range map[string]uint16{"to come": newest + 1, "forgotten": newest - 20_000} {
		if sent, unanswered := ask(from, 20); sent != 0 || unanswered != 340 {
			t.Errorf("%s: %d were sent, %d counted", name, sent, unanswered)
		}
	}
	before := w.bytes
	if sent, unanswered := ask(newest-399, 23); sent != maxNacks || unanswered != 391-maxNacks {
		t.Errorf("of 391, %d were sent, %d counted", sent, unanswered)
	}
	if got := w.bytes - before; got > maxNacks*packet.MaxSize {
		t.Errorf("%d bytes were sent", got)
	}
	if sent, unanswered := ask(newest-100, 5); sent != 0 || unanswered != 85 {
		t.Errorf("within the tick, %d more were sent, %d counted", sent, unanswered)
	}
	out.count()
	if sent, _ := ask(newest-100, 5); sent != 85 {
		t.Errorf("in the next tick, %d were sent", sent)
	}
}

// Who has feedback of ever new streams kept is let go.
func TestInventedSSRCsAreBounded(t *testing.T) {
	n := testNode(t, Options{})
	rogue := join(t, n.Router("t/class"), "PA_rogue", true)
	rogue.until("connected", func() bool { return len(rogue.channels) >= 3 })
	left := every(t, 10*time.Millisecond, func() {
		for range 100 {
			_ = rogue.sub.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: rand.Uint32()}})
		}
	})
	waitGauge(t, n, 0)
	left()
	rogue.peer.pub.mu.Lock()
	defer rogue.peer.pub.mu.Unlock()
	if got := len(rogue.peer.pub.sinks); got > maxFeedback+writerQueue {
		t.Errorf("%d streams of feedback were kept", got)
	}
}

// newest is the newest packet of a track that came.
func (c *client) newest(sid string) rtp.Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newestLocked(sid)
}

func (c *client) newestLocked(sid string) rtp.Header {
	list := c.tracks[sid].packets
	newest := list[0]
	for _, h := range list {
		if packet.Newer(h.SequenceNumber, newest.SequenceNumber) {
			newest = h
		}
	}
	return newest
}

// A message that is too large costs itself alone: the client may refuse to send it, as browsers do who are told how
// large one may be, and what comes all the same is dropped.
func TestTooLargeAMessageIsItsOwnLoss(t *testing.T) {
	n := testNode(t, Options{})
	c := join(t, n.Router("t/class"), "PA_a", true)
	c.until("channels", func() bool { return len(c.channels) >= 3 })
	for kind, label := range map[DataKind]string{DataReliable: "_reliable", DataLossy: "_lossy"} {
		up := c.channels[label]
		for _, size := range []int{70 << 10, 300 << 10} {
			if err := up.Send(make([]byte, size)); err != nil {
				t.Logf("%d bytes are not sent: %v", size, err)
			}
		}
		for _, size := range []int{maxData, 100, smallMessage, smallMessage + 1} {
			if err := up.Send(make([]byte, size)); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			c.until(fmt.Sprintf("%d bytes on %s", size, label), func() bool {
				for _, e := range c.seen {
					if d, ok := e.(DataEvent); ok && d.Kind == kind && len(d.Payload) == size {
						return true
					}
				}
				return false
			})
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.seen {
		if d, ok := e.(DataEvent); ok && len(d.Payload) > maxData {
			t.Errorf("%d bytes were taken", len(d.Payload))
		}
	}
}
