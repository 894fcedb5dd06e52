package sfu

import (
	"testing"
	"time"

	"github.com/pion/rtp"

	"preau/sfu/internal/pacer"
	"preau/sfu/packet"
)

// recorder notes what would be sent.
type recorder struct {
	sequences []uint16
	padding   []int
}

func (r *recorder) WriteRTP(h *rtp.Header, payload []byte) (int, error) {
	if h.Padding {
		r.padding = append(r.padding, h.MarshalSize()+int(h.PaddingSize)+len(payload))
		return 0, nil
	}
	r.sequences = append(r.sequences, h.SequenceNumber)
	return len(payload), nil
}

// paced is a camera's subscription behind a pace, and virtual time.
type paced struct {
	t    *testing.T
	node *Node
	out  *outlet
	sub  *subscription
	got  recorder
	now  time.Time
	next uint64 // number received
	ts   uint32
}

func newPaced(t *testing.T, estimate uint64) *paced {
	t.Helper()
	n := testNode(t, Options{})
	p := &paced{t: t, node: n, now: time.Now(), next: 1 << 16}
	p.out, p.sub, _ = benchSubscription(n)
	p.sub.wire = &p.got
	p.sub.current = noLayer
	p.out.pacer.Set(pacer.Link{Estimate: estimate, Tight: true}, p.now)
	p.wait(0)
	return p
}

// picture comes from the camera, of so many packets.
func (p *paced) picture(packets int, key bool) {
	p.ts += 3000
	for i := range packets {
		payload := make([]byte, 1000)
		payload[0], payload[1], payload[2], payload[3] = 0x80, 0x80, 0x80|byte(p.ts/3000>>8)&0x7f, byte(p.ts/3000)
		if i == 0 {
			payload[0] |= 0x10
		}
		if !key {
			payload[4] = 1
		}
		p.next++
		raw := packet.AppendHeader(nil, packet.Header{
			PayloadType: 96, Sequence: uint16(p.next), Timestamp: p.ts, Marker: i == packets-1,
		}, nil)
		in, err := p.node.pool.New(append(raw, payload...), p.now)
		if err != nil {
			p.t.Fatal(err)
		}
		in.Seq = p.next
		in.Inspect(packet.VP8)
		p.sub.forward(p.out.writer, in)
		in.Release()
	}
}

// wait lets time pass as the writer's timer has it.
func (p *paced) wait(d time.Duration) {
	p.out.writer.now = p.now
	for end := p.now.Add(d); p.now.Before(end); {
		p.now = p.now.Add(paceTick)
		p.out.writer.now = p.now
		p.out.drain(p.out.writer, p.now)
	}
}

// inOrder: what was dropped leaves no gap.
func (p *paced) inOrder() {
	p.t.Helper()
	for i := 1; i < len(p.got.sequences); i++ {
		if p.got.sequences[i] != p.got.sequences[i-1]+1 {
			p.t.Fatalf("%d after %d", p.got.sequences[i], p.got.sequences[i-1])
		}
	}
}

// A keyframe leaves no faster than the link takes it, whole, and what follows after it.
func TestPictureWaitsForItsTurn(t *testing.T) {
	p := newPaced(t, 400_000)
	p.picture(20, true) // 21 kB: 0.4 s
	if n := len(p.got.sequences); n > 2 {
		t.Fatalf("%d packets leave at once", n)
	}
	p.picture(1, false)
	p.wait(200 * time.Millisecond)
	if n := len(p.got.sequences); n < 8 || n > 14 {
		t.Errorf("%d packets after 200 ms", n)
	}
	p.wait(400 * time.Millisecond)
	if n := len(p.got.sequences); n != 21 {
		t.Errorf("%d packets after 600 ms", n)
	}
	p.inOrder()
}

