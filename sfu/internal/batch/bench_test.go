package batch

import (
	"net"
	"net/netip"
	"testing"
)

// One picture of five packets to each of 150, by the ways that there are. Nobody reads: what the receivers' sockets
// cannot take is dropped by the kernel.
func BenchmarkPicture(b *testing.B) {
	const receivers, packets, size = 150, 5, 1150
	open := func() *net.UDPConn {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.Close() })
		return c
	}
	var to []netip.AddrPort
	for range receivers {
		to = append(to, open().LocalAddr().(*net.UDPAddr).AddrPort())
	}
	payload := make([]byte, size)
	perPacket := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*receivers*packets), "ns/packet")
	}
	b.Run("sendto", func(b *testing.B) {
		c := open()
		for b.Loop() {
			for range packets {
				for _, a := range to {
					_, _ = c.WriteToUDPAddrPort(payload, a) // a full buffer drops
				}
			}
		}
		perPacket(b)
	})
	for name, cut := range map[string]bool{"sendmmsg": false, "segments": true} {
		b.Run(name, func(b *testing.B) {
			s, batch := NewSocket(open(), cut), New()
			for b.Loop() {
				for range packets {
					for _, a := range to {
						batch.Add(s, a, payload)
					}
				}
				batch.Flush()
			}
			perPacket(b)
			b.ReportAllocs()
		})
	}
}
