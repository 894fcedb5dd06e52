package sfu

import (
	"errors"
	"slices"

	"github.com/pion/rtp"

	"preau/sfu/internal/seal"
)

// RTP to a peer does not go through pion, once pion has shaken hands:
//
//	subscription ─▶ header and payload sealed in the batch's own room ─▶ the way that pion's RTCP takes
//
// and the peer's transport-wide feedback and NACKs that come by UDP are taken off the port before pion sees them (see
// reporters.go). Where the handshake's keys are not known, all stays with pion; that is settled before the first packet.

var errNoWay = errors.New("sfu: no way to the peer is known")

// settleSeal is called when the transport is connected, before anything is sent.
func (o *outlet) settleSeal() {
	o.settled.Do(func() {
		if o.peer.node.o.NoSeal {
			return
		}
		sealer, opener, err := o.transport.handshake.Keys()
		if err != nil {
			o.peer.node.log.Debug("sealing by pion", "participant", o.peer.o.Participant, "reason", err)
			return
		}
		o.sealer = sealer
		o.opener.Store(opener)
	})
}

// send has one packet leave, and says how it did, until the next one; nil: by wire, which is pion's way.
func (o *outlet) send(wire rtpWriter, h *rtp.Header, payload []byte) (sealed []byte, err error) {
	if o.sealer == nil {
		_, err := wire.WriteRTP(h, payload)
		return nil, err
	}
	at := o.transport.way.Load()
	if at == nil {
		return nil, errNoWay
	}
	w := o.writer
	size := seal.Size(h, payload)
	room := w.room(at, size)
	n, err := o.sealer.Seal(room, h, payload)
	if err != nil {
		return nil, err
	}
	return room[:n], w.leave(at, room[:n])
}

// sendSealed has a packet leave once more, as it was.
func (o *outlet) sendSealed(sealed []byte) error {
	at := o.transport.way.Load()
	if at == nil {
		return errNoWay
	}
	room := o.writer.room(at, len(sealed))
	return o.writer.leave(at, room[:copy(room, sealed)])
}

// room is where a packet is written, which leave takes from there: in the burst, or by itself.
func (w *writer) room(at *way, size int) []byte {
	if !at.bursts() {
		w.sealed = slices.Grow(w.sealed[:0], size)
		return w.sealed[:size]
	}
	if w.batch.Empty() {
		w.burstBegan = w.now
	}
	room, failed := w.batch.Room(size)
	w.unsent(failed)
	return room
}

func (w *writer) leave(at *way, packet []byte) (err error) {
	switch {
	case at.bursts():
		w.batch.Put(at.udp.socket, at.to, len(packet))
	case at.udp != nil:
		_, err = at.udp.direct.WriteToAddrPort(packet, at.to)
	default:
		_, err = at.tcp.WriteTo(packet, at.addr)
	}
	return err
}
