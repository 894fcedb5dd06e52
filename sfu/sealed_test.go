package sfu

import (
	"bytes"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/dtls/v3/pkg/protocol/extension"
	"github.com/pion/dtls/v3/pkg/protocol/handshake"
	"github.com/pion/rtcp"

	"preau/sfu/internal/batch"
	"preau/sfu/internal/history"
	"preau/sfu/packet"
)

// sealedSubscription is benchSubscription's behind a handshake, on its way to a socket.
func sealedSubscription(tb testing.TB, n *Node) (*outlet, *subscription, *net.UDPConn) {
	tb.Helper()
	out, s, _ := benchSubscription(n)
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			tb.Fatal(err)
		}
		_ = c.SetReadBuffer(socketBuffer)
		tb.Cleanup(func() { _ = c.Close() })
		return c
	}
	from, to := open(), open()
	out.transport = &transport{peer: out.peer}
	suite := uint16(dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)
	out.transport.handshake.Hello(handshake.MessageServerHello{CipherSuiteID: &suite, Extensions: []extension.Extension{
		&extension.UseSRTP{ProtectionProfiles: []extension.SRTPProtectionProfile{extension.SRTP_AEAD_AES_128_GCM}},
	}})
	if _, err := fmt.Fprintf(&out.transport.handshake, "CLIENT_RANDOM %x %x\n", make([]byte, 32), make([]byte, 48)); err != nil {
		tb.Fatal(err)
	}
	out.settleSeal()
	if out.sealer == nil {
		tb.Fatal("no sealer")
	}
	out.transport.way.Store(&way{udp: &burstConn{socket: batch.NewSocket(from, true), writer: out.writer}, to: localAddr(to)})
	return out, s, to
}

func TestSealingAllocatesNothing(t *testing.T) {
	n := testNode(t, Options{})
	out, s, _ := sealedSubscription(t, n)
	packets := benchPackets(t, n, 1100)
	i := 0
	one := func() {
		s.forward(out.writer, packets[i])
		i++
		if i%50 == 0 {
			out.writer.unsent(out.writer.batch.Flush())
		}
	}
	for range 100 { // what is kept for the next packets
		one()
	}
	if allocs := testing.AllocsPerRun(900, one); allocs > 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
	if s.packets < 1000 {
		t.Errorf("only %d packets went out", s.packets)
	}
}

// pictureOf is packets of payloads so long, of one picture.
func pictureOf(tb testing.TB, n *Node, sizes ...int) (list []*packet.Packet) {
	tb.Helper()
	for i, size := range sizes {
		payload := bytes.Repeat([]byte{byte(i + 1)}, size)
		copy(payload, []byte{0x80, 0x80, 0x80, 1})
		if i == 0 {
			payload[0], payload[4] = 0x90, 0 // a keyframe begins
		}
		list = append(list, vp8Packet(tb, n, i, packet.Header{Timestamp: 3000, Marker: i == len(sizes)-1}, payload))
	}
	return list
}

// The packets of a picture leave together, as long as the first; padding fills what little there is between. A link
// that is thin gets no byte more.
func TestAPictureLeavesInOnePiece(t *testing.T) {
	for _, thin := range []bool{false, true} {
		n := testNode(t, Options{})
		out, s, to := sealedSubscription(t, n)
		out.thin = thin
		w := out.writer
		w.now = time.Now() // and time stands still
		sizes := []int{1100, 1088, 1100, 1087, 400}
		for i, p := range pictureOf(t, n, sizes...) {
			last := i == len(sizes)-1
			w.torn = !last
			s.forward(w, p)
			w.sendBurst()
			if w.batch.Empty() != last {
				t.Errorf("after packet %d: nothing waits: %v", i+1, w.batch.Empty())
			}
		}
		buf := make([]byte, 2000)
		_ = to.SetReadDeadline(time.Now().Add(5 * time.Second))
		var came []int
		for range sizes {
			size, err := to.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			came = append(came, size-(s.header.MarshalSize()+16))
		}
		want := []int{1100, 1100, 1100, 1100, 400}
		if thin {
			want = sizes
		}
		if fmt.Sprint(came) != fmt.Sprint(want) {
			t.Errorf("thin %v: packets of %v, not %v", thin, came, want)
		}
	}
}

// Where the end of a picture does not come, its beginning leaves soon.
func TestATornPictureDoesNotWaitForLong(t *testing.T) {
	n := testNode(t, Options{})
	out, s, _ := sealedSubscription(t, n)
	w := out.writer
	w.now = time.Now()
	w.torn = true
	s.forward(w, pictureOf(t, n, 1000, 1000)[0])
	if w.sendBurst(); w.batch.Empty() {
		t.Fatal("it has left at once")
	}
	select {
	case w.now = <-w.linger.C:
	case <-time.After(10 * time.Second):
		t.Fatal("nobody looks at it any more")
	}
	if w.sendBurst(); !w.batch.Empty() {
		t.Error("it still waits")
	}
}

