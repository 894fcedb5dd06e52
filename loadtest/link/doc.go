// Package link emulates a weak link: a namespace with a host of its own stands
// at the far end of a pair of TUN devices, and every IP packet between it and
// this machine passes a queue with a rate, a delay, losses and a bound. Any
// program runs behind it unchanged, a browser included. It needs root and
// /dev/net/tun, and neither a kernel module nor netem. It knows nothing of what
// the packets carry, and carries none to or from anybody but its two ends.
//
// A packet's way, and who runs each step:
//
//  1. a way's reader takes it from one TUN device and pushes it into the Queue;
//  2. Queue, in virtual time and without a goroutine of its own, serves what
//     stands at the rate of that moment, draws losses, adds the delay;
//  3. the same way's writer sleeps until the next packet is due and hands it to
//     the other TUN device;
//  4. one goroutine a link changes both ways' conditions as the script says.
//
// All times are computed from the moment a packet was read, never from the
// moment the writer woke: a busy machine delays single packets, not the rate.
package link
