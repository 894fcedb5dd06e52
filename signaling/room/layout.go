package room

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The data directory:
//
//	classes/TENANT/NAME/SESSION.log          a session that has not ended
//	classes/TENANT/NAME/SESSION.snapshot     where a start begins to read it
//	classes/TENANT/NAME/SESSION.ended.log    one that has; kept whole
//	classes/TENANT/NAME/SESSION.damaged.log  one that could not be read; kept as found
//
// Tenants and names are escaped, long ones cut and told apart by a hash: what
// they really are stands in the log's first event, so nothing is ever read back
// from a path. Files hold names and chat: they are the program's user's alone.
const (
	openSuffix     = ".log"
	endedSuffix    = ".ended.log"
	damagedSuffix  = ".damaged.log"
	snapshotSuffix = ".snapshot"
	temporary      = ".tmp"

	directoryMode = 0o700
	fileMode      = 0o600

	longestName = 120 // of 255 bytes, with room for a hash and suffixes
)

// escapeName makes any string a file name: letters, digits, "-" and "_" stay,
// other bytes become %XX. The empty one becomes "=".
func escapeName(s string) string {
	if s == "" {
		return "="
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() <= longestName {
		return b.String()
	}
	sum := sha256.Sum256([]byte(s))
	return b.String()[:longestName] + "=" + hex.EncodeToString(sum[:16])
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}

// openSession says whether a file is the log of a session that has not ended,
// and which.
func openSession(file string) (session string, ok bool) {
	session, ok = strings.CutSuffix(file, openSuffix)
	return session, ok && session != "" && !strings.Contains(session, ".")
}

// makeDirectory makes a directory with its parents, each durable in its own.
func makeDirectory(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeDirectory(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, directoryMode); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDirectory(parent)
}

// syncDirectory makes what was created, renamed and removed in it last.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	return errors.Join(err, d.Close())
}

// replaceFile writes a file so that after a crash there is the old one or the
// new one, whole.
func replaceFile(path string, content []byte) error {
	f, err := os.OpenFile(path+temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(path+temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(path+temporary))
	}
	return syncDirectory(filepath.Dir(path))
}
