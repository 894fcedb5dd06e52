package batch

import (
	"net/netip"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lone is one packet on its way out, as a vector of one message.
type lone struct {
	message mmsghdr
	part    unix.Iovec
	four    unix.RawSockaddrInet4
	six     unix.RawSockaddrInet6
	errno   unix.Errno
	call    func(fd uintptr) bool // made once
}

var lones = sync.Pool{New: func() any {
	s := &lone{}
	s.call = s.sendmsg
	return s
}}

// Send sends one packet at once. Any goroutine.
func (s *Socket) Send(b []byte, to netip.AddrPort) (int, error) {
	if s.raw == nil || len(b) == 0 || to.Addr().Zone() != "" {
		return s.conn.WriteToUDPAddrPort(b, to)
	}
	one := lones.Get().(*lone)
	defer lones.Put(one)
	one.message = mmsghdr{}
	if s.six {
		six(&one.message, &one.six, to)
	} else {
		four(&one.message, &one.four, to)
	}
	one.part.Base = &b[0]
	one.part.SetLen(len(b))
	one.message.header.Iov = &one.part
	one.message.header.SetIovlen(1)
	err := s.raw.Write(one.call)
	one.part.Base = nil
	if err == nil && one.errno != 0 {
		err = one.errno
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

// sendmsg does not tell Go's scheduler of the call either (see sendmmsg).
func (s *lone) sendmsg(fd uintptr) bool {
	for {
		_, _, errno := unix.RawSyscall6(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&s.message.header)), unix.MSG_DONTWAIT, 0, 0, 0)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false // until there is room
		}
		s.errno = errno
		return true
	}
}
