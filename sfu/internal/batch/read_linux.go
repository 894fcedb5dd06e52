package batch

import (
	"net/netip"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// atOnce is how many packets one call reads at most, and mostRead the bytes of one; a longer one is dropped.
	atOnce   = 16
	mostRead = 8192
)

// reading is what Linux adds to a Reader: the packets of one call (recvmmsg(2)).
type reading struct {
	messages [atOnce]mmsghdr
	from     [atOnce]unix.RawSockaddrInet6 // of either family
	parts    [atOnce]unix.Iovec
	buffers  []byte
	come     int
	next     int
	errno    unix.Errno
	call     func(fd uintptr) bool
}

// read takes the next packet; it waits for one, and ends as the socket's deadline says.
func (r *Reader) read(b []byte) (int, netip.AddrPort, error) {
	if r.buffers == nil {
		r.buffers, r.call = make([]byte, atOnce*mostRead), r.recvmmsg
	}
	for {
		for r.next < r.come {
			i := r.next
			r.next++
			m := &r.messages[i]
			from := r.address(i)
			if m.header.Flags&unix.MSG_TRUNC != 0 || !from.IsValid() {
				continue
			}
			return copy(b, r.buffers[i*mostRead:i*mostRead+int(m.bytes)]), from, nil
		}
		r.come, r.next = 0, 0
		if err := r.socket.raw.Read(r.call); err != nil {
			return 0, netip.AddrPort{}, err
		}
		switch r.errno {
		case 0:
		case unix.ENOSYS, unix.EPERM: // a sandbox's way to say that there is no such call
			r.plain = true
			return r.socket.conn.ReadFromUDPAddrPort(b)
		default:
			return 0, netip.AddrPort{}, r.errno
		}
	}
}

// recvmmsg does not tell Go's scheduler of the call: it does not wait, and telling costs more than it takes (see
// sendmmsg).
func (r *Reader) recvmmsg(fd uintptr) bool {
	for i := range r.messages {
		m := &r.messages[i]
		r.parts[i].Base = &r.buffers[i*mostRead]
		r.parts[i].SetLen(mostRead)
		m.header.Name, m.header.Namelen = (*byte)(unsafe.Pointer(&r.from[i])), unix.SizeofSockaddrInet6
		m.header.Iov = &r.parts[i]
		m.header.SetIovlen(1)
		m.header.Flags = 0
	}
	for {
		n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.messages[0])), atOnce, unix.MSG_DONTWAIT, 0, 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false // until something comes
		}
		r.come, r.errno = int(n), errno
		if errno != 0 {
			r.come = 0
		}
		return true
	}
}

func (r *Reader) address(i int) netip.AddrPort {
	a := &r.from[i]
	switch a.Family {
	case unix.AF_INET:
		four := (*unix.RawSockaddrInet4)(unsafe.Pointer(a))
		return netip.AddrPortFrom(netip.AddrFrom4(four.Addr), networkOrder(four.Port))
	case unix.AF_INET6:
		addr := netip.AddrFrom16(a.Addr)
		if a.Scope_id != 0 {
			addr = addr.WithZone(strconv.FormatUint(uint64(a.Scope_id), 10))
		}
		return netip.AddrPortFrom(addr, networkOrder(a.Port))
	}
	return netip.AddrPort{}
}
