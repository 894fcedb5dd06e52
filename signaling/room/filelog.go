package room

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"sync"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// file is what a log needs of *os.File.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
}

// fileLog is the log of one session in its file; record.go has the format.
//
// Compaction writes a snapshot beside the file, and a start reads from there.
// The file itself is kept whole: attendance, export and playback are folds over
// all of it, and a snapshot that cannot be read costs only time.
type fileLog struct {
	base string // path without suffix
	log  *slog.Logger
	open func(path string, flag int) (file, error)

	// Owned by who appends.
	file   file // nil once closed
	end    int64
	last   uint64
	epoch  uint64
	ended  bool
	broken error // a write whose fate is unknown: the file must be mended first

	mu       sync.Mutex // guards all below, for Compact
	starts   []recordStart
	endCopy  int64
	lastCopy uint64
	snapshot uint64 // number of the snapshot's last event
	tail     int64  // where the record with the event after it begins
}

func (l *fileLog) path() string { return l.base + openSuffix }

// load reads the file up, truncates what a crash tore, and tells whose log it is.
func (l *fileLog) load() (Session, error) {
	snapshot, tail := l.readSnapshot()
	s, err := l.scan(tail, snapshot.GetSeq())
	if err != nil && snapshot != nil {
		l.log.Warn("snapshot and log of a session do not fit: reading the whole log", "file", l.path(), "err", err)
		snapshot, tail = nil, 0
		s, err = l.scan(0, 0)
	}
	if err != nil {
		return Session{}, fmt.Errorf("read log: %w", err)
	}
	if s.torn > 0 {
		l.log.Warn("a crash tore the last record of a log; it was never answered and is cut off",
			"file", l.path(), "at", s.end, "bytes", s.torn)
		if err := errors.Join(l.file.Truncate(s.end), l.file.Sync()); err != nil {
			return Session{}, fmt.Errorf("cut off torn record: %w", err)
		}
	}
	l.end, l.last = s.end, snapshot.GetSeq()
	l.starts, l.snapshot, l.tail = s.starts, snapshot.GetSeq(), tail
	whose := Session{Tenant: snapshot.GetTenant(), Name: snapshot.GetName(), ID: snapshot.GetSession()}
	for _, e := range s.events {
		l.last = max(l.last, e.GetSeq())
		l.ended = l.ended || e.GetEnded() != nil
		if o := e.GetOpened(); o != nil {
			whose = Session{Tenant: o.GetTenant(), Name: o.GetName(), ID: e.GetSession()}
		}
	}
	l.endCopy, l.lastCopy = l.end, l.last
	return whose, nil
}

// readSnapshot yields nil if there is none that can be used.
func (l *fileLog) readSnapshot() (*classpb.State, int64) {
	b, err := os.ReadFile(l.base + snapshotSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return nil, 0
	}
	if err == nil {
		var state *classpb.State
		var tail int64
		if state, tail, err = decodeSnapshot(b); err == nil {
			return state, tail
		}
	}
	l.log.Warn("snapshot cannot be read: reading the whole log", "file", l.base+snapshotSuffix, "err", err)
	return nil, 0
}

// scan reads the file from a record's beginning on.
func (l *fileLog) scan(from int64, after uint64) (scan, error) {
	b, err := readFrom(l.file, from, l.end)
	if err != nil {
		return scan{}, err
	}
	s, err := scanRecords(b, from, after)
	return s, at(l.path(), err)
}

// readFrom reads up to end, or up to the file's end when end is 0.
func readFrom(f file, from, end int64) ([]byte, error) {
	if from > 0 {
		if _, err := f.ReadAt(make([]byte, 1), from-1); err != nil {
			return nil, &DamageError{Offset: from, Reason: "the file ends before what its snapshot says"}
		}
	}
	length := int64(1<<62) - from
	if end > 0 {
		length = end - from
	}
	return io.ReadAll(io.NewSectionReader(f, from, length))
}

