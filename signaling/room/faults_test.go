package room

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// disk is a file on a disk that can be made to fail.
type disk struct {
	file
	full      *bool // writes get half through, then ENOSPC
	unsynced  *bool // fsync fails
	untouched *bool // truncation fails
}

func (d disk) WriteAt(b []byte, at int64) (int, error) {
	if *d.full {
		n, _ := d.file.WriteAt(b[:len(b)/2], at)
		return n, syscall.ENOSPC
	}
	return d.file.WriteAt(b, at)
}

func (d disk) Sync() error {
	if *d.unsynced {
		return syscall.EIO
	}
	return d.file.Sync()
}

func (d disk) Truncate(size int64) error {
	if *d.untouched {
		return syscall.EIO
	}
	return d.file.Truncate(size)
}

// failing is a data directory on such a disk.
type failing struct {
	Logs
	dir                       string
	full, unsynced, untouched bool
}

func newFailing(t *testing.T) *failing {
	t.Helper()
	f := &failing{dir: t.TempDir()}
	logs, err := NewFileLogs(f.dir, FileOptions{open: func(path string, flag int) (file, error) {
		real, err := openLocked(path, flag)
		if err != nil {
			return nil, err
		}
		return disk{real, &f.full, &f.unsynced, &f.untouched}, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	f.Logs = logs
	return f
}

func numbered(from, to uint64) []*classpb.Event {
	var events []*classpb.Event
	for seq := from; seq <= to; seq++ {
		events = append(events, &classpb.Event{
			Session: "RM_a", Seq: seq, Schema: 1,
			Body: &classpb.Event_TitleSet{TitleSet: &classpb.TitleSet{Title: "a title"}},
		})
	}
	return events
}

func filled(t *testing.T, logs Logs, n uint64) Log {
	t.Helper()
	l, err := logs.Create(t.Context(), "", "maths", "RM_a")
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := l.Append(t.Context(), 0, i, numbered(i+1, i+1)); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func reads(t *testing.T, l Log, last uint64) {
	t.Helper()
	_, events, err := l.Read(t.Context(), 0)
	if err != nil || len(events) != int(last) {
		t.Fatalf("read %d events and %v, want %d", len(events), err, last)
	}
}

func TestAFailedAppendLeavesTheLogAsItWas(t *testing.T) {
	for name, fail := range map[string]func(*failing, bool){
		"disk full":                       func(f *failing, on bool) { f.full = on },
		"disk full, truncation fails too": func(f *failing, on bool) { f.full, f.untouched = on, on },
		"fsync fails":                     func(f *failing, on bool) { f.unsynced = on },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFailing(t)
			l := filled(t, f, 3)
			fail(f, true)
			for range 2 {
				if err := l.Append(t.Context(), 0, 3, numbered(4, 6)); err == nil {
					t.Fatal("an append that failed was kept")
				}
				reads(t, l, 3)
			}
			fail(f, false)
			if err := l.Append(t.Context(), 0, 3, numbered(4, 5)); err != nil {
				t.Fatal(err)
			}
			reads(t, l, 5)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			events, err := ReadLogFile(filepath.Join(f.dir, "classes", "=", "maths", "RM_a.log"))
			if err != nil || len(events) != 5 {
				t.Fatalf("the file holds %d events and %v", len(events), err)
			}
		})
	}
}

// onDisk is the file of a session that held n events, each in a record.
func onDisk(t *testing.T, n uint64) (logs Logs, path string, content []byte) {
	t.Helper()
	f := newFailing(t)
	if err := filled(t, f, n).Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(f.dir, "classes", "=", "maths", "RM_a.log")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, path, content
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestATornRecordIsCutOff(t *testing.T) {
	logs, path, content := onDisk(t, 3)
	length := len(content) / 3
	for cut := 1; cut < length; cut++ {
		for name, torn := range map[string][]byte{
			"cut off":            content[:len(content)-cut],
			"cut off and zeroed": append(append([]byte(nil), content[:len(content)-cut]...), make([]byte, cut)...),
			"head not written":   append(append([]byte(nil), content[:2*length]...), append(make([]byte, length-cut), content[len(content)-cut:]...)...),
		} {
			write(t, path, torn)
			found, err := logs.OpenSessions(t.Context())
			if err != nil || len(found) != 1 {
				t.Fatalf("%s by %d: found %v, %v", name, cut, found, err)
			}
			reads(t, found[0].Log, 2)
			if err := found[0].Log.Append(t.Context(), 0, 2, numbered(3, 4)); err != nil {
				t.Fatal(err)
			}
			reads(t, found[0].Log, 4)
			if err := found[0].Log.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestADamagedLogIsReportedAndKept(t *testing.T) {
	logs, path, content := onDisk(t, 3)
	damaged := append([]byte(nil), content...)
	damaged[len(content)/3+headerLength+3] ^= 1
	write(t, path, damaged)
	found, err := logs.OpenSessions(t.Context())
	var damage *DamageError
	if !errors.As(err, &damage) || len(found) != 0 || damage.Offset != int64(len(content)/3) || damage.Path == "" {
		t.Fatalf("found %v, %v", found, err)
	}
	aside := filepath.Join(filepath.Dir(path), "RM_a.damaged.log")
	if events, err := ReadLogFile(aside); len(events) != 1 || !errors.As(err, &damage) {
		t.Errorf("%d events can be read of it, and %v", len(events), err)
	}
	if found, err := logs.OpenSessions(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("found %v, %v at the next start", found, err)
	}
}

func TestASnapshotThatCannotBeReadCostsNothing(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"changed":  func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"cut":      func(b []byte) []byte { return b[:len(b)-5] },
		"empty":    func([]byte) []byte { return nil },
		"too late": func([]byte) []byte { b, _ := encodeSnapshot(&classpb.State{Seq: 900}, 1<<40); return b },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFailing(t)
			l := filled(t, f, 9)
			if err := errors.Join(l.Compact(t.Context(), &classpb.State{Session: "RM_a", Seq: 5}), l.Close()); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(f.dir, "classes", "=", "maths", "RM_a.snapshot")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, spoil(content))
			found, err := f.OpenSessions(t.Context())
			if err != nil || len(found) != 1 {
				t.Fatalf("found %v, %v", found, err)
			}
			defer found[0].Log.Close()
			reads(t, found[0].Log, 9)
		})
	}
}

func TestALeftoverOfACompactionIsSweptUp(t *testing.T) {
	logs, path, _ := onDisk(t, 3)
	leftover := filepath.Join(filepath.Dir(path), "RM_a.snapshot.tmp")
	write(t, leftover, []byte("half a snap"))
	found, err := logs.OpenSessions(context.Background())
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	defer found[0].Log.Close()
	if _, err := os.Stat(leftover); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// FuzzScan: whatever a file holds, reading it does not fail but say so, and
// what it yields is whole: in order, and the same when it is written again.
func FuzzScan(f *testing.F) {
	var good []byte
	for i := range uint64(3) {
		payload, _ := proto.Marshal(&classpb.Batch{Events: numbered(2*i+1, 2*i+2)})
		good = appendRecord(good, recordMagic, payload)
	}
	f.Add(good, uint16(0), byte(0))
	f.Add(good, uint16(50), byte(1))
	f.Add(good[:len(good)-7], uint16(0), byte(0))
	f.Add(append(good, make([]byte, 100)...), uint16(0), byte(0))
	f.Add(appendRecord(nil, recordMagic, nil), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, b []byte, at uint16, flip byte) {
		b = append([]byte(nil), b...)
		if int(at) < len(b) {
			b[at] ^= flip
		}
		s, err := scanRecords(b, 0, 0)
		var damage *DamageError
		if err != nil && !errors.As(err, &damage) {
			t.Fatal(err)
		}
		if s.end < 0 || s.end > int64(len(b)) || err == nil && s.end+s.torn != int64(len(b)) {
			t.Fatalf("of %d bytes %d are whole and %d torn", len(b), s.end, s.torn)
		}
		for i, e := range s.events {
			if e.GetSeq() != uint64(i)+1 {
				t.Fatalf("event %d has number %d", i, e.GetSeq())
			}
		}
		again, err := scanRecords(b[:s.end], 0, 0)
		if err != nil || len(again.events) != len(s.events) || again.torn != 0 {
			t.Fatalf("what was whole is not: %v", err)
		}
	})
}

func FuzzSnapshot(f *testing.F) {
	good, _ := encodeSnapshot(&classpb.State{Seq: 5, Title: "Maths"}, 77)
	f.Add(good)
	f.Add(good[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		if state, tail, err := decodeSnapshot(b); err == nil && (state == nil || tail < 0) {
			t.Fatalf("read %v and %d", state, tail)
		}
	})
}
