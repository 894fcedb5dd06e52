package sfu

import (
	"errors"

	"github.com/pion/rtp"

	"preau/sfu/internal/seal"
)

// RTP to a peer does not go through pion, once pion has shaken hands:
//
//	subscription ─▶ header and payload sealed in the batch's own room ─▶ the way that pion's RTCP takes
//
// and the peer's transport-wide feedback and NACKs are taken off the port before pion sees them (see reporters.go).
// Where the handshake's keys are not known, all stays with pion; that is settled before the first packet.

var errNoWay = errors.New("sfu: no way to the peer is known")

// settleSeal is called when the transport is connected, before anything is sent.
func (o *outlet) settleSeal() {
	if o.settled.Swap(true) || o.peer.node.o.NoSeal {
		return
	}
	sealer, opener, err := o.transport.handshake.Keys()
	if err != nil {
		o.peer.node.log.Debug("sealing by pion", "participant", o.peer.o.Participant, "reason", err)
		return
	}
	o.sealer = sealer
	o.opener.Store(opener)
}

// send has one packet leave; wire is pion's way.
func (o *outlet) send(wire rtpWriter, h *rtp.Header, payload []byte) error {
	if o.sealer == nil {
		_, err := wire.WriteRTP(h, payload)
		return err
	}
	at := o.transport.way.Load()
	if at == nil {
		return errNoWay
	}
	size := seal.Size(h, payload)
	w := o.writer
	if at.udp != nil && !isRelayAddr(at.to.Addr()) {
		if w.batch.Empty() {
			w.burstBegan = w.now
		}
		room, failed := w.batch.Room(size)
		w.unsent(failed)
		n, err := o.sealer.Seal(room, h, payload)
		if err == nil {
			w.batch.Put(at.udp.socket, at.to, n)
		}
		return err
	}
	if cap(w.sealed) < size {
		w.sealed = make([]byte, 2*size)
	}
	n, err := o.sealer.Seal(w.sealed[:size], h, payload)
	switch {
	case err != nil:
	case at.udp != nil:
		_, err = at.udp.direct.WriteToAddrPort(w.sealed[:n], at.to)
	default:
		_, err = at.tcp.WriteTo(w.sealed[:n], at.addr)
	}
	return err
}
