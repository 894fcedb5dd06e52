package sfu

import (
	"math"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"preau/sfu/internal/estimate"
)

// Loss on the way up: of what was sent, over all streams, not of a few packets, and none of who is
// silent.
func TestUplinkLoss(t *testing.T) {
	var a arrivals
	var u uplink
	number := uint64(1 << 16)
	packets := func(count, every int) { // of which one in so many is lost
		for i := range count {
			if number++; every == 0 || i%every > 0 {
				a.note(number, number-1, false)
			} else {
				number++ // the next tells the gap
				a.note(number, number-2, false)
			}
		}
	}
	expect := func(what string, want float64) {
		t.Helper()
		if u.measure(&a); math.Abs(u.loss-want) > 1e-9 {
			t.Errorf("%s: %v", what, u.loss)
		}
	}
	a.note(number, 0, false)
	packets(99, 0)
	expect("nothing lost", 0)
	packets(90, 9)
	expect("one in ten", 0.1)
	packets(20, 1)
	expect("too few to tell", 0.1)
	packets(50, 0)
	expect("with those before", 1-70./90)
	packets(90, 9)
	for i := range uint64(10) {
		a.note(number-50+i, number, true)
	}
	expect("what came when it was asked for again", 0.1)
	expect("silence", 0)
	packets(100, 0)
	expect("and speech again", 0)
	a.note(number+2*maxDropout, number, false) // began anew
	number += 2 * maxDropout
	packets(99, 0)
	expect("a sender that began anew", 0)
	a.note(number-5, number, false)
	packets(100, 0)
	expect("copies", 0)
}

// A layer is missed when it has come once, is wanted, and has been away for a while.
func TestShortfall(t *testing.T) {
	var s shortfall
	at := time.Unix(1000, 0)
	for _, x := range []struct {
		what            string
		after           time.Duration
		coming, asked   uint32
		wanted, missing int
	}{
		{"two of three announced", 0, 0b011, 0b111, 2, 0},
		{"the third never came", time.Minute, 0b011, 0b111, 2, 0},
		{"it comes", 0, 0b111, 0b111, 3, 0},
		{"and stops", 0, 0b011, 0b111, 3, 0},
		{"a while", layerGrace - 1, 0b011, 0b111, 3, 0},
		{"too long", 1, 0b011, 0b111, 3, 1},
		{"nobody wants it", 0, 0b011, 0b011, 2, 0},
		{"muted", time.Minute, 0, 0, 0, 0},
		{"unmuted", time.Minute, 0, 0b111, 3, 0},
		{"nothing comes", layerGrace, 0, 0b111, 3, 3},
	} {
		at = at.Add(x.after)
		if wanted, missing := s.step(at, x.coming, x.asked); wanted != x.wanted || missing != x.missing {
			t.Errorf("%s: %d of %d", x.what, missing, wanted)
		}
	}
}

// The round trip is the longest of the streams sent; of who is sent nothing, what the answer to a
// reference time tells, and to nothing else.
func TestRoundTrip(t *testing.T) {
	o := &outlet{}
	m := &o.uplink.trip
	m.ssrc = 7
	began := time.Unix(1000, 0)
	question, ok := m.ask(began).(*rtcp.ExtendedReport)
	if !ok || question.SenderSSRC != 7 {
		t.Fatalf("asked by %v", question)
	}
	asked := uint32(question.Reports[0].(*rtcp.ReceiverReferenceTimeReportBlock).NTPTimestamp >> 16)
	answer := func(ssrc, last uint32) {
		m.answered(&rtcp.ExtendedReport{Reports: []rtcp.ReportBlock{&rtcp.DLRRReportBlock{
			Reports: []rtcp.DLRRReport{{SSRC: ssrc, LastRR: last, DLRR: 65536 / 2}},
		}}}, began.Add(900*time.Millisecond))
	}
	answer(8, asked)
	answer(7, asked+1)
	answer(7, 0)
	if got := o.roundTrip(); got != 0 {
		t.Errorf("by an answer to another: %v", got)
	}
	answer(7, asked)
	if got := o.roundTrip(); got != 400*time.Millisecond {
		t.Errorf("round trip %v", got)
	}
	o.subs = []*subscription{{rtt: 90 * time.Millisecond}, {rtt: 30 * time.Millisecond}}
	if got := o.roundTrip(); got != 90*time.Millisecond {
		t.Errorf("of who is sent something: %v", got)
	}
	if got := ntpTime(time.Unix(0, 500_000_000)); got != 2_208_988_800<<32|1<<31 {
		t.Errorf("a time of RTCP: %x", got)
	}
}

