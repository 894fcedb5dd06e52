package livekit

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/livekit/protocol/datatrack"
	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// Bounds of what a data track's publisher says of it, in characters.
const (
	maxDataTrackName = 256
	maxEncodingName  = 32
)

// maxDataTrackRequest bounds all of it, in bytes: everyone is told.
const maxDataTrackRequest = 4 << 10

// handleOffset is where a data track packet's header has its handle: two bytes, big endian.
const handleOffset = 2

// ErrDataTrackPacket: a message of the data track channel that is no packet of one.
var ErrDataTrackPacket = errors.New("livekit: unusable data track packet")

// DataTrackPacket is one packet of a data track as it is forwarded: its bytes, and what of its
// header decides where it goes.
type DataTrackPacket struct {
	Handle uint16 // as its publisher numbers its tracks
	Start  bool   // the first of its frame
	Frame  uint16
	bytes  []byte
}

// ReadDataTrackPacket checks the header, extensions and all: what a receiver cannot read is not
// passed on. The packet refers to b.
func ReadDataTrackPacket(b []byte) (DataTrackPacket, error) {
	if len(b) > MaxPacket {
		return DataTrackPacket{}, fmt.Errorf("%w: too large", ErrDataTrackPacket)
	}
	var h datatrack.Header
	if _, err := h.Unmarshal(b); err != nil {
		return DataTrackPacket{}, fmt.Errorf("%w: %w", ErrDataTrackPacket, err)
	}
	if h.Version != 0 || h.Handle == 0 {
		return DataTrackPacket{}, fmt.Errorf("%w: version %d, handle %d", ErrDataTrackPacket, h.Version, h.Handle)
	}
	return DataTrackPacket{Handle: h.Handle, Start: h.IsStartOfFrame, Frame: h.FrameNumber, bytes: b}, nil
}

// To is a copy of the packet under the handle by which one subscriber knows its track.
func (p DataTrackPacket) To(handle uint16) []byte {
	b := append([]byte(nil), p.bytes...)
	binary.BigEndian.PutUint16(b[handleOffset:], handle)
	return b
}

// FramePace lets whole frames through, no more of them a second than its FPS. Zero: all.
type FramePace struct {
	FPS uint32

	next  time.Time
	frame uint16
	open  bool
}

// Take says whether a packet is to be sent at this time.
func (f *FramePace) Take(p DataTrackPacket, now time.Time) bool {
	if f.FPS == 0 {
		return true
	}
	if p.Start {
		f.frame, f.open = p.Frame, !now.Before(f.next)
		if f.open {
			every := time.Second / time.Duration(f.FPS)
			f.next = f.next.Add(every)
			if f.next.Before(now) { // the publisher sends fewer: no right to a burst is saved up
				f.next = now.Add(every)
			}
		}
	}
	return f.open && f.frame == p.Frame
}

// NewDataTrackInfo is the data track a client asked for, under the sid given; its reason otherwise.
func NewDataTrackInfo(sid string, r *lk.PublishDataTrackRequest) (*lk.DataTrackInfo, lk.RequestResponse_Reason) {
	switch {
	case r.GetPubHandle() == 0 || r.GetPubHandle() > 0xffff:
		return nil, lk.RequestResponse_INVALID_HANDLE
	case r.GetName() == "" || utf8.RuneCountInString(r.GetName()) > maxDataTrackName:
		return nil, lk.RequestResponse_INVALID_NAME
	case proto.Size(r) > maxDataTrackRequest, // whatever fields fill it
		r.GetSchema() != nil && !validSchema(r.GetSchema()),
		len(r.GetFrameEncoding().GetCustom()) > maxEncodingName:
		return nil, lk.RequestResponse_INVALID_REQUEST
	}
	return &lk.DataTrackInfo{
		PubHandle: r.GetPubHandle(), Sid: sid, Name: r.GetName(), Encryption: r.GetEncryption(),
		FrameEncoding: r.GetFrameEncoding(), Schema: r.GetSchema(),
	}, lk.RequestResponse_OK
}

func validSchema(s *lk.DataTrackSchemaId) bool {
	return s.GetName() != "" && utf8.RuneCountInString(s.GetName()) <= maxDataTrackName &&
		len(s.GetEncoding().GetCustom()) <= maxEncodingName
}