// What is asked for again under its own number leaves as it was; what was never sent may be sealed, once.
func TestAVoiceAgainIsTheSame(t *testing.T) {
	n := testNode(t, Options{})
	out, s, to := sealedSubscription(t, n)
	s.rtxSSRC, s.kept = 0, new(kept)
	l := &layer{history: history.New(history.Options{Packets: videoPackets, Bytes: videoBytes})}
	s.pub.layers[0].Store(l)
	for _, p := range benchPackets(t, n, keptPackets+10) {
		l.history.Add(p)
		s.forward(out.writer, p)
	}
	newest, _, _ := s.munger.Last()
	read := func(count int) (all [][]byte) {
		out.writer.unsent(out.writer.batch.Flush())
		_ = to.SetReadDeadline(time.Now().Add(5 * time.Second))
		for range count {
			buf := make([]byte, 2000)
			size, err := to.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, buf[:size])
		}
		return all
	}
	sent := read(keptPackets + 10)
	ask := func(seq uint16) {
		s.resend(out.writer, []rtcp.NackPair{{PacketID: seq}}, time.Now().Add(time.Hour))
	}
	ask(newest)
	ask(newest - keptPackets + 1)
	again := read(2)
	if !bytes.Equal(again[0], sent[len(sent)-1]) || !bytes.Equal(again[1], sent[10]) {
		t.Error("other bytes are sent again")
	}
	ask(newest - keptPackets) // no longer kept: it may not be sealed again
	if !out.writer.batch.Empty() {
		t.Error("a packet is sealed a second time")
	}
	s.pub.spec.Kind, s.rtt = KindAudio, latestVoice+1
	if ask(newest); !out.writer.batch.Empty() {
		t.Error("a voice is sent again that comes too late")
	}
	var k kept
	k.put(100, []byte{1})
	for seq, want := range map[uint16]bool{100: false, 101: true, 99: true, 100 - keptPackets: false, 100 + keptPackets: false} {
		if sealed, never := k.get(seq, 102); never != want || (sealed != nil) != (seq == 100) {
			t.Errorf("%d: %v, never sent: %v", seq, sealed, never)
		}
	}
}

// Feedback that is known by its address does not pass through pion, is bounded, and wakes the writer by itself.
func TestFeedbackWaitsForTheWriter(t *testing.T) {
	n := testNode(t, Options{})
	out, _, to := sealedSubscription(t, n)
	from := localAddr(to)
	nack, _ := (&rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 1}).Marshal()
	if n.reporters.take(nack, from) {
		t.Error("a stranger's is taken")
	}
	n.reporters.expect(from, out)
	report, _ := (&rtcp.ReceiverReport{SSRC: 1}).Marshal()
	for what, b := range map[string][]byte{"a report": report, "nothing": nil, "too much": append(nack, make([]byte, feedbackSize)...)} {
		if n.reporters.take(b, from) {
			t.Errorf("%s is taken", what)
		}
	}
	if n.reporters.take(nack, from) {
		t.Error("pion hears nothing of the peer")
	}
	for i := range inboxEach + 10 {
		if !n.reporters.take(nack, from) {
			t.Fatalf("%d: not taken", i)
		}
	}
	<-out.writer.inbox.wake
	if l := out.writer.inbox.take(); len(l.of) != inboxEach || len(l.bytes) != inboxEach*len(nack) {
		t.Errorf("%d letters of %d bytes wait", len(l.of), len(l.bytes))
	}
	if !n.reporters.take(nack, from) || len(out.writer.inbox.take().of) != 1 {
		t.Error("there is no room again")
	}
	if l := out.writer.inbox.take(); len(l.of) != 0 {
		t.Errorf("%d letters are there once more", len(l.of))
	}
	n.reporters.forget(from, out)
	if len(n.reporters.of) != 0 {
		t.Error("an address is remembered")
	}
}

// With real clients: their feedback comes by its address as long as they are there.
func TestFeedbackIsTakenOffThePort(t *testing.T) {
	n := testNode(t, Options{})
	r := n.Router("t/class")
	teacher := join(t, r, "PA_teacher", true)
	pupil := join(t, r, "PA_pupil", true)
	cam := teacher.publish(cameraSpec("TR_cam"), vp8)
	every(t, 33*time.Millisecond, func() { cam.sources[0].picture(cam.mid(), 2, 300) })
	waitFor(teacher, "camera announced", func(e TrackEvent) bool { return e.SID == "TR_cam" })
	if err := pupil.peer.Subscribe("TR_cam", true); err != nil {
		t.Fatal(err)
	}
	pupil.until("some packets", func() bool { return pupil.count("TR_cam") > 20 })
	if pupil.peer.out.sealer == nil || pupil.peer.out.opener.Load() == nil {
		t.Fatal("pion seals")
	}
	opened := make(chan uint64)
	pupil.until("feedback that pion has not seen", func() bool {
		pupil.peer.out.writer.call(func() { opened <- pupil.peer.out.opened })
		return <-opened > 3
	})
	known := func() (count int) {
		n.reporters.mu.RLock()
		defer n.reporters.mu.RUnlock()
		return len(n.reporters.of)
	}
	if got := known(); got != 2 {
		t.Errorf("%d addresses are known, not two", got)
	}
	teacher.peer.Close()
	pupil.peer.Close()
	for until := time.Now().Add(5 * time.Second); known() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("%d addresses are remembered", known())
		}
	}
}