// Loss on the way down is the worst that reports tell, until transport-wide feedback tells it of all.
func TestDownlinkLoss(t *testing.T) {
	o := &outlet{estimate: newEstimate(false), subs: []*subscription{{loss: 0.02}, {loss: 0.3}, {}}}
	if got := o.loss(); got != 0.3 {
		t.Errorf("by reports: %v", got)
	}
	o.heard = true
	if got, want := o.loss(), o.estimate.Snapshot().Loss; got != want {
		t.Errorf("by feedback: %v, not %v", got, want)
	}
}

// What is told of a connection: the worse of its ways, a change only, not too often; that it is lost
// at once, and at once that it is back.
func TestJudge(t *testing.T) {
	n := &Node{m: mustMetrics(t)}
	p := ownerIn(n, "PA_a")
	p.mail = newMailbox()
	o := &outlet{peer: p, estimate: estimate.New(estimate.Options{})}
	at := time.Unix(1000, 0)
	told := func() (all []Connection) {
		for {
			select {
			case e := <-p.mail.queue:
				all = append(all, e.(QualityEvent).Quality)
			default:
				return all
			}
		}
	}
	expect := func(what string, after time.Duration, want ...Connection) {
		t.Helper()
		at = at.Add(after)
		o.judge(at)
		if got := told(); len(got) != len(want) || len(want) > 0 && got[0] != want[0] {
			t.Errorf("%s: told %v", what, got)
		}
	}
	expect("not connected yet", 0)
	o.ready.Store(true)
	expect("connected", judgeEvery, ConnectionExcellent)
	expect("the same", judgeEvery)
	o.subs = []*subscription{{loss: 0.04, rtt: 30 * time.Millisecond}}
	expect("too soon", judgeEvery/2)
	expect("some loss on the way down", judgeEvery/2, ConnectionGood)
	o.uplink.loss = 0.2
	p.arrivals.sent.Store(1) // too few to tell anew
	expect("more on the way up", judgeEvery, ConnectionPoor)
	p.cut.Store(2)
	expect("lost", time.Millisecond, ConnectionLost)
	expect("still", judgeEvery)
	p.cut.Store(0)
	o.subs[0].loss = 0
	expect("back", time.Millisecond, ConnectionExcellent)
	o.subs[0].rtt = 500 * time.Millisecond
	expect("far away", judgeEvery, ConnectionGood)
}

func mustMetrics(t *testing.T) *metrics {
	t.Helper()
	m, err := newMetrics(nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// dripping is a socket on which one in five packets of media is lost on the way out, if so set.
type dripping struct {
	net.PacketConn
	leaks atomic.Bool
	sent  atomic.Uint64
}

func (l *dripping) WriteTo(b []byte, to net.Addr) (int, error) {
	rtp := len(b) > 1 && b[0]>>6 == 2 && (b[1] < 192 || b[1] > 223) // not RTCP (RFC 5761, 4)
	if rtp && l.leaks.Load() && l.sent.Add(1)%5 == 0 {
		return len(b), nil
	}
	return l.PacketConn.WriteTo(b, to)
}

// Who only publishes is judged by what gets lost on the way here.
func TestQualityOfWhoOnlyPublishes(t *testing.T) {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket := &dripping{PacketConn: conn}
	n := testNode(t, Options{})
	teacher := joinBy(t, n.Router("t/class"), "PA_teacher", true, socket)
	mic := teacher.publish(micSpec("TR_mic"), opus)
	every(t, 5*time.Millisecond, func() { mic.sources[0].voice(30) })
	last := func() (q Connection) {
		q = -1
		for _, e := range teacher.seen {
			if e, ok := e.(QualityEvent); ok {
				q = e.Quality
			}
		}
		return q
	}
	teacher.until("that all is well", func() bool { return last() == ConnectionExcellent })
	socket.leaks.Store(true)
	teacher.until("word of the loss", func() bool { return last() == ConnectionPoor })
	socket.leaks.Store(false)
	teacher.until("that all is well again", func() bool { return last() == ConnectionExcellent })
}
