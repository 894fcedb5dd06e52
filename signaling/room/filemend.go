package room

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// errUnsynced: pages of the file may or may not be on disk, and the kernel will
// not say again: after a failed fsync it counts them as written.
var errUnsynced = errors.New("fsync failed")

// write adds a record and makes it last. On error nothing was appended, or
// broken says what is to be done before the next.
func (l *fileLog) write(record []byte) error {
	_, err := l.file.WriteAt(record, l.end)
	if err != nil {
		l.broken = err
		return errors.Join(err, l.mend())
	}
	if err := l.file.Sync(); err != nil {
		l.broken = fmt.Errorf("%w: %w", errUnsynced, err)
		return errors.Join(l.broken, l.mend())
	}
	return nil
}

// mend brings the file back to what was answered: after a failed write by
// cutting off what of it got through, after a failed fsync by writing the file
// anew. What fails is tried again at the next append.
func (l *fileLog) mend() error {
	if l.broken == nil {
		return nil
	}
	if errors.Is(l.broken, errUnsynced) {
		if err := l.rewrite(); err != nil {
			return fmt.Errorf("write the log anew: %w", err)
		}
	} else if err := l.file.Truncate(l.end); err != nil {
		return fmt.Errorf("cut off: %w", err)
	}
	l.log.Info("a log is whole again after a failed write", "file", l.path(), "was", l.broken)
	l.broken = nil
	return nil
}

// rewrite replaces the file by a copy of what was answered.
func (l *fileLog) rewrite() error {
	content := []byte(nil)
	if l.end > 0 {
		b, err := readFrom(l.file, 0, l.end)
		if err != nil {
			return err
		}
		content = b
	}
	fresh, err := l.open(l.path()+temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	_, err = fresh.WriteAt(content, 0)
	if err == nil {
		err = fresh.Sync()
	}
	if err == nil {
		err = os.Rename(l.path()+temporary, l.path())
	}
	if err != nil {
		return errors.Join(err, fresh.Close(), os.Remove(l.path()+temporary))
	}
	err = l.file.Close()
	l.file = fresh
	return errors.Join(err, syncDirectory(filepath.Dir(l.base)))
}
