package signaling

import (
	"context"
	"errors"
	"strconv"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"github.com/twitchtv/twirp"
)

// PerformRpc has somebody's client perform a method, and answers what it does.
func (s *roomService) PerformRpc(ctx context.Context, q *lk.PerformRpcRequest) (*lk.PerformRpcResponse, error) {
	session, _, err := s.mediaSession(ctx, q.GetRoom(), q.GetDestinationIdentity())
	if err != nil {
		return nil, err
	}
	limit := time.Duration(q.GetResponseTimeoutMs()) * time.Millisecond
	if limit == 0 {
		limit = rpcTime
	}
	switch {
	case q.GetMethod() == "":
		return nil, twirp.RequiredArgumentError("method")
	case len(q.GetPayload()) > maxRPCPayload:
		return nil, twirp.InvalidArgumentError("payload", "is larger than 15 KiB")
	case limit > maxRPCTime:
		return nil, twirp.InvalidArgumentError("response_timeout_ms", "is longer than a minute")
	}
	payload, failure, err := session.call(ctx, &lk.RpcRequest{
		Method: q.GetMethod(), Payload: q.GetPayload(), ResponseTimeoutMs: uint32(limit.Milliseconds()),
	})
	switch {
	case errors.Is(err, errTooManyCalls):
		return nil, twirp.ResourceExhausted.Error(err.Error())
	case err != nil:
		return nil, twirpError(err)
	case failure != nil:
		return nil, rpcFailure(failure)
	}
	return &lk.PerformRpcResponse{Payload: payload}, nil
}

// rpcFailure is LiveKit's RPC error as Twirp's; its code and data are in the meta.
func rpcFailure(e *lk.RpcError) error {
	code := twirp.Unknown // the method's own
	switch e.GetCode() {
	case rpcConnectionTimeout, rpcResponseTimeout:
		code = twirp.DeadlineExceeded
	case rpcRecipientDisconnected:
		code = twirp.Unavailable
	case rpcResponseTooLarge:
		code = twirp.ResourceExhausted
	case 1400, 1404: // no such method, no such version
		code = twirp.Unimplemented
	case 1402: // request too large
		code = twirp.InvalidArgument
	}
	err := code.Error(e.GetMessage()).WithMeta("rpc_code", strconv.FormatUint(uint64(e.GetCode()), 10))
	if e.GetData() != "" {
		err = err.WithMeta("rpc_data", e.GetData())
	}
	return err
}