// What is more than may wait is dropped but for the picture being sent; the stream goes on without a
// gap, at a keyframe.
func TestTooMuchWaitsForAKeyframe(t *testing.T) {
	p := newPaced(t, 100_000)
	p.picture(3, true)
	for range 30 {
		p.picture(3, false)
	}
	if p.out.queue.Bytes() > p.out.pacer.Bound(time.Second)+5_000 {
		t.Errorf("%d bytes wait", p.out.queue.Bytes())
	}
	if p.sub.current != noLayer {
		t.Fatal("the stream goes on though pictures are missing")
	}
	p.wait(2 * time.Second)
	before := len(p.got.sequences)
	p.picture(3, false)
	p.wait(time.Second)
	if n := len(p.got.sequences); before > 20 || n != before {
		t.Fatalf("%d packets, then %d", before, n)
	}
	p.picture(3, true)
	p.picture(1, false)
	p.wait(time.Second)
	if n := len(p.got.sequences); n != before+4 {
		t.Errorf("%d packets after the keyframe, want %d", n-before, 4)
	}
	p.inOrder()
}

// What waits is let go of when the stream is cut, and none of its numbers is missed.
func TestCutLetsGoOfWhatWaits(t *testing.T) {
	p := newPaced(t, 100_000)
	p.picture(10, true)
	p.sub.cut()
	if !p.out.queue.Empty() {
		t.Error("something still waits")
	}
	sent := len(p.got.sequences)
	p.wait(time.Second)
	if len(p.got.sequences) != sent {
		t.Error("what was let go of was sent")
	}
	p.picture(1, true)
	p.wait(time.Second)
	if len(p.got.sequences) != sent+1 {
		t.Error("the next picture was not")
	}
	p.inOrder()
}

// Repairs wait too, bounded, and are not sent once the stream begins anew.
func TestRepairsWait(t *testing.T) {
	p := newPaced(t, 100_000)
	p.picture(10, true)
	p.wait(2 * time.Second)
	asked := p.got.sequences[0]
	p.picture(3, false)
	for i := range uint16(100) {
		p.out.holdAgain(p.sub, asked+i%10, p.now)
	}
	if p.out.repairs.Empty() || p.out.repairs.Bytes() > p.out.pacer.Room() {
		t.Fatalf("%d bytes of repairs wait", p.out.repairs.Bytes())
	}
	p.sub.cut()
	p.picture(3, true)
	if !p.out.repairs.Empty() || !p.out.holdAgain(p.sub, asked, p.now) || !p.out.repairs.Empty() {
		t.Error("a repair of what is over waits")
	}
}

// A cluster is padding on the stream of retransmissions, and leaves the media's numbers alone.
func TestClusterOfPadding(t *testing.T) {
	p := newPaced(t, 0)
	p.picture(1, true)
	p.out.result.Next = 4_000_000
	p.out.probe(p.now)
	if len(p.got.padding) < 5 {
		t.Fatalf("%d packets of padding", len(p.got.padding))
	}
	bytes := 0
	for _, size := range p.got.padding {
		bytes += size + wireOverhead
	}
	if bytes > startBits/8/20 {
		t.Errorf("%d bytes of padding", bytes)
	}
	p.picture(1, false)
	p.inOrder()
	if len(p.got.sequences) != 2 {
		t.Errorf("%d packets of media", len(p.got.sequences))
	}
}

// BenchmarkForwardPaced is BenchmarkForward with a pace far above what is sent.
func BenchmarkForwardPaced(b *testing.B) {
	n := testNode(b, Options{})
	out, s, w := benchSubscription(n)
	packets := benchPackets(b, n, 1<<14)
	out.pacer.Set(pacer.Link{Estimate: 1e12}, time.Now())
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		p := packets[i&(1<<14-1)]
		p.Seq = 1<<16 + uint64(i)
		out.writer.now = time.Now()
		s.forward(out.writer, p)
	}
	if w.packets < b.N {
		b.Fatalf("%d of %d packets went out", w.packets, b.N)
	}
}
