package sfu

import (
	"errors"

	"github.com/pion/interceptor"
)

// early makes a test client wait for the description of a stream that is already arriving. The
// server sends as soon as it has answered; pion reads the first packets of a stream it does not
// know yet in search of a RID, asks again for those it took from its own later reader, and drops
// them. A subscriber's streams have no RID, so the search ends before its first read.
type early struct{ interceptor.NoOp }

var errUndeclared = errors.New("stream not described yet")

func (e *early) NewInterceptor(string) (interceptor.Interceptor, error) { return e, nil }

// BindRemoteStream knows a search by its payload type: a described stream is bound without one.
func (e *early) BindRemoteStream(info *interceptor.StreamInfo, r interceptor.RTPReader) interceptor.RTPReader {
	if info.PayloadType == 0 {
		return r
	}
	return interceptor.RTPReaderFunc(func([]byte, interceptor.Attributes) (int, interceptor.Attributes, error) {
		return 0, nil, errUndeclared
	})
}
