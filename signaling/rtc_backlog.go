package signaling

import (
	"context"
	"errors"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/livekit"
)

// Bounds of the reliable packets that wait for a client's data channel. It opens a second or two
// after the join; what was said meanwhile must not be lost. Nor may anything be lost from the middle of
// what goes over an open one: a client that takes so little is let go, and begins anew.
const (
	rtcBacklogPackets = 256
	rtcBacklogBytes   = 1 << 20
	rtcBacklogRetry   = 100 * time.Millisecond
	rtcBacklogTries   = 200 // 20 s
)

// rtcBacklog holds reliable packets in order until the client's channel takes them.
type rtcBacklog struct {
	waiting [][]byte
	bytes   int
	tries   int
	timed   bool // a retry is coming
	slow    bool // the channel is open, and its client does not take what is in it
}

// sendReliable sends a packet after all that wait. On the media line.
func (s *rtcSession) sendReliable(payload []byte) {
	b := &s.reliable
	if len(b.waiting) >= rtcBacklogPackets || b.bytes+len(payload) > rtcBacklogBytes {
		s.count("data_backlog_full")
		s.letGo()
		return
	}
	b.waiting = append(b.waiting, payload)
	b.bytes += len(payload)
	s.drainReliable()
}

// drainReliable sends what waits, or tries again later.
func (s *rtcSession) drainReliable() {
	b := &s.reliable
	for len(b.waiting) > 0 {
		if err := s.peer.Do(Send{Kind: DataReliable, Payload: b.waiting[0]}); err != nil {
			b.slow = errors.Is(err, ErrSlow)
			s.retryReliable()
			return
		}
		b.bytes -= len(b.waiting[0])
		b.waiting = b.waiting[1:]
		b.tries = 0
	}
}

func (s *rtcSession) retryReliable() {
	b := &s.reliable
	if b.timed {
		return
	}
	if b.tries++; b.tries > rtcBacklogTries {
		s.handler.options.Metrics.drops.WithLabelValues("data_send").Add(float64(len(b.waiting)))
		s.letGo()
		*b = rtcBacklog{}
		return
	}
	b.timed = true
	s.retryLater()
}

// letGo ends the session of a client that has lost a packet for being slow.
func (s *rtcSession) letGo() {
	if s.reliable.slow {
		s.post(func() { s.last().end(livekit.Reconnect(lk.DisconnectReason_MEDIA_FAILURE)) })
	}
}

// retryLater comes back to the media line, again and again while that is full.
func (s *rtcSession) retryLater() {
	time.AfterFunc(rtcBacklogRetry, func() {
		select {
		case <-s.stopped:
			return
		default:
		}
		ok := s.media.offer(func(context.Context) {
			s.reliable.timed = false
			s.drainReliable()
		})
		if !ok {
			s.retryLater()
		}
	})
}
