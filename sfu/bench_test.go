package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"preau/sfu/internal/allocate"
	"preau/sfu/internal/munge"
	"preau/sfu/packet"
)

// sink counts what would be encrypted and sent.
type sink struct{ packets, bytes int }

func (s *sink) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	s.packets++
	s.bytes += h.MarshalSize() + len(payload)
	return len(payload), nil
}

// ownerIn is a peer in a class, without connections, to own publications.
func ownerIn(n *Node, participant string) *Peer {
	p := &Peer{node: n, o: PeerOptions{Participant: participant}, mail: newMailbox()}
	p.at.Store(&whereabouts{newRouter(n, "t/class"), participant})
	return p
}

// benchSubscription is a bound subscription of a VP8 camera, as a writer sees it.
func benchSubscription(n *Node) (*outlet, *subscription, *sink) {
	owner := ownerIn(n, "PA_a")
	pub := newPublication(owner, cameraSpec("TR_a"))
	p := &Peer{node: n, o: PeerOptions{Participant: "PA_b"}, mail: newMailbox()}
	out := newOutlet(p, newWriter(n, 0), nil)
	out.ready.Store(true)
	s := newSubscription(pub, out, TrackSetting{Quality: QualityHigh})
	w := &sink{}
	s.wire, s.ssrc, s.rtxSSRC, s.pt, s.rtxPT = w, 1, 2, 96, 97
	s.munger = munge.New(munge.Options{})
	s.header = rtp.Header{Version: 2, PayloadType: 96, SSRC: 1}
	s.rtx = rtp.Header{Version: 2, PayloadType: 97, SSRC: 2}
	s.bindExtensions([]webrtc.RTPHeaderExtensionParameter{{URI: extTransportWide, ID: 3}})
	s.choice = allocate.Choice{Sending: true, Layer: allocate.Layer{Temporal: 3}}
	out.subs = []*subscription{s}
	out.bySSRC[1], out.bySSRC[2] = s, s
	return out, s, w
}

func benchPackets(tb testing.TB, n *Node, count int) []*packet.Packet {
	tb.Helper()
	var list []*packet.Packet
	for i := range count {
		payload := make([]byte, 1100)
		payload[0], payload[1], payload[2], payload[3] = 0x90, 0x80, 0x80|byte(i>>8)&0x7f, byte(i)
		if i > 0 {
			payload[4] = 1
		}
		list = append(list, vp8Packet(tb, n, i, packet.Header{Timestamp: uint32(i) * 3000, Marker: true}, payload))
	}
	return list
}

// vp8Packet is the i-th packet of a camera, as its layer's reader makes it.
func vp8Packet(tb testing.TB, n *Node, i int, h packet.Header, payload []byte) *packet.Packet {
	tb.Helper()
	h.PayloadType, h.Sequence = 96, uint16(i)
	p, err := n.pool.New(append(packet.AppendHeader(nil, h, nil), payload...), time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	p.Seq = 1<<16 + uint64(i)
	p.Inspect(packet.VP8)
	return p
}

// BenchmarkForward is one packet through one subscription, up to pion's door: choose, munge,
// rewrite, header, transport-wide number.
func BenchmarkForward(b *testing.B) {
	n := testNode(b, Options{})
	out, s, w := benchSubscription(n)
	packets := benchPackets(b, n, 1<<14)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		p := packets[i&(1<<14-1)]
		p.Seq = 1<<16 + uint64(i)
		s.forward(out.writer, p)
	}
	if w.packets < b.N {
		b.Fatalf("%d of %d packets went out", w.packets, b.N)
	}
}

// Nothing is allocated for a packet on its way out.
func TestForwardAllocatesNothing(t *testing.T) {
	n := testNode(t, Options{})
	out, s, w := benchSubscription(n)
	packets := benchPackets(t, n, 1000)
	i := 0
	allocs := testing.AllocsPerRun(900, func() {
		s.forward(out.writer, packets[i])
		i++
	})
	if allocs > 0 {
		t.Errorf("%v allocations a packet", allocs)
	}
	if w.packets < 900 {
		t.Errorf("only %d packets went out", w.packets)
	}
}
