package logtest

import (
	"context"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"preau/signaling/room"
)

func appended(s *suite) {
	l := s.create("RM_a")
	s.reads(l, "RM_a", 0, 0)
	s.must(l.Append(s.ctx, 1, 0, Events("RM_a", 1, 3)))
	s.must(l.Append(s.ctx, 1, 3, Events("RM_a", 4, 4)))
	s.must(l.Append(s.ctx, 1, 4, nil))
	s.reads(l, "RM_a", 0, 4)
	s.must(l.Close())
}

func since(s *suite) {
	l := s.create("RM_a")
	s.must(l.Append(s.ctx, 1, 0, Events("RM_a", 1, 3)))
	s.must(l.Append(s.ctx, 1, 3, Events("RM_a", 4, 9)))
	for from := range uint64(10) {
		s.reads(l, "RM_a", from, 9)
	}
	s.must(l.Close())
}

func again(s *suite) {
	l := s.filled("RM_a", 3)
	s.must(l.Append(s.ctx, 1, 3, Events("RM_a", 4, 6)))
	s.must(l.Append(s.ctx, 1, 3, Events("RM_a", 4, 6)))
	s.must(l.Append(s.ctx, 1, 0, Events("RM_a", 1, 1)))
	s.reads(l, "RM_a", 0, 6)
	s.must(l.Close())
}

func overlap(s *suite) {
	l := s.filled("RM_a", 3)
	s.must(l.Append(s.ctx, 1, 1, Events("RM_a", 2, 6)))
	s.reads(l, "RM_a", 0, 6)
	s.must(l.Close())
}

func gap(s *suite) {
	l := s.filled("RM_a", 3)
	s.refused(l.Append(s.ctx, 1, 4, Events("RM_a", 5, 5)), room.ErrGap)
	s.reads(l, "RM_a", 0, 3)
	s.must(l.Append(s.ctx, 1, 3, Events("RM_a", 4, 4)))
	s.reads(l, "RM_a", 0, 4)
	s.must(l.Close())
}

func conflict(s *suite) {
	l := s.filled("RM_a", 3)
	other := Events("RM_a", 3, 4)
	other[0].TimeMs++
	s.refused(l.Append(s.ctx, 1, 2, other), room.ErrConflict)
	s.reads(l, "RM_a", 0, 3)
	s.must(l.Close())
}

func inside(s *suite) {
	l := s.filled("RM_a", 1)
	s.refused(l.Append(s.ctx, 1, 1, append(Events("RM_a", 2, 2), Events("RM_a", 4, 4)...)), room.ErrGap)
	s.refused(l.Append(s.ctx, 1, 1, Events("RM_a", 3, 4)), room.ErrGap)
	s.reads(l, "RM_a", 0, 1)
	s.must(l.Close())
}

func fenced(s *suite) {
	l := s.filled("RM_a", 2)
	s.must(l.Append(s.ctx, 7, 2, Events("RM_a", 3, 3)))
	s.refused(l.Append(s.ctx, 6, 3, Events("RM_a", 4, 4)), room.ErrFenced)
	s.must(l.Append(s.ctx, 7, 3, Events("RM_a", 4, 4)))
	s.reads(l, "RM_a", 0, 4)
	s.must(l.Close())
}

func cancelled(s *suite) {
	l := s.filled("RM_a", 2)
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	s.refused(l.Append(ctx, 1, 2, Events("RM_a", 3, 3)), context.Canceled)
	s.reads(l, "RM_a", 0, 2)
	s.must(l.Close())
}

func closed(s *suite) {
	l := s.filled("RM_a", 2)
	s.must(l.Close())
	s.must(l.Close())
	s.refused(l.Append(s.ctx, 1, 2, Events("RM_a", 3, 3)), room.ErrClosed)
	_, _, err := l.Read(s.ctx, 0)
	s.refused(err, room.ErrClosed)
}

// unknown: a node keeps and passes on what a newer one wrote.
func unknown(s *suite) {
	l := s.filled("RM_a", 1)
	e := Events("RM_a", 2, 2)[0]
	e.Body = nil
	news := protowire.AppendTag(nil, 4000, protowire.BytesType)
	e.ProtoReflect().SetUnknown(protowire.AppendString(news, "news"))
	s.must(l.Append(s.ctx, 1, 1, append(Events("RM_a", 2, 1), e)))
	_, events, err := l.Read(s.ctx, 1)
	s.must(err)
	if len(events) != 1 || !proto.Equal(events[0], e) {
		s.Fatalf("got %v, want %v", events, e)
	}
	s.must(l.Close())
}

func many(s *suite) {
	l := s.create("RM_a")
	for i := uint64(0); i < 1000; i += 4 {
		s.must(l.Append(s.ctx, 1, i, Events("RM_a", i+1, i+4)))
		if i%100 == 0 && i > 0 {
			s.must(l.Compact(s.ctx, StateAt("RM_a", i-50)))
			s.reads(l, "RM_a", i-50, i+4)
			s.reads(l, "RM_a", 0, i+4)
		}
	}
	s.reads(l, "RM_a", 999, 1000)
	s.must(l.Close())
}
