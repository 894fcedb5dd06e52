package livekit

import (
	"errors"
	"fmt"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// MaxPacket bounds a data packet, in bytes (the SCTP message size browsers agree on).
const MaxPacket = 64 << 10

// maxDestinations bounds how many a packet may name.
const maxDestinations = 512

// ErrPacket: a data packet that this server does not pass on.
var ErrPacket = errors.New("livekit: unusable data packet")

// DecodePacket reads a data packet of a client, and refuses the kinds that only servers send.
func DecodePacket(b []byte) (*lk.DataPacket, error) {
	if len(b) > MaxPacket {
		return nil, fmt.Errorf("%w: too large", ErrPacket)
	}
	p := &lk.DataPacket{}
	if err := proto.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("decode data packet: %w", err)
	}
	switch p.GetValue().(type) {
	case *lk.DataPacket_User, *lk.DataPacket_SipDtmf, *lk.DataPacket_Transcription,
		*lk.DataPacket_ChatMessage, *lk.DataPacket_RpcRequest, *lk.DataPacket_RpcAck,
		*lk.DataPacket_RpcResponse, *lk.DataPacket_StreamHeader, *lk.DataPacket_StreamChunk,
		*lk.DataPacket_StreamTrailer, *lk.DataPacket_EncryptedPacket:
	default:
		return nil, fmt.Errorf("%w: of no kind that is passed on", ErrPacket)
	}
	if len(p.GetDestinationIdentities()) > maxDestinations ||
		len(Destinations(p)) > maxDestinations {
		return nil, fmt.Errorf("%w: too many destinations", ErrPacket)
	}
	return p, nil
}

// From writes the true sender into a packet, whatever it said of itself. The sender's sequence
// number stays: receivers use it to drop what they have had.
func From(p *lk.DataPacket, sid, identity string) {
	p.ParticipantSid, p.ParticipantIdentity = sid, identity
	legacyFrom(p.GetUser(), sid, identity)
}

// FromNobody takes the sender out of a packet, for one who is hidden. Its number goes too: it says
// nothing without whose it is.
func FromNobody(p *lk.DataPacket) {
	From(p, "", "")
	p.Sequence = 0
}

// Destinations are the identities a packet is for; empty: everyone.
func Destinations(p *lk.DataPacket) []string {
	if d := p.GetDestinationIdentities(); len(d) > 0 {
		return d
	}
	return legacyDestinations(p.GetUser())
}
