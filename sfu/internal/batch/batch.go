// Package batch sends many packets by few system calls.
//
// A writer adds packets as it makes them. Flush sends them: what goes to one destination, in packets of one size
// of which the last may be shorter, as one message that the kernel or the card cuts up (UDP generic segmentation
// offload, udp(7)), and all messages by one call (sendmmsg(2)).
//
//	added    a1 b1 c1 a2 b2 c2 a3 b3 c3      packets 1 to 3 of a picture, to a, b and c
//	sent     [a1 a2 a3] [b1 b2 b3] [c1 c2 c3]
//
// To one destination the order stays. Where the kernel or the way out cannot cut messages up, each packet is a
// message of its own; where the system has no sendmmsg, a call.
package batch

import (
	"net"
	"net/netip"
	"slices"
	"syscall"
)

const (
	// MaxPackets and MaxBytes are what may wait; Full says when that is reached.
	MaxPackets = 1024
	MaxBytes   = 1 << 20

	maxSegments = 64     // of a message (UDP_MAX_SEGMENTS of older kernels)
	maxMessage  = 65_000 // bytes of one
	none        = -1
)

// Socket is a UDP socket to send by. It may serve several batches.
type Socket struct {
	conn *net.UDPConn
	raw  syscall.RawConn // nil: packets are sent one by one
	six  bool
	system
}

// packet waits in the arena.
type packet struct {
	at, size int32
	next     int32 // to the same destination; none: it is the last
}

// group is what goes to one destination.
type group struct {
	socket      *Socket
	to          netip.AddrPort
	first, last int32
}

type destination struct {
	socket *Socket
	to     netip.AddrPort
}

// Batch is one writer's; not safe for use by several goroutines.
type Batch struct {
	arena   []byte
	packets []packet
	groups  []group
	index   map[destination]int32
	hint    int32 // the group that comes next, where packets come in the same turn as before
	sending
}

// New makes an empty one.
func New() *Batch { return &Batch{index: map[destination]int32{}} }

// Empty says whether nothing waits.
func (b *Batch) Empty() bool { return len(b.packets) == 0 }

// Full says that it is time to flush: there is room for one packet more.
func (b *Batch) Full() bool {
	return len(b.packets) >= MaxPackets-1 || len(b.arena) >= MaxBytes-maxMessage
}

// Add has a packet wait; p is copied. A full batch is flushed first.
func (b *Batch) Add(s *Socket, to netip.AddrPort, p []byte) (failed int) {
	room, failed := b.Room(len(p))
	b.Put(s, to, copy(room, p))
	return failed
}

// Room is where a packet of at most size bytes can be written, to be Put next. A full batch is flushed first.
func (b *Batch) Room(size int) (room []byte, failed int) {
	if len(b.packets) >= MaxPackets || len(b.arena)+size > MaxBytes {
		failed = b.Flush()
	}
	b.arena = slices.Grow(b.arena, size)
	return b.arena[len(b.arena) : len(b.arena)+size], failed
}

// Put has the packet wait that was written into Room, of size bytes.
func (b *Batch) Put(s *Socket, to netip.AddrPort, size int) {
	n := int32(len(b.packets))
	b.packets = append(b.packets, packet{at: int32(len(b.arena)), size: int32(size), next: none})
	b.arena = b.arena[:len(b.arena)+size]
	g := b.find(s, to)
	if g == none {
		b.index[destination{s, to}] = int32(len(b.groups))
		b.groups = append(b.groups, group{socket: s, to: to, first: n, last: n})
		b.hint = 0
		return
	}
	b.packets[b.groups[g].last].next = n
	b.groups[g].last = n
	if b.hint = g + 1; int(b.hint) == len(b.groups) {
		b.hint = 0
	}
}

func (b *Batch) find(s *Socket, to netip.AddrPort) int32 {
	if int(b.hint) < len(b.groups) {
		if g := &b.groups[b.hint]; g.to == to && g.socket == s {
			return b.hint
		}
	}
	if g, ok := b.index[destination{s, to}]; ok {
		return g
	}
	return none
}

// Flush sends all that waits, and says how many packets could not be.
func (b *Batch) Flush() (failed int) {
	for i := range b.groups {
		failed += b.enqueue(&b.groups[i])
	}
	failed += b.send()
	clear(b.index)
	b.arena, b.packets, b.groups, b.hint = b.arena[:0], b.packets[:0], b.groups[:0], 0
	return failed
}

// enqueue cuts a group into messages: runs of packets of one size.
func (b *Batch) enqueue(g *group) (failed int) {
	for n := g.first; n != none; {
		first, count, bytes := n, 1, b.packets[n].size
		size := bytes
		for n = b.packets[n].next; n != none && g.socket.cuts(); n = b.packets[n].next {
			p := &b.packets[n]
			if p.size > size || count == maxSegments || bytes+p.size > maxMessage {
				break
			}
			count++
			bytes += p.size
			if p.size < size { // a shorter one is the last
				n = p.next
				break
			}
		}
		failed += b.message(g, first, count, size)
	}
	return failed
}

// oneByOne sends packets by a call each.
func (b *Batch) oneByOne(s *Socket, to netip.AddrPort, first int32, count int) (failed int) {
	for n := first; count > 0; count-- {
		p := b.packets[n]
		if _, err := s.conn.WriteToUDPAddrPort(b.arena[p.at:p.at+p.size], to); err != nil {
			failed++
		}
		n = p.next
	}
	return failed
}
