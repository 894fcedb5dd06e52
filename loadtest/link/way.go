package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Rate is in bits of IP packets a second, headers included. 0 is free: as fast
// as this machine goes.
type Rate int64

// Kilobit is 1,000 bits a second.
const Kilobit Rate = 1000

// Way is the condition of one direction. The zero value carries everything at
// once.
type Way struct {
	Rate  Rate
	Delay time.Duration
	// Jitter is added to the delay, evenly between nothing and this much. Packets
	// stay in order, as on a radio link that repeats what was spoilt.
	Jitter time.Duration
	// Loss is the share of packets lost at random after they took their time of
	// the link, 0 to 1.
	Loss  float64
	Burst Burst
	// Queue is how many bytes may stand, the packet being sent included; what
	// comes when it is full is dropped (drop-tail). 0: no bound but the Limit.
	Queue int
	// Cut carries nothing: what stands stays, and what comes queues behind it.
	Cut bool
	// NoUDP drops every UDP packet, as some schools' firewalls do.
	NoUDP bool
	// OnlyPort, unless it is 0, drops everything but TCP to or from that port, as the strictest do.
	OnlyPort uint16
}

// passes says whether the way's firewall lets an IPv4 packet through (RFC 791 section 3.1, RFC 9293
// section 3.1).
func (w Way) passes(packet []byte) bool {
	const tcp, udp = 6, 17
	if !w.NoUDP && w.OnlyPort == 0 || len(packet) < 20 || packet[0]>>4 != 4 {
		return true
	}
	if w.OnlyPort == 0 {
		return packet[9] != udp
	}
	ports := packet[min(len(packet), 4*int(packet[0]&0xf)):]
	return packet[9] == tcp && len(ports) >= 4 &&
		(binary.BigEndian.Uint16(ports) == w.OnlyPort || binary.BigEndian.Uint16(ports[2:]) == w.OnlyPort)
}

// Burst is loss in runs after Gilbert: the link is good or bad, and loses all
// while it is bad. The zero value loses nothing.
type Burst struct {
	Share float64 // of all packets, 0 to 1
	Mean  float64 // packets in a row, at least 1
}

// Limit bounds what one way holds, standing and in flight together: some
// seconds of the fastest link worth emulating.
const Limit = 64 << 20

func (w Way) check() error {
	var errs []error
	complain := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if w.Rate < 0 {
		complain("rate %d is negative", w.Rate)
	}
	if w.Delay < 0 || w.Jitter < 0 {
		complain("delay %v and jitter %v must not be negative", w.Delay, w.Jitter)
	}
	if !(w.Loss >= 0 && w.Loss <= 1) {
		complain("loss %v is not between 0 and 1", w.Loss)
	}
	if !(w.Burst.Share >= 0 && w.Burst.Share < 1) || w.Burst.Share > 0 && !(w.Burst.Mean >= 1) {
		complain("bursts of %v packets, a share of %v: want at least 1, and a share below 1", w.Burst.Mean, w.Burst.Share)
	}
	if w.Queue < 0 || w.Queue > Limit {
		complain("queue of %d bytes is not between 0 and %d", w.Queue, Limit)
	}
	return errors.Join(errs...)
}
