package client

import (
	"github.com/pion/interceptor"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

// repaired gives a packet that is sent again the name of the stream it repairs
// (RFC 8852, 3.2): pion's retransmissions keep the original's, by which a
// receiver would take the retransmissions for the stream itself.
type repaired struct{ interceptor.NoOp }

// NewInterceptor makes it a factory of itself: it has no state.
func (r *repaired) NewInterceptor(string) (interceptor.Interceptor, error) { return r, nil }

// BindLocalStream renames within streams that have a stream of retransmissions.
func (r *repaired) BindLocalStream(info *interceptor.StreamInfo, writer interceptor.RTPWriter) interceptor.RTPWriter {
	var rid, repairs uint8
	for _, e := range info.RTPHeaderExtensions {
		switch e.URI {
		case sdp.SDESRTPStreamIDURI:
			rid = uint8(e.ID)
		case sdesRepairedURI:
			repairs = uint8(e.ID)
		}
	}
	if rid == 0 || repairs == 0 || info.SSRCRetransmission == 0 {
		return writer
	}
	return interceptor.RTPWriterFunc(func(h *rtp.Header, payload []byte, a interceptor.Attributes) (int, error) {
		name := h.GetExtension(rid)
		if h.SSRC != info.SSRCRetransmission || name == nil {
			return writer.Write(h, payload, a)
		}
		renamed := h.Clone()
		if err := renamed.DelExtension(rid); err != nil {
			return 0, err
		}
		if err := renamed.SetExtension(repairs, name); err != nil {
			return 0, err
		}
		return writer.Write(&renamed, payload, a)
	})
}
