package signaling

import (
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

const (
	// writeTimeout is how long the network may take to accept one frame.
	writeTimeout = 20 * time.Second
	// compressFrom is the size from which a frame is worth compressing, in bytes.
	compressFrom = 256
)

// send queues a frame of the socket's own.
func (c *classSocket) send(frame *classpb.ServerFrame) {
	data, err := proto.Marshal(frame)
	if err != nil {
		c.server.metrics.errors.WithLabelValues("encode").Inc()
		c.log.Error("encode a frame", "err", err)
		return
	}
	c.out.put(outItem{frame: data}, len(data))
}

// write sends what waits in the outbox until the socket ends, and says goodbye.
//
// Presence alone is coalesced: the first such batch goes at once, those that
// follow within the coalescing time are held until it is over and go as one.
// Anything else sends what is held first, so that order never changes.
func (c *classSocket) write() {
	defer c.hangUp()
	ping := time.NewTicker(c.server.options.Limits.Ping)
	defer ping.Stop()
	h := &hold{every: c.coalesce, timer: time.NewTimer(0)}
	<-h.timer.C
	defer h.timer.Stop()
	closing := c.server.attendance.closing
	for {
		var err error
		select {
		case <-c.out.wake:
			var over bool
			if over, err = c.writeWaiting(h); over {
				return
			}
		case <-h.timer.C:
			err = c.writeFrames(framesOf(h.release(time.Now())))
		case <-ping.C:
			err = c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout))
		case <-closing:
			closing = nil
			c.out.end(classpb.GoodbyeReason_GOODBYE_REASON_SHUTDOWN)
		case <-c.gone:
			return
		}
		if err != nil {
			return
		}
	}
}

// coalesce is how long presence may wait on the participant's link.
func (c *classSocket) coalesce() time.Duration {
	return c.server.options.Limits.coalesce(c.server.seats.pacing.thin(c.seat()))
}

// writeWaiting sends what waits. over: that was the last.
func (c *classSocket) writeWaiting(h *hold) (over bool, err error) {
	items, ended, reason := c.out.take()
	for _, i := range items {
		if i.batch != nil && h.keep(i.batch, time.Now()) {
			continue
		}
		if err := c.writeFrames(append(framesOf(h.take()), i.frames()...)); err != nil {
			return true, err
		}
		if i.batch != nil && i.batch.Goodbye != 0 {
			c.goodbye(i.batch.Goodbye)
			return true, nil
		}
		if i.batch != nil {
			c.joined()
		}
	}
	if ended {
		c.goodbye(reason)
	}
	return ended, nil
}

// joined notes, once, how long it took until the class was there.
func (c *classSocket) joined() {
	if !c.started.IsZero() {
		c.server.metrics.joins.WithLabelValues(socketClass).Observe(time.Since(c.started).Seconds())
		c.started = time.Time{}
	}
}

func (c *classSocket) writeFrames(frames [][]byte) error {
	for _, f := range frames {
		c.conn.EnableWriteCompression(len(f) >= compressFrom)
		if err := c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		if err := c.conn.WriteMessage(websocket.BinaryMessage, f); err != nil {
			return err
		}
	}
	return nil
}

// goodbye tells why this is the end, if there is a reason to tell.
func (c *classSocket) goodbye(reason classpb.GoodbyeReason) {
	if reason == 0 {
		return
	}
	frame := &classpb.ServerFrame{Frame: &classpb.ServerFrame_Goodbye{Goodbye: &classpb.Goodbye{Reason: reason}}}
	if data, err := proto.Marshal(frame); err == nil {
		_ = c.conn.SetWriteDeadline(time.Now().Add(drainTime))
		_ = c.conn.WriteMessage(websocket.BinaryMessage, data)
	}
}

// hangUp closes the socket from this side, and gives the client a moment to
// read what was said before the connection is cut.
func (c *classSocket) hangUp() {
	c.out.end(classpb.GoodbyeReason_GOODBYE_REASON_UNSPECIFIED)
	code := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	_ = c.conn.WriteControl(websocket.CloseMessage, code, time.Now().Add(drainTime))
	_ = c.conn.SetReadDeadline(time.Now().Add(drainTime))
}

// frames is what an item amounts to on the wire.
func (i outItem) frames() [][]byte {
	switch {
	case i.batch == nil:
		return [][]byte{i.frame}
	case i.batch.Goodbye != 0: // goodbye() says it
		return nil
	default:
		return framesOf(i.batch)
	}
}

// framesOf encodes what a batch holds; a frame that the room has encoded for all
// members of the view is used as it is.
func framesOf(b *class.Batch) [][]byte {
	if b == nil {
		return nil
	}
	if b.Frame != nil {
		return [][]byte{b.Frame}
	}
	var frames [][]byte
	add := func(f *classpb.ServerFrame) {
		if data, err := proto.Marshal(f); err == nil {
			frames = append(frames, data)
		}
	}
	switch {
	case b.Snapshot != nil:
		add(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Snapshot{Snapshot: b.Snapshot}})
	case len(b.Events) > 0 || b.Through > 0:
		add(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Batch{Batch: &classpb.Batch{Events: b.Events, Through: b.Through}}})
	}
	for _, e := range b.Ephemeral {
		add(&classpb.ServerFrame{Frame: &classpb.ServerFrame_Ephemeral{Ephemeral: e}})
	}
	return frames
}

// sizeOf is about what a batch takes in an outbox, in bytes.
func sizeOf(b *class.Batch) int {
	n := len(b.Frame)
	if n > 0 {
		return n
	}
	if b.Snapshot != nil {
		n += proto.Size(b.Snapshot)
	}
	for _, e := range b.Events {
		n += proto.Size(e)
	}
	for _, e := range b.Ephemeral {
		n += proto.Size(e)
	}
	return n
}
