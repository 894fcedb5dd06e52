package signaling

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/livekit"
)

// Bounds of what waits for one client to read. Beyond either the socket is dropped, and the client
// comes back by resuming.
const (
	rtcQueueFrames = 1024
	rtcQueueBytes  = 8 << 20
)

// rtcWriteTimeout bounds the writing of one frame.
const rtcWriteTimeout = 15 * time.Second

// rtcCompressAbove: smaller frames are not worth compressing.
const rtcCompressAbove = 512

// errFrameTooLarge: a frame beyond the limit, before or after decompression.
var errFrameTooLarge = errors.New("signal frame too large")

var rtcUpgrader = websocket.Upgrader{
	EnableCompression: true,
	CheckOrigin:       func(*http.Request) bool { return true }, // tokens, not cookies, say who asks
	HandshakeTimeout:  10 * time.Second,
}

// rtcFrame is one message as it will be written; the zero value closes the socket.
type rtcFrame struct {
	bytes []byte
	text  bool
}

// rtcSocket is one websocket of a session: the reader is the request's goroutine, the writer its
// own. Frames leave in the order of send.
type rtcSocket struct {
	conn  *websocket.Conn
	limit int64         // of a frame, in bytes
	ping  time.Duration // how often the client is pinged

	text   atomic.Bool // the client speaks JSON
	queued atomic.Int64
	queue  chan rtcFrame

	closeOnce sync.Once
	closed    chan struct{}
}

func newRTCSocket(conn *websocket.Conn, l Limits) *rtcSocket {
	return &rtcSocket{
		conn: conn, limit: l.Frame, ping: l.Ping,
		queue: make(chan rtcFrame, rtcQueueFrames), closed: make(chan struct{}),
	}
}

// send queues a message. false: the client does not read fast enough, or the message cannot be
// written; the socket is closed then.
func (k *rtcSocket) send(m *lk.SignalResponse) bool {
	text := k.text.Load()
	frame, err := livekit.EncodeResponse(m, text)
	if err != nil || k.queued.Add(int64(len(frame))) > rtcQueueBytes {
		k.close()
		return false
	}
	select {
	case k.queue <- rtcFrame{frame, text}:
		return true
	case <-k.closed:
		return false
	default:
		k.close()
		return false
	}
}

// finish closes the socket once what is queued has been written.
func (k *rtcSocket) finish() {
	select {
	case k.queue <- rtcFrame{}:
	default:
		k.close()
	}
}

func (k *rtcSocket) close() {
	k.closeOnce.Do(func() {
		close(k.closed)
		_ = k.conn.Close() // the peer is gone or too slow: nothing to be done about it
	})
}

// write is the writer's goroutine. It returns when the socket has closed.
func (k *rtcSocket) write() {
	defer k.close()
	tick := time.NewTicker(k.ping)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-k.closed:
			return
		case <-tick.C:
			err = k.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(rtcWriteTimeout))
		case frame := <-k.queue:
			if frame.bytes == nil {
				k.sayClose()
				return
			}
			k.queued.Add(-int64(len(frame.bytes)))
			err = k.writeFrame(frame)
		}
		if err != nil {
			return
		}
	}
}

func (k *rtcSocket) writeFrame(frame rtcFrame) error {
	if err := k.conn.SetWriteDeadline(time.Now().Add(rtcWriteTimeout)); err != nil {
		return err
	}
	k.conn.EnableWriteCompression(len(frame.bytes) > rtcCompressAbove)
	kind := websocket.BinaryMessage
	if frame.text {
		kind = websocket.TextMessage
	}
	return k.conn.WriteMessage(kind, frame.bytes)
}

// sayClose begins the closing handshake and leaves the client a moment to end it, so that what was
// written before is not lost to a reset.
func (k *rtcSocket) sayClose() {
	_ = k.conn.WriteControl(websocket.CloseMessage,
		websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Second))
	select {
	case <-k.closed:
	case <-time.After(time.Second):
	}
}

// read hands every frame to take, until the socket closes or take refuses. The frame is take's.
func (k *rtcSocket) read(take func(frame []byte, text bool) error) error {
	defer k.close()
	k.conn.SetReadLimit(k.limit)
	alive := func(string) error { return k.conn.SetReadDeadline(time.Now().Add(3 * k.ping)) }
	k.conn.SetPongHandler(alive)
	for {
		if err := alive(""); err != nil {
			return err
		}
		kind, r, err := k.conn.NextReader()
		if err != nil {
			return err
		}
		// The read limit counts what is on the wire; this counts what it inflates to.
		frame, err := io.ReadAll(io.LimitReader(r, k.limit+1))
		if err != nil {
			return err
		}
		if int64(len(frame)) > k.limit {
			_ = k.conn.WriteControl(websocket.CloseMessage,
				websocket.FormatCloseMessage(websocket.CloseMessageTooBig, ""), time.Now().Add(time.Second))
			return errFrameTooLarge
		}
		text := kind == websocket.TextMessage
		if text {
			k.text.Store(true)
		}
		if err := take(frame, text); err != nil {
			return err
		}
	}
}
