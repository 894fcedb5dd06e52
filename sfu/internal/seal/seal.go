package seal

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/srtp/v3"
)

// Overhead is what sealing adds at most, in bytes: the tag of AES-GCM (RFC 7714); that of HMAC-SHA1 has 10.
const Overhead = 16

// replays is how far back a repeated packet is noticed.
const replays = 64

// Sealer protects what goes to one peer. For one goroutine.
type Sealer struct {
	context *srtp.Context
	header  rtp.Header // as read again
}

// Size is what a packet takes at most when it is sealed, in bytes.
func Size(h *rtp.Header, payload []byte) int {
	return h.MarshalSize() + len(payload) + int(h.PaddingSize) + Overhead
}

// Seal writes a packet into room, which has Size bytes, and says how many it took. payload is only read.
func (s *Sealer) Seal(room []byte, h *rtp.Header, payload []byte) (int, error) {
	n, err := h.MarshalTo(room)
	if err != nil {
		return 0, err
	}
	n += copy(room[n:], payload)
	if h.PaddingSize > 0 {
		clear(room[n : n+int(h.PaddingSize)])
		n += int(h.PaddingSize)
		room[n-1] = h.PaddingSize
	}
	sealed, err := s.context.EncryptRTP(room, room[:n], &s.header)
	return len(sealed), err
}

// maxSenders is from how many SSRCs a peer may send RTCP that is opened here: for each something is kept. Some clients
// have one for each stream that they receive.
const maxSenders = 2048

var errSenders = errors.New("RTCP from too many SSRCs")

// Opener reads the RTCP that comes from one peer. For one goroutine.
type Opener struct {
	context *srtp.Context
	header  rtcp.Header
	senders []uint32
}

// Open takes the protection from an SRTCP packet, in place. What was opened before is an error.
func (o *Opener) Open(packet []byte) ([]byte, error) {
	if len(packet) < 8 {
		return nil, io.ErrUnexpectedEOF
	}
	sender := binary.BigEndian.Uint32(packet[4:])
	known := slices.Contains(o.senders, sender)
	if !known && len(o.senders) == maxSenders {
		return nil, errSenders
	}
	plain, err := o.context.DecryptRTCP(packet, packet, &o.header)
	if err == nil && !known {
		o.senders = append(o.senders, sender)
	}
	return plain, err
}
