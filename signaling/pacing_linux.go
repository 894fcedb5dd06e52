package signaling

import (
	"time"

	"golang.org/x/sys/unix"
)

// setPace bounds what TCP sends, in bytes a second (SO_MAX_PACING_RATE, socket(7)).
func setPace(fd uintptr, rate uint32) {
	_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE, int(rate)) // a hint: without it all still comes
}

// setAhead bounds what waits in the kernel to be sent, in bytes (TCP_NOTSENT_LOWAT, tcp(7)).
func setAhead(fd uintptr, bytes int) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, bytes) // a hint, too
}

// roundTrip is what TCP has measured (TCP_INFO, tcp(7)); 0: nothing.
func roundTrip(fd uintptr) time.Duration {
	info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0
	}
	return time.Duration(info.Rtt) * time.Microsecond
}
