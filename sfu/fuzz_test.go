package sfu

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/history"
	"preau/sfu/packet"
)

// fuzzed is a subscription of a camera that has sent, as its connection and its writer see it.
func fuzzed(tb testing.TB, n *Node, pc *webrtc.PeerConnection) (*transport, *layer, *subscription, *sink) {
	tb.Helper()
	out, s, w := benchSubscription(n)
	t := &transport{peer: out.peer, pc: pc, layers: map[uint32]*layer{}}
	out.transport, out.peer.out = t, out
	l := &layer{
		transport: t, ssrc: 9, pt: 96, codec: packet.VP8,
		history: history.New(history.Options{Packets: videoPackets, Bytes: videoBytes}),
	}
	l.pub.Store(s.pub)
	s.pub.layers[0].Store(l)
	t.addLayer(l)
	return t, l, s, w
}

// idle is a connection that goes nowhere: what is written to it is refused.
func idle(t testing.TB) *webrtc.PeerConnection {
	t.Helper()
	pc, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pc.Close() })
	return pc
}

// FuzzFeedback takes any bytes the way of RTCP: from the connection, over the writer's queue, to a
// subscription that has sent. What they can cause is bounded.
func FuzzFeedback(f *testing.F) {
	for _, p := range []rtcp.Packet{
		&rtcp.PictureLossIndication{MediaSSRC: 1},
		&rtcp.FullIntraRequest{MediaSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: 1}}},
		&rtcp.TransportLayerNack{MediaSSRC: 1, Nacks: []rtcp.NackPair{{PacketID: 0, LostPackets: 0xffff}, {PacketID: 17, LostPackets: 0xffff}}},
		&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: 1, FractionLost: 3, LastSenderReport: 7, Delay: 9}}},
		&rtcp.SenderReport{SSRC: 9, NTPTime: 1 << 40, RTPTime: 5, Reports: []rtcp.ReceptionReport{{SSRC: 1}}},
		&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e9, SSRCs: []uint32{1}},
		&rtcp.SourceDescription{}, &rtcp.Goodbye{Sources: []uint32{1}},
	} {
		raw, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte{0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 0})
	f.Add([]byte{0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 1, 0, 0, 1, 0, 0x20, 1, 0, 0})
	n := testNode(f, Options{})
	pc, packets := idle(f), benchPackets(f, n, 300)
	f.Fuzz(func(t *testing.T, raw []byte) {
		tr, l, s, w := fuzzed(t, n, pc)
		for _, p := range packets {
			l.history.Add(p)
			s.forward(s.out.writer, p)
		}
		sent, bytes, asked := w.packets, w.bytes, counted(t, n.m.keyframesAsked)
		for _, ssrc := range []uint32{s.ssrc, s.rtxSSRC, l.ssrc} {
			tr.feedback(ssrc, raw)
		}
		for len(s.out.writer.feedback) > 0 {
			fb := <-s.out.writer.feedback
			fb.out.feedback(fb.out.writer, fb.ssrc, fb.raw)
		}
		if w.packets-sent > maxAgain || w.bytes-bytes > maxAgain*packet.MaxSize {
			t.Errorf("%d packets of %d bytes were sent again", w.packets-sent, w.bytes-bytes)
		}
		if got := counted(t, n.m.keyframesAsked) - asked; got > 1 {
			t.Errorf("%d keyframes were asked for", got)
		}
		if counted(t, n.m.panics) > 0 {
			t.Error("a panic was caught")
		}
		l.history.Clear()
	})
}

