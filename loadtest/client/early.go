package client

import (
	"errors"

	"github.com/pion/interceptor"
)

// early keeps media that overtakes its description for the reader it is meant
// for. A server sends as soon as it has answered, so the first packets of a
// stream may be here before the answer has been taken in. pion then reads up to
// eleven of them in search of a RID, finds none and lets them fall; the numbers
// it read twice or not at all would look like the server's fault. No server
// sends a RID to a subscriber, so the search ends before its first read, and the
// packets wait in their buffer.
type early struct{ interceptor.NoOp }

var errUndeclared = errors.New("stream not described yet")

// NewInterceptor makes it a factory of itself: it has no state.
func (e *early) NewInterceptor(string) (interceptor.Interceptor, error) { return e, nil }

// BindRemoteStream refuses reads of streams that no description names: those
// that pion binds under a payload type it has read off the first packet.
func (e *early) BindRemoteStream(info *interceptor.StreamInfo, reader interceptor.RTPReader) interceptor.RTPReader {
	if info.PayloadType == 0 {
		return reader
	}
	return interceptor.RTPReaderFunc(func([]byte, interceptor.Attributes) (int, interceptor.Attributes, error) {
		return 0, nil, errUndeclared
	})
}
