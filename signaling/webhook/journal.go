package webhook

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	lk "github.com/livekit/protocol/livekit"
	"google.golang.org/protobuf/encoding/protojson"
)

// The journal is lines of JSON, each a record. An event is synced before it is sent; that it was
// delivered need not be: at worst it is sent again, under its id. A crash tears the last line at
// most, which nobody was told of.
const (
	journalName = "webhooks.jsonl"
	// compactAbove: a journal of fewer bytes is left alone, and one that has not doubled.
	compactAbove = 1 << 20
)

// record is one line. Exactly one of its groups is set.
type record struct {
	// An event to be sent to every receiver.
	N       uint64          `json:"n,omitempty"`
	Session string          `json:"session,omitempty"`
	Event   json.RawMessage `json:"event,omitempty"` // livekit.WebhookEvent
	Told    bool            `json:"told,omitempty"`  // it is here for the story alone: nothing is to be sent
	Old     bool            `json:"old,omitempty"`   // it is here to be sent alone: the story goes on from later

	// What became of event N at a receiver.
	Receiver string `json:"receiver,omitempty"` // receiverID
	Lost     int32  `json:"lost,omitempty"`     // dropped; without N: so many, of the session
	Said     int32  `json:"said,omitempty"`     // delivered, and that so many were lost
}

// journal is the file; the zero value keeps nothing.
type journal struct {
	path      string
	lock      *os.File // held: two programs on one journal would spoil it
	file      *os.File
	size      int64
	compacted int64 // size after the last compaction
}

// openJournal reads what is there and hands each record to take, then stands ready to append.
// Lines that cannot be read are told to bad.
func openJournal(dir string, take func(record), bad func(error)) (*journal, error) {
	if dir == "" {
		return &journal{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j := &journal{path: filepath.Join(dir, journalName)}
	var err error
	if j.lock, err = lockFile(filepath.Join(dir, "lock")); err != nil {
		return nil, err
	}
	if j.file, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600); err == nil {
		err = errors.Join(j.read(take, bad), syncDir(dir))
	}
	if err != nil {
		return nil, errors.Join(err, j.close())
	}
	return j, nil
}

func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: another program has it: %w", path, err), f.Close())
	}
	return f, nil
}

func (j *journal) read(take func(record), bad func(error)) error {
	r := bufio.NewReaderSize(j.file, 64<<10)
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) { // what stands behind the last newline was torn
			if err := j.file.Truncate(j.size); err != nil {
				return err
			}
			_, err := j.file.Seek(j.size, io.SeekStart)
			j.compacted = j.size
			return err
		}
		if err != nil {
			return err
		}
		var rec record
		if err := json.Unmarshal(line, &rec); err != nil {
			bad(fmt.Errorf("at byte %d: %w", j.size, err))
		} else {
			take(rec)
		}
		j.size += int64(len(line))
	}
}

// append writes records, and syncs them if they must be kept. On error the file is as it was.
func (j *journal) append(records []record, synced bool) error {
	if j.file == nil || len(records) == 0 {
		return nil
	}
	text, err := encodeRecords(records)
	if err != nil {
		return err
	}
	_, err = j.file.Write(text)
	if err == nil && synced {
		err = j.file.Sync()
	}
	if err != nil {
		_, seek := j.file.Seek(j.size, io.SeekStart)
		return errors.Join(err, j.file.Truncate(j.size), seek)
	}
	j.size += int64(len(text))
	return nil
}

// grown says whether it is time to compact.
func (j *journal) grown() bool {
	return j.file != nil && j.size > compactAbove && j.size > 2*j.compacted
}

// replace makes the journal these records, in one step.
func (j *journal) replace(records []record) error {
	text, err := encodeRecords(records)
	if err != nil {
		return err
	}
	next, err := os.OpenFile(j.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	if err == nil {
		err = next.Sync()
	}
	if err == nil {
		err = os.Rename(j.path+".new", j.path)
	}
	if err != nil {
		return errors.Join(err, next.Close())
	}
	old := j.file
	j.file, j.size, j.compacted = next, int64(len(text)), int64(len(text))
	return errors.Join(old.Close(), syncDir(filepath.Dir(j.path)))
}

func (j *journal) close() (err error) {
	for _, f := range []*os.File{j.file, j.lock} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

func encodeRecords(records []record) ([]byte, error) {
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for _, r := range records {
		if err := lines.Encode(r); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// encodeEvent is an event as receivers get it, but for num_dropped.
func encodeEvent(e *lk.WebhookEvent) (json.RawMessage, error) { return protojson.Marshal(e) }

func decodeEvent(raw json.RawMessage) (*lk.WebhookEvent, error) {
	e := &lk.WebhookEvent{}
	return e, protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(raw, e)
}
