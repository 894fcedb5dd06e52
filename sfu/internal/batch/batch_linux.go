package batch

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	maxMessages = 64 // of a call: it may take half a millisecond, in which the thread does nothing else
	maxParts    = MaxPackets
)

// system is what Linux adds to a socket.
type system struct {
	cut    atomic.Bool
	single atomic.Bool // there is no sendmmsg
}

// mmsghdr is struct mmsghdr of sendmmsg(2) and recvmmsg(2).
type mmsghdr struct {
	header unix.Msghdr
	bytes  uint32
}

// control is a control message of type UDP_SEGMENT.
type control [unix.SizeofCmsghdr + 8]byte

// queued is what a message in the vector is of, for when it fails.
type queued struct {
	to    netip.AddrPort
	first int32
	count int
}

// sending is the vector of messages for one call, all by one socket.
type sending struct {
	socket   *Socket
	messages [maxMessages]mmsghdr
	of       [maxMessages]queued
	four     [maxMessages]unix.RawSockaddrInet4
	six      [maxMessages]unix.RawSockaddrInet6
	controls [maxMessages]control
	parts    [maxParts]unix.Iovec
	count    int
	used     int // parts

	call  func(fd uintptr) bool // made once
	from  int
	done  int
	errno unix.Errno
}

// NewSocket wraps a socket. cut: packets of one size to one destination may be sent as one message, where the
// kernel can.
func NewSocket(c *net.UDPConn, cut bool) *Socket {
	raw, err := c.SyscallConn()
	if err != nil {
		return &Socket{conn: c}
	}
	local, _ := c.LocalAddr().(*net.UDPAddr)
	s := &Socket{conn: c, raw: raw, six: local != nil && local.IP.To4() == nil}
	_ = raw.Control(func(fd uintptr) {
		_, err := unix.GetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT)
		s.cut.Store(cut && err == nil)
	})
	return s
}

func (s *Socket) cuts() bool { return s.cut.Load() }

// message puts one into the vector, and sends the vector when it is full or another socket's turn comes.
func (b *Batch) message(g *group, first int32, count int, size int32) (failed int) {
	if g.socket.raw == nil || g.socket.single.Load() || g.to.Addr().Zone() != "" {
		return b.oneByOne(g.socket, g.to, first, count)
	}
	s := &b.sending
	if s.socket != g.socket || s.count == maxMessages || s.used+count > maxParts {
		failed = b.send()
		s.socket = g.socket
	}
	m := &s.messages[s.count]
	*m = mmsghdr{}
	s.address(m, g.to)
	m.header.Iov = &s.parts[s.used]
	m.header.SetIovlen(count)
	for n, left := first, count; left > 0; left-- {
		p := &b.packets[n]
		part := &s.parts[s.used]
		part.Base = &b.arena[p.at]
		part.SetLen(int(p.size))
		s.used++
		n = p.next
	}
	if count > 1 {
		c := &s.controls[s.count]
		h := (*unix.Cmsghdr)(unsafe.Pointer(c))
		h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		h.SetLen(unix.SizeofCmsghdr + 2)
		binary.NativeEndian.PutUint16(c[unix.SizeofCmsghdr:], uint16(size))
		m.header.Control = &c[0]
		m.header.SetControllen(len(c))
	}
	s.of[s.count] = queued{g.to, first, count}
	s.count++
	return failed
}

func (s *sending) address(m *mmsghdr, to netip.AddrPort) {
	if s.socket.six {
		six(m, &s.six[s.count], to)
	} else {
		four(m, &s.four[s.count], to)
	}
}

func four(m *mmsghdr, a *unix.RawSockaddrInet4, to netip.AddrPort) {
	*a = unix.RawSockaddrInet4{Family: unix.AF_INET, Port: networkOrder(to.Port()), Addr: to.Addr().Unmap().As4()}
	m.header.Name, m.header.Namelen = (*byte)(unsafe.Pointer(a)), unix.SizeofSockaddrInet4
}

func six(m *mmsghdr, a *unix.RawSockaddrInet6, to netip.AddrPort) {
	*a = unix.RawSockaddrInet6{Family: unix.AF_INET6, Port: networkOrder(to.Port()), Addr: to.Addr().As16()}
	m.header.Name, m.header.Namelen = (*byte)(unsafe.Pointer(a)), unix.SizeofSockaddrInet6
}

func networkOrder(port uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], port)
	return binary.NativeEndian.Uint16(b[:])
}

// send sends the vector. What a message that is refused holds is sent packet by packet; if that goes well where
// cutting up, or the call itself, was refused, neither is tried on that socket any more.
func (b *Batch) send() (failed int) {
	s := &b.sending
	if s.call == nil {
		s.call = s.sendmmsg
	}
	for s.from = 0; s.from < s.count; {
		s.done, s.errno = 0, 0
		err := s.socket.raw.Write(s.call)
		switch {
		case err == nil && s.errno == 0:
			s.from += s.done
			continue
		case err == nil:
			err = s.errno
		}
		if errors.Is(err, net.ErrClosed) {
			for _, q := range s.of[s.from:s.count] {
				failed += q.count
			}
			break
		}
		failed += b.again(s.of[s.from])
		s.from++
	}
	s.count, s.used = 0, 0
	return failed
}

// again is for a message that was refused.
func (b *Batch) again(q queued) (failed int) {
	failed = b.oneByOne(b.socket, q.to, q.first, q.count)
	switch {
	case b.errno == unix.ENOSYS, b.errno == unix.EPERM && failed == 0: // a sandbox's way to say it
		b.socket.single.Store(true)
	case cannotCut(b.errno) && failed == 0:
		b.socket.cut.Store(false)
	}
	return failed
}

// cannotCut says whether an error means that the way out has no segmentation: a card without checksums (EIO), or
// a path whose packets are smaller (EINVAL, EMSGSIZE), where the kernel is to cut up each packet by itself.
func cannotCut(errno unix.Errno) bool { return errno == unix.EIO }

// sendmmsg does not tell Go's scheduler of the call: it does not wait, and a process that does little else would
// have the scheduler's monitor woken by each and look at it every 20 µs for a while, a fifth of all CPU time.
func (s *sending) sendmmsg(fd uintptr) bool {
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&s.messages[s.from])), uintptr(s.count-s.from), unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false // until there is room
		}
		s.done, s.errno = int(n), errno
		return true
	}
}
