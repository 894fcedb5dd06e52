package livekit

import (
	"errors"
	"fmt"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// ErrEmpty: a frame that carries no message this server knows.
var ErrEmpty = errors.New("livekit: empty message")

// DecodeRequest reads one signal frame of a client: protobuf, or JSON in a text frame. Fields of
// newer clients are passed over; a message that is new altogether is ErrEmpty.
func DecodeRequest(frame []byte, text bool) (*lk.SignalRequest, error) {
	r := &lk.SignalRequest{}
	var err error
	if text {
		err = protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(frame, r)
	} else {
		err = proto.Unmarshal(frame, r)
	}
	if err != nil {
		return nil, fmt.Errorf("decode signal request: %w", err)
	}
	if r.GetMessage() == nil {
		return nil, ErrEmpty
	}
	return r, nil
}

// EncodeResponse writes one signal frame for a client, in the form the client speaks.
func EncodeResponse(r *lk.SignalResponse, text bool) ([]byte, error) {
	var b []byte
	var err error
	if text {
		b, err = protojson.Marshal(r)
	} else {
		b, err = proto.Marshal(r)
	}
	if err != nil {
		return nil, fmt.Errorf("encode signal response: %w", err)
	}
	return b, nil
}
