package limit

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// receiveBuffer is asked of the kernel for each receiver, in bytes: some pictures.
const receiveBuffer = 1 << 18

// Receivers read, and count.
type Receivers struct {
	conns []*net.UDPConn
	count atomic.Uint64
	wait  sync.WaitGroup
}

// Listen opens so many receivers on loopback.
func Listen(count int) (*Receivers, error) {
	r := &Receivers{}
	for range count {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			_ = r.Close()
			return nil, err
		}
		_ = c.SetReadBuffer(receiveBuffer) // best effort
		r.conns = append(r.conns, c)
		r.wait.Go(func() { r.read(c) })
	}
	return r, nil
}

func (r *Receivers) read(c *net.UDPConn) {
	buf := make([]byte, 65_536)
	for {
		if _, _, err := c.ReadFromUDPAddrPort(buf); err != nil {
			return
		}
		r.count.Add(1)
	}
}

// At is where they are.
func (r *Receivers) At() []netip.AddrPort {
	at := make([]netip.AddrPort, len(r.conns))
	for i, c := range r.conns {
		at[i] = c.LocalAddr().(*net.UDPAddr).AddrPort()
	}
	return at
}

// Count is how many packets have come.
func (r *Receivers) Count() uint64 { return r.count.Load() }

// Close ends them.
func (r *Receivers) Close() error {
	for _, c := range r.conns {
		_ = c.Close() // nothing is lost
	}
	r.wait.Wait()
	return nil
}
