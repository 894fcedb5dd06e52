package sfu

import (
	"strings"

	"github.com/pion/webrtc/v4"

	"preau/sfu/packet"
)

// names is how the streams of a simulcast publication say what they are (RFC 8852): a layer by its
// section and name, its retransmissions by their section and, in an extension of their own, the
// name of what they repair.
//
// But some publishers, pion among them, resend a packet with the extensions it had, and pion as a
// receiver goes by the extension alone: it would put the retransmissions in the layer's place. Nor
// can it replace a layer's stream: its readers of the old and the new one would meet in one stream,
// where the end of it wakes only one of them. So names are set right before pion reads them.
type names struct {
	repairs            [128]bool // payload types of RTX
	mid, rid, repaired uint8     // ids of the extensions; 0: not negotiated
}

// noteNames takes over what a description has negotiated.
func (t *transport) noteNames() {
	for _, tr := range t.pc.GetTransceivers() {
		if r := tr.Receiver(); r != nil && tr.Kind() == webrtc.RTPCodecTypeVideo {
			t.names.Store(namesOf(r.GetParameters()))
			return // pion keeps one set of formats and extensions a connection
		}
	}
}

func namesOf(p webrtc.RTPParameters) *names {
	n := &names{}
	for _, c := range p.Codecs {
		if strings.EqualFold(c.MimeType, webrtc.MimeTypeRTX) && c.PayloadType < 128 {
			n.repairs[c.PayloadType] = true
		}
	}
	for _, e := range p.HeaderExtensions {
		switch e.URI {
		case extMid:
			n.mid = uint8(e.ID)
		case extRID:
			n.rid = uint8(e.ID)
		case extRepairedRID:
			n.repaired = uint8(e.ID)
		}
	}
	return n
}

// layerName is what a stream may be that is not a retransmission.
type layerName struct{ mid, rid string }

// correct makes a retransmission that bears its layer's name name it as what it repairs; where that
// extension was not negotiated, it bears none, and is lost. Of another packet it gives the name.
func (n *names) correct(raw []byte) (named layerName, ok bool) {
	if n.rid == 0 || len(raw) < 2 {
		return named, false
	}
	if n.repairs[raw[1]&0x7f] {
		packet.RenameExtension(raw, n.rid, n.repaired)
		return named, false
	}
	h, _, ok := packet.ParseHeader(raw)
	if !ok {
		return named, false
	}
	mid, rid := h.Extension(raw, n.mid), h.Extension(raw, n.rid)
	if n.mid == 0 || mid == nil || rid == nil {
		return named, false
	}
	return layerName{string(mid), string(rid)}, true
}