func (l *fileLog) Append(ctx context.Context, epoch, after uint64, events []*classpb.Event) error {
	switch {
	case l.file == nil:
		return ErrClosed
	case epoch < l.epoch:
		return ErrFenced
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if err := l.mend(); err != nil {
		return fmt.Errorf("mend the log: %w", err)
	}
	fresh, err := following(l.last, after, events, l.held())
	if err != nil || len(fresh) == 0 {
		return err
	}
	last := fresh[len(fresh)-1].GetSeq()
	payload, err := proto.Marshal(&classpb.Batch{Events: fresh, Through: last})
	if err != nil || len(payload) > maxRecord {
		return fmt.Errorf("encode %d events in %d bytes: %w", len(fresh), len(payload), err)
	}
	if err := l.write(appendRecord(nil, recordMagic, payload)); err != nil {
		return fmt.Errorf("write %d events: %w", len(fresh), err)
	}
	l.epoch = epoch
	l.wrote(fresh, headerLength+int64(len(payload)))
	return nil
}

func (l *fileLog) wrote(fresh []*classpb.Event, length int64) {
	start := recordStart{fresh[0].GetSeq(), l.end}
	l.end += length
	l.last = fresh[len(fresh)-1].GetSeq()
	for _, e := range fresh {
		l.ended = l.ended || e.GetEnded() != nil
	}
	l.mu.Lock()
	l.starts = append(l.starts, start)
	l.endCopy, l.lastCopy = l.end, l.last
	l.mu.Unlock()
}

// held compares with what the file holds; it reads it only when asked.
func (l *fileLog) held() func(*classpb.Event) bool {
	var known map[uint64]*classpb.Event
	return func(e *classpb.Event) bool {
		if known == nil {
			known = map[uint64]*classpb.Event{}
			s, err := l.scan(0, 0)
			if err != nil {
				return false
			}
			for _, k := range s.events {
				known[k.GetSeq()] = k
			}
		}
		return proto.Equal(known[e.GetSeq()], e)
	}
}

func (l *fileLog) Read(ctx context.Context, since uint64) (*classpb.State, []*classpb.Event, error) {
	if l.file == nil {
		return nil, nil, ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if l.last == 0 {
		return nil, nil, nil
	}
	var snapshot *classpb.State
	_, seq, tail := l.compacted()
	if since < seq {
		if snapshot, tail = l.readSnapshot(); snapshot == nil {
			seq = 0
		} else {
			seq, since = snapshot.GetSeq(), snapshot.GetSeq()
		}
	}
	s, err := l.scan(tail, seq)
	events := s.events
	for len(events) > 0 && events[0].GetSeq() <= since {
		events = events[1:]
	}
	return snapshot, events, err
}

func (l *fileLog) compacted() (lastCopy, seq uint64, tail int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lastCopy, l.snapshot, l.tail
}

func (l *fileLog) Compact(ctx context.Context, snapshot *classpb.State) error {
	upTo := snapshot.GetSeq()
	last, seq, _ := l.compacted()
	switch {
	case upTo > last:
		return fmt.Errorf("compact at %d: %w", upTo, ErrGap)
	case upTo <= seq:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	tail := l.startAfter(upTo)
	content, err := encodeSnapshot(snapshot, tail)
	if err != nil {
		return fmt.Errorf("encode snapshot: %w", err)
	}
	if err := replaceFile(l.base+snapshotSuffix, content); err != nil {
		return fmt.Errorf("write snapshot: %w", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.snapshot, l.tail = upTo, tail
	for len(l.starts) > 0 && l.starts[0].offset < tail {
		l.starts = l.starts[1:]
	}
	return nil
}

// startAfter is where the record begins that holds the event after seq.
func (l *fileLog) startAfter(seq uint64) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq >= l.lastCopy {
		return l.endCopy
	}
	i := sort.Search(len(l.starts), func(i int) bool { return l.starts[i].seq > seq+1 })
	return l.starts[i-1].offset
}

// Close renames the log of an ended session, and removes one that holds nothing.
func (l *fileLog) Close() error {
	if l.file == nil {
		return nil
	}
	mended := l.mend()
	err := l.file.Close()
	l.file = nil
	switch {
	case l.last == 0:
		err = errors.Join(err, os.Remove(l.path()))
	case l.ended:
		err = errors.Join(err, os.Rename(l.path(), l.base+endedSuffix))
		if e := os.Remove(l.base + snapshotSuffix); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	default:
		return errors.Join(mended, err)
	}
	return errors.Join(mended, err, syncDirectory(filepath.Dir(l.base)))
}
