package room

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"preau/signaling/classpb"
)

// FileOptions of a data directory. The zero value works.
type FileOptions struct {
	Log *slog.Logger // nil: nothing is logged

	// open opens a session's file; tests put their faults here.
	open func(path string, flag int) (file, error)
}

// fileLogs keeps sessions in a directory. A session's file is locked by who
// holds it open, so that two programs on one directory cannot both write.
type fileLogs struct {
	root string
	log  *slog.Logger
	open func(path string, flag int) (file, error)
}

// NewFileLogs keeps sessions below dir, which is made if need be. What is
// appended is on disk when Append returns: every append is one fsync, and what
// comes meanwhile shares the next.
func NewFileLogs(dir string, o FileOptions) (Logs, error) {
	root := filepath.Join(dir, "classes")
	if err := makeDirectory(root); err != nil {
		return nil, fmt.Errorf("make the directory of class logs: %w", err)
	}
	l := &fileLogs{root: root, log: o.Log, open: o.open}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.open == nil {
		l.open = openLocked
	}
	return l, nil
}

// errHeld: another hold on the session's file.
var errHeld = errors.New("the log is held open elsewhere")

func openLocked(path string, flag int) (file, error) {
	f, err := os.OpenFile(path, flag, fileMode)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errHeld
		}
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (l *fileLogs) Create(_ context.Context, tenant, name, session string) (Log, error) {
	dir := filepath.Join(l.root, escapeName(tenant), escapeName(name))
	if err := makeDirectory(dir); err != nil {
		return nil, fmt.Errorf("create log of session %s: %w", session, err)
	}
	base := filepath.Join(dir, escapeName(session))
	f, err := l.open(base+openSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, fmt.Errorf("create log of session %s: %w", session, err)
	}
	if err := syncDirectory(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("create log of session %s: %w", session, err), f.Close(), os.Remove(base+openSuffix))
	}
	return &fileLog{base: base, log: l.log, open: l.open, file: f}, nil
}

func (l *fileLogs) OpenSessions(ctx context.Context) ([]Session, error) {
	var found []Session
	var faults []error
	err := filepath.WalkDir(l.root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			faults = append(faults, err) // one directory that cannot be read keeps no other class closed
			return nil
		case strings.HasSuffix(path, temporary):
			if err := os.Remove(path); err != nil { // a crash left it
				faults = append(faults, err)
			}
			return nil
		}
		if _, ok := openSession(d.Name()); !ok || d.IsDir() {
			return nil
		}
		s, ok, err := l.reopen(strings.TrimSuffix(path, openSuffix))
		if err != nil {
			faults = append(faults, err)
		} else if ok {
			found = append(found, s)
		}
		return nil
	})
	return found, errors.Join(append(faults, err)...)
}

// reopen takes up a session's log; false: there is nothing in it to go on with.
func (l *fileLogs) reopen(base string) (Session, bool, error) {
	f, err := l.open(base+openSuffix, os.O_RDWR)
	if errors.Is(err, errHeld) {
		return Session{}, false, nil
	} else if err != nil {
		return Session{}, false, fmt.Errorf("open log: %w", err)
	}
	log := &fileLog{base: base, log: l.log, open: l.open, file: f}
	first, err := log.load()
	var damage *DamageError
	if errors.As(err, &damage) {
		err = errors.Join(err, os.Rename(base+openSuffix, base+damagedSuffix))
	}
	if err != nil {
		return Session{}, false, errors.Join(err, f.Close())
	}
	if log.last == 0 || log.ended {
		return Session{}, false, log.Close()
	}
	first.Log = log
	return first, true, nil
}

// ReadLogFile yields every event in a session's file, an ended one's too, from
// number 1. With a *DamageError what stands before the damage is returned.
func ReadLogFile(path string) ([]*classpb.Event, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := scanRecords(b, 0, 0)
	return s.events, at(path, err)
}

// at says in a *DamageError which file it is about.
func at(path string, err error) error {
	var damage *DamageError
	if errors.As(err, &damage) {
		damage.Path = path
	}
	return err
}