// FuzzReceived takes any packets of each codec the way of media: from the publisher's connection
// into the history, out to a subscription, and out once more for a NACK.
func FuzzReceived(f *testing.F) {
	for c := packet.Opus; c <= packet.H265; c++ {
		f.Add(uint8(c), []byte{0x90, 0xE0, 0x80, 0x01, 0x02, 0x20, 0x10}, []byte{0x80, 0xE0, 0x80, 0x01, 0x02, 0x20, 0x01}, []byte{0xC0, 0, 1, 0x80})
		f.Add(uint8(c), []byte{0x8C, 0x80, 0x01, 0x20, 0x02, 0x03}, []byte{0xCC, 0x80, 0x02, 0x20, 0x02, 0x03}, []byte{0x80, 0, 2})
		f.Add(uint8(c), []byte{0x78, 0, 2, 0x67, 1, 0, 1, 0x68}, []byte{0x7C, 0x85, 1}, []byte{})
		f.Add(uint8(c), []byte{0x80 | 111, 960 >> 6, 960 & 0x3F << 2, 2, 111, 0xA, 0xB, 0xC}, []byte{111, 0xA}, []byte{})
	}
	n := testNode(f, Options{})
	pc := idle(f)
	f.Fuzz(func(t *testing.T, codec uint8, first, second, depends []byte) {
		_, l, s, w := fuzzed(t, n, pc)
		defer l.history.Clear()
		l.codec, l.levelID, l.dependID = packet.Codec(codec%uint8(packet.H265+1)), 1, 2
		var numbers packet.Unwrapper
		for i, payload := range [][]byte{first, second, first} {
			elements := []packet.Element{{ID: 1, Value: []byte{30}}}
			if len(depends) > 0 && len(depends) < 256 {
				elements = append(elements, packet.Element{ID: 2, Value: depends})
			}
			raw := packet.AppendHeader(nil, packet.Header{PayloadType: 96, Sequence: 65535 + uint16(i), Timestamp: uint32(i) * 3000, Marker: true}, elements)
			seq := numbers.Unwrap(65535 + uint16(i))
			l.take(n, append(raw, payload...), false)
			if p := l.history.Get(seq); p != nil {
				s.forward(s.out.writer, p)
				p.Release()
			}
		}
		out := w.packets // of the three that the NACK names, those left out are answered with empty packets
		if last, _, ok := s.munger.Last(); ok {
			s.resend(s.out.writer, []rtcp.NackPair{{PacketID: last - 2, LostPackets: 3}}, time.Now())
		}
		if w.packets > out+3 || w.bytes > w.packets*(packet.MaxSize+100) {
			t.Errorf("%d packets of %d bytes went out for %d", w.packets, w.bytes, out)
		}
		l.take(n, first, false) // bytes that are not even a packet
		if len(first) > 12 {
			raw := append([]byte(nil), first...)
			raw[0], raw[1] = raw[0]&0x3f|0x80, 96 // and some that begin like one
			binary.BigEndian.PutUint16(raw[2:], 2)
			l.take(n, raw, false)
		}
	})
}

// FuzzCandidate: what a client says of its addresses is counted, as good or as malformed, and does
// no more.
func FuzzCandidate(f *testing.F) {
	for _, init := range []string{
		`{"candidate":"candidate:1 1 udp 2130706431 192.0.2.1 9 typ host","sdpMid":"0","sdpMLineIndex":0}`,
		`{"candidate":"candidate:1 1 tcp 1518214911 2001:db8::1 9 typ host tcptype active generation 0 ufrag abcd network-cost 999"}`,
		`{"candidate":"candidate:842163049 1 udp 1677729535 203.0.113.7 40000 typ srflx raddr 10.0.0.1 rport 40000"}`,
		`{"candidate":"candidate:0 1 UDP 2122252543 3f0c1d2e-0000-4000-8000-000000000000.local 61665 typ host"}`,
		`{"candidate":"candidate:1 1 udp 1 fe80::1%eth0 9 typ relay raddr :: rport 0"}`,
		`{"candidate":""}`, `{"candidate":"candidate:"}`, `null`, `{`, ``,
	} {
		f.Add(init)
	}
	p := &Peer{node: testNode(f, Options{})}
	m := p.node.m
	f.Fuzz(func(t *testing.T, init string) {
		good, bad := counted(t, m.candidates), counted(t, m.dropped[dropCandidate])
		err := p.AddCandidate(TargetPublisher, init)
		good, bad = counted(t, m.candidates)-good, counted(t, m.dropped[dropCandidate])-bad
		switch {
		case err == nil && (good != 1 || bad != 0), err != nil && (good != 0 || bad != 1):
			t.Errorf("%v: counted as %d good and %d malformed", err, good, bad)
		case err != nil && !errors.Is(err, ErrCandidate):
			t.Errorf("refused by %v", err)
		case len(init) > maxCandidate && !errors.Is(err, ErrTooLarge):
			t.Errorf("%d bytes: %v", len(init), err)
		}
	})
}
