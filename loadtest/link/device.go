package link

import (
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// mtu of both devices: Ethernet's, which is what a phone has too.
const mtu = 1500

// device is one TUN device: a network interface whose packets this program reads
// and writes. It lives as long as its file is open.
type device struct {
	*os.File
	name string
}

// openDevice makes a device in the namespace of the calling thread. Without
// IFF_VNET_HDR the kernel cuts what it would leave to a card's segmentation,
// and fills in checksums: what is read is what a wire would carry.
func openDevice() (*device, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq("preau%d")
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("make a TUN device: %w", err)
	}
	return &device{File: os.NewFile(uintptr(fd), "/dev/net/tun"), name: request.Name()}, nil
}

// configure gives it an address and sets it up, in namespace n or, if that is
// empty, here. No IPv6: its housekeeping would take its share of a thin link.
func (d *device) configure(n namespace, own, peer netip.Addr) error {
	in := func(words ...string) error {
		if n != "" {
			words = append([]string{"-n", string(n)}, words...)
		}
		return ip(words...)
	}
	if err := in("link", "set", d.name, "addrgenmode", "none", "mtu", fmt.Sprint(mtu), "txqueuelen", "1000"); err != nil {
		return err
	}
	if err := in("addr", "add", own.String(), "peer", peer.String(), "dev", d.name); err != nil {
		return err
	}
	return in("link", "set", d.name, "up")
}
