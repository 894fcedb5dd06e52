package signaling

import (
	"context"
	"errors"
	"sync"
	"time"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/proto"
)

// Bounds of remote calls to participants, as LiveKit's clients have them.
const (
	maxRPCPayload = 15 << 10
	rpcAckTime    = 7 * time.Second // until a participant says that it has the call
	rpcTime       = 15 * time.Second
	maxRPCTime    = 60 * time.Second
	maxRPCCalls   = 4096 // under way at once
)

// LiveKit's codes of the failures that are no answer of the method's.
const (
	rpcConnectionTimeout     = 1501
	rpcResponseTimeout       = 1502
	rpcRecipientDisconnected = 1503
	rpcResponseTooLarge      = 1504
)

var errTooManyCalls = errors.New("too many calls are under way")

// rpcCalls are the server API's calls that participants have not answered yet. The zero value has
// none.
type rpcCalls struct {
	mu    sync.Mutex // guards what follows
	calls map[string]*rpcCall
}

type rpcCall struct {
	callee   <-chan struct{} // the done of the session that alone may answer
	acked    chan struct{}
	ackOnce  sync.Once
	response chan *lk.RpcResponse // capacity 1
}

func (c *rpcCalls) begin(id string, callee <-chan struct{}) (*rpcCall, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.calls) >= maxRPCCalls {
		return nil, errTooManyCalls
	}
	if c.calls == nil {
		c.calls = map[string]*rpcCall{}
	}
	call := &rpcCall{callee: callee, acked: make(chan struct{}), response: make(chan *lk.RpcResponse, 1)}
	c.calls[id] = call
	return call, nil
}

func (c *rpcCalls) end(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

// answered takes a packet that answers a call.
func (c *rpcCalls) answered(from <-chan struct{}, p *lk.DataPacket) bool {
	id := p.GetRpcAck().GetRequestId()
	if r := p.GetRpcResponse(); r != nil {
		id = r.GetRequestId()
	}
	if id == "" {
		return false
	}
	c.mu.Lock()
	call := c.calls[id]
	c.mu.Unlock()
	if call == nil || call.callee != from {
		return false
	}
	call.ackOnce.Do(func() { close(call.acked) })
	if r := p.GetRpcResponse(); r != nil {
		select {
		case call.response <- r:
		default: // a second answer
		}
	}
	return true
}

// call has a participant's client perform a method. The failure, if not nil, is the client's, or
// one of the codes above.
func (s *rtcSession) call(ctx context.Context, q *lk.RpcRequest) (payload string, failure *lk.RpcError, err error) {
	q.Id, q.Version = newSID("RPC_"), 1
	packet, err := proto.Marshal(&lk.DataPacket{
		DestinationIdentities: []string{s.identity}, Value: &lk.DataPacket_RpcRequest{RpcRequest: q},
	})
	if err != nil {
		return "", nil, err
	}
	call, err := s.handler.calls.begin(q.GetId(), s.done)
	if err != nil {
		return "", nil, err
	}
	defer s.handler.calls.end(q.GetId())
	s.sendData(DataReliable, packet)
	return s.await(ctx, call, time.Duration(q.GetResponseTimeoutMs())*time.Millisecond)
}

func (s *rtcSession) await(ctx context.Context, call *rpcCall, limit time.Duration) (string, *lk.RpcError, error) {
	whole, ack := time.NewTimer(limit), time.NewTimer(min(limit, rpcAckTime))
	defer whole.Stop()
	defer ack.Stop()
	acked := call.acked
	unacknowledged := &lk.RpcError{Code: rpcConnectionTimeout, Message: "the participant did not acknowledge the call"}
	for {
		select {
		case r := <-call.response:
			return answerOf(r)
		case <-acked:
			ack.Stop()
			acked = nil
		case <-ack.C:
			if acked != nil {
				return "", unacknowledged, nil
			}
		case <-whole.C:
			if acked != nil {
				return "", unacknowledged, nil
			}
			return "", &lk.RpcError{Code: rpcResponseTimeout, Message: "the participant did not answer in time"}, nil
		case <-s.done:
			return "", &lk.RpcError{Code: rpcRecipientDisconnected, Message: "the participant has gone"}, nil
		case <-ctx.Done():
			return "", nil, ctx.Err()
		}
	}
}

func answerOf(r *lk.RpcResponse) (string, *lk.RpcError, error) {
	switch v := r.GetValue().(type) {
	case *lk.RpcResponse_Payload:
		if len(v.Payload) > maxRPCPayload {
			return "", &lk.RpcError{Code: rpcResponseTooLarge, Message: "the answer is too large"}, nil
		}
		return v.Payload, nil, nil
	case *lk.RpcResponse_Error:
		return "", v.Error, nil
	default: // compressed, which nobody was told that this side reads
		return "", nil, errors.New("the participant's answer cannot be read")
	}
}
