// Package limit measures what a machine asks for a packet at least: encrypted with AES-128-GCM and sent over
// loopback to somebody in another process who reads it. No server can be cheaper per packet than this program, which
// does nothing else; how near one comes is what benchmarks compare.
//
//	Run ─ each tick: one picture's packets, sealed for each receiver ─▶ one of three ways ─▶ Serve, elsewhere
package limit

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// Plan says what to send.
type Plan struct {
	To      []netip.AddrPort // receivers
	Picture int              // packets of one picture to each receiver
	Size    int              // of a packet's payload, in bytes
	Rate    int              // packets a second, all together
	Length  time.Duration    // of each way
}

// Result is what one way took.
type Result struct {
	Way     string
	Packets uint64
	CPU     time.Duration // of this process, user and system
}

// Microseconds is the CPU time of one packet.
func (r Result) Microseconds() float64 {
	return float64(r.CPU) / float64(time.Microsecond) / float64(max(r.Packets, 1))
}

const (
	headerSize = 12 // of RTP
	nonceSize  = 12
	// mostMessages of one call (UIO_MAXIOV, sendmmsg(2)).
	mostMessages = 1024
	// mostSegments of one message (UDP_MAX_SEGMENTS of older kernels).
	mostSegments = 64
)

// sender seals and sends pictures.
type sender struct {
	plan    Plan
	conn    *net.UDPConn
	packets *ipv4.PacketConn
	seal    cipher.AEAD
	payload []byte
	number  uint64
	arena   []byte
	parts   [][]byte // of the arena, a packet each
	batch   []ipv4.Message
	to      []net.Addr
}

// Run sends by each of the three ways in turn.
func Run(ctx context.Context, plan Plan) ([]Result, error) {
	if len(plan.To) == 0 || plan.Picture < 1 || plan.Picture > mostSegments || plan.Size < 1 || plan.Picture*plan.Size > 60_000 || plan.Rate < 1 {
		return nil, fmt.Errorf("this cannot be sent: %d packets of %d bytes to %d, %d a second", plan.Picture, plan.Size, len(plan.To), plan.Rate)
	}
	s, err := newSender(plan)
	if err != nil {
		return nil, err
	}
	defer s.conn.Close()
	var results []Result
	for _, way := range []struct {
		name string
		send func() error
	}{{"sendto", s.sendto}, {"sendmmsg", s.sendmmsg}, {"sendmmsg and UDP GSO", s.segmented}} {
		r, err := s.measure(ctx, way.send)
		if err != nil {
			return results, fmt.Errorf("%s: %w", way.name, err)
		}
		r.Way = way.name
		results = append(results, r)
	}
	return results, nil
}

func newSender(plan Plan) (*sender, error) {
	block, err := aes.NewCipher(make([]byte, 16))
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	_ = conn.SetWriteBuffer(4 << 20) // best effort, as the server's
	s := &sender{plan: plan, conn: conn, packets: ipv4.NewPacketConn(conn), seal: seal, payload: make([]byte, plan.Size)}
	each := headerSize + plan.Size + seal.Overhead()
	s.arena = make([]byte, len(plan.To)*plan.Picture*each)
	for n := range len(plan.To) * plan.Picture {
		s.parts = append(s.parts, s.arena[n*each:(n+1)*each])
	}
	for _, to := range plan.To {
		s.to = append(s.to, net.UDPAddrFromAddrPort(to))
	}
	return s, nil
}

// measure sends pictures at the plan's rate for its length.
func (s *sender) measure(ctx context.Context, send func() error) (r Result, err error) {
	every := time.Second * time.Duration(len(s.parts)) / time.Duration(s.plan.Rate)
	tick := time.NewTicker(every)
	defer tick.Stop()
	begun, before := time.Now(), used()
	for time.Since(begun) < s.plan.Length {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return r, context.Cause(ctx)
		}
		if err := s.make(); err != nil {
			return r, err
		}
		if err := send(); err != nil {
			return r, err
		}
		r.Packets += uint64(len(s.parts))
	}
	r.CPU = used() - before
	return r, nil
}

// make seals a picture for each receiver, each packet under a number of its own.
func (s *sender) make() error {
	var nonce [nonceSize]byte
	for _, p := range s.parts {
		s.number++
		binary.BigEndian.PutUint64(nonce[4:], s.number)
		binary.BigEndian.PutUint64(p, s.number)
		s.seal.Seal(p[headerSize:headerSize], nonce[:], s.payload, p[:headerSize])
	}
	return nil
}

func (s *sender) sendto() error {
	for n, p := range s.parts {
		if _, err := s.conn.WriteToUDPAddrPort(p, s.plan.To[n/s.plan.Picture]); err != nil {
			return err
		}
	}
	return nil
}

func (s *sender) sendmmsg() error {
	s.batch = s.batch[:0]
	for n := range s.parts {
		s.batch = append(s.batch, ipv4.Message{Buffers: s.parts[n : n+1], Addr: s.to[n/s.plan.Picture]})
	}
	return s.flush()
}

func (s *sender) segmented() error {
	control := segments(len(s.parts[0]))
	s.batch = s.batch[:0]
	for n := 0; n < len(s.parts); n += s.plan.Picture {
		s.batch = append(s.batch, ipv4.Message{
			Buffers: s.parts[n : n+s.plan.Picture], Addr: s.to[n/s.plan.Picture], OOB: control,
		})
	}
	return s.flush()
}

func (s *sender) flush() error {
	for rest := s.batch; len(rest) > 0; {
		n, err := s.packets.WriteBatch(rest[:min(len(rest), mostMessages)], 0)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// segments is a control message that has the kernel cut a message up (UDP_SEGMENT, udp(7)).
func segments(size int) []byte {
	b := make([]byte, unix.CmsgSpace(2))
	binary.NativeEndian.PutUint64(b, uint64(unix.CmsgLen(2)))
	binary.NativeEndian.PutUint32(b[8:], unix.SOL_UDP)
	binary.NativeEndian.PutUint32(b[12:], unix.UDP_SEGMENT)
	binary.NativeEndian.PutUint16(b[16:], uint16(size))
	return b
}

// used is the CPU time of this process so far.
func used() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
