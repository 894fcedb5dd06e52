package signaling

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// firstServerCommand is the lowest field number of Command's commands that only
// the server gives; see command.proto.
const firstServerCommand = 64

var (
	errTextFrame = errors.New("text frame")
	errTooLarge  = errors.New("message beyond the limit")
)

// read takes frames until the socket ends. Fatal faults of the client are
// answered with a close code (RFC 6455, section 7.4.1).
func (c *classSocket) read(ctx context.Context) {
	silence := 3 * c.server.options.Limits.Ping
	c.conn.SetReadLimit(c.server.options.Limits.Frame) // what arrives, still compressed
	c.conn.SetPongHandler(func(string) error { return c.extend(silence) })
	perSecond := c.server.options.Limits.CommandsPerSecond
	pace := rate.NewLimiter(rate.Limit(perSecond), perSecond)
	for {
		if c.extend(silence) != nil {
			return
		}
		data, err := c.readMessage()
		switch {
		case errors.Is(err, errTextFrame):
			c.fail(websocket.CloseUnsupportedData, "binary frames only")
			return
		case errors.Is(err, errTooLarge), errors.Is(err, websocket.ErrReadLimit):
			c.fail(websocket.CloseMessageTooBig, "message too large")
			return
		case err != nil:
			return
		}
		frame, err := decodeFrame(data)
		if err != nil {
			c.fail(websocket.CloseInvalidFramePayloadData, "malformed protobuf")
			return
		}
		c.handle(ctx, frame, pace.Allow())
	}
}

func decodeFrame(data []byte) (*classpb.ClientFrame, error) {
	frame := &classpb.ClientFrame{}
	return frame, proto.Unmarshal(data, frame)
}

// extend gives the client so long to be heard of again; one that has been told
// goodbye, only as long as it takes to be read.
func (c *classSocket) extend(d time.Duration) error {
	if c.out.over() {
		d = drainTime
	}
	return c.conn.SetReadDeadline(time.Now().Add(d))
}

// readMessage reads one message, bounded after decompression too.
func (c *classSocket) readMessage() ([]byte, error) {
	kind, reader, err := c.conn.NextReader()
	if err != nil {
		return nil, err
	}
	if kind != websocket.BinaryMessage {
		return nil, errTextFrame
	}
	limit := c.server.options.Limits.Frame
	data, err := io.ReadAll(io.LimitReader(reader, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, errTooLarge
	}
	return data, nil
}

// fail ends the socket with a close code that says what the client did wrong.
func (c *classSocket) fail(code int, why string) {
	c.server.metrics.drops.WithLabelValues("bad_frame").Inc()
	c.log.Info("class socket closed for a bad frame", "why", why)
	deadline := time.Now().Add(drainTime)
	_ = c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, why), deadline)
	c.out.end(classpb.GoodbyeReason_GOODBYE_REASON_UNSPECIFIED)
	// What the client is still sending is read away, or closing would reset the
	// connection before the code has arrived.
	_ = c.conn.SetReadDeadline(deadline)
	_, _ = io.CopyN(io.Discard, c.conn.NetConn(), 4*c.server.options.Limits.Frame)
}

// handle answers one frame. inPace: the socket has not sent too much.
func (c *classSocket) handle(ctx context.Context, frame *classpb.ClientFrame, inPace bool) {
	switch f := frame.GetFrame().(type) {
	case *classpb.ClientFrame_Ping:
		if !inPace {
			c.server.metrics.drops.WithLabelValues("ping_rate").Inc()
			return
		}
		c.send(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Pong{Pong: &classpb.Pong{
			ClientMs: f.Ping.GetClientMs(), ServerMs: time.Now().UnixMilli(),
		}}})
	case *classpb.ClientFrame_Command:
		c.command(ctx, f.Command, inPace)
	default:
		c.server.metrics.drops.WithLabelValues("unknown_frame").Inc()
	}
}

func (c *classSocket) command(ctx context.Context, command *classpb.Command, inPace bool) {
	var (
		seq uint64
		err error
	)
	id := command.GetRequestId()
	if len(id) > class.MaxRequestIDSize {
		id = "" // whatever the answer is, it does not carry this back
	}
	if inPace {
		seq, err = c.do(ctx, command)
	} else {
		err = &class.Error{Code: classpb.Code_CODE_RATE, Message: "too many commands a second"}
	}
	reply := &classpb.Reply{RequestId: id, Seq: seq, Error: c.errorOf(err)}
	c.send(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Reply{Reply: reply}})
	result := "ok"
	if reply.GetError() != nil {
		result = codeName(reply.GetError().GetCode())
	}
	c.server.metrics.commands.WithLabelValues(socketClass, result).Inc()
}

// do gives a page's command to the class.
func (c *classSocket) do(ctx context.Context, command *classpb.Command) (seq uint64, err error) {
	m := command.ProtoReflect()
	body := m.WhichOneof(m.Descriptor().Oneofs().ByName("body"))
	switch {
	case body == nil:
		return 0, &class.Error{Code: classpb.Code_CODE_INVALID, Message: "the command is empty, or not known here"}
	case body.Number() >= firstServerCommand:
		return 0, &class.Error{Code: classpb.Code_CODE_FORBIDDEN, Message: "only the server gives this command"}
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	result, err := c.room.Do(ctx, class.By(c.participant), command)
	return result.Seq, err
}

// errorOf is what a client is told of an error; faults of the server's own are
// logged here, and told in no detail.
func (c *classSocket) errorOf(err error) *classpb.Error {
	var coded *class.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &coded):
		return &classpb.Error{Code: coded.Code, Message: coded.Message}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &classpb.Error{Code: classpb.Code_CODE_UNAVAILABLE, Message: "the class does not answer: ask again"}
	default:
		c.server.metrics.errors.WithLabelValues("command").Inc()
		c.log.Error("command failed", "err", err)
		return &classpb.Error{Code: classpb.Code_CODE_INTERNAL, Message: "internal error"}
	}
}
