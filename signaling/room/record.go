package room

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// The file of a session is records, one after the other, one for each append:
//
//	offset  bytes
//	0       4      magic: F2 'P' 'L' and the format's version, 01
//	4       4      n, length of the payload in bytes, little-endian
//	8       4      CRC-32C (Castagnoli, RFC 3720 appendix B.4) of n and the payload, little-endian
//	12      n      payload: a preau.class.v1.Batch; through is the last event's number
//
// An append is answered when its record is fsynced, and the next is written
// only then. So a crash tears the last record at most, whatever order the disk
// writes its pages in: after a torn record no whole one can follow. A record
// that does not check out and is followed by one that does is damage.
//
// A snapshot's file is one record whose payload is a preau.class.v1.State,
// preceded by 8 bytes: where in the session's file the record with the first
// event after the snapshot begins, little-endian; magic with version byte 81.
const (
	headerLength = 12
	// maxRecord bounds a payload. An append is at most a mailbox full of
	// commands, each a few kB; a snapshot is of at most 2,000 people.
	maxRecord = 64 << 20
)

var (
	recordMagic   = [4]byte{0xf2, 'P', 'L', 0x01}
	snapshotMagic = [4]byte{0xf2, 'P', 'L', 0x81}
	castagnoli    = crc32.MakeTable(crc32.Castagnoli)

	errTorn = errors.New("not a whole record")
)

// appendRecord frames a payload.
func appendRecord(b []byte, magic [4]byte, payload []byte) []byte {
	b = append(b, magic[:]...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	sum := crc32.Update(crc32.Checksum(b[len(b)-4:], castagnoli), castagnoli, payload)
	b = binary.LittleEndian.AppendUint32(b, sum)
	return append(b, payload...)
}

// cutRecord yields the payload of the record that b begins with and what
// follows it; both are parts of b. errTorn: b does not begin with a whole one.
func cutRecord(b []byte, magic [4]byte) (payload, rest []byte, err error) {
	if len(b) < headerLength || !bytes.Equal(b[:4], magic[:]) {
		return nil, nil, errTorn
	}
	n := binary.LittleEndian.Uint32(b[4:])
	if n > maxRecord || int(n) > len(b)-headerLength {
		return nil, nil, errTorn
	}
	payload = b[headerLength : headerLength+int(n)]
	sum := crc32.Update(crc32.Checksum(b[4:8], castagnoli), castagnoli, payload)
	if sum != binary.LittleEndian.Uint32(b[8:]) {
		return nil, nil, errTorn
	}
	return payload, b[headerLength+int(n):], nil
}

// scan is what a session's file holds.
type scan struct {
	events []*classpb.Event
	starts []recordStart
	end    int64 // behind the last whole record
	torn   int64 // bytes behind end that a crash left: never answered
}

// recordStart says where the record begins whose first event is seq.
type recordStart struct {
	seq    uint64
	offset int64
}

// scanRecords reads records from b, which stands at offset in its file, whose
// first event must be number after+1 or lower. On a *DamageError the scan holds
// what stands before the damage.
func scanRecords(b []byte, offset int64, after uint64) (scan, error) {
	s := scan{end: offset}
	for len(b) > 0 {
		payload, rest, err := cutRecord(b, recordMagic)
		if err != nil {
			s.torn = int64(len(b))
			if wholeRecordIn(b[1:]) {
				return s, &DamageError{Offset: s.end, Reason: "a record does not check out, and others follow it"}
			}
			return s, nil
		}
		var batch classpb.Batch
		if err := proto.Unmarshal(payload, &batch); err != nil {
			return s, &DamageError{Offset: s.end, Reason: fmt.Sprintf("a record cannot be understood: %v", err)}
		}
		if err := s.take(batch.GetEvents(), after); err != nil {
			return s, err
		}
		s.end += int64(len(b) - len(rest))
		b = rest
	}
	return s, nil
}

func (s *scan) take(events []*classpb.Event, after uint64) error {
	if len(events) == 0 {
		return nil
	}
	next := events[0].GetSeq()
	if n := len(s.events); n > 0 {
		after = s.events[n-1].GetSeq()
	} else if next <= after {
		after = next - 1 // the snapshot's last events are in this record too
	}
	for i, e := range events {
		if e.GetSeq() != after+1+uint64(i) || e.GetSeq() == 0 {
			return &DamageError{Offset: s.end, Reason: fmt.Sprintf("number %d stands where %d should", e.GetSeq(), after+1+uint64(i))}
		}
	}
	s.starts = append(s.starts, recordStart{next, s.end})
	s.events = append(s.events, events...)
	return nil
}

// wholeRecordIn looks for a whole record anywhere in b.
func wholeRecordIn(b []byte) bool {
	for {
		at := bytes.Index(b, recordMagic[:])
		if at < 0 {
			return false
		}
		if _, _, err := cutRecord(b[at:], recordMagic); err == nil {
			return true
		}
		b = b[at+1:]
	}
}

// encodeSnapshot is a snapshot's file; tail is where the events after it begin.
func encodeSnapshot(state *classpb.State, tail int64) ([]byte, error) {
	body, err := proto.Marshal(state)
	if err != nil {
		return nil, err
	}
	payload := append(binary.LittleEndian.AppendUint64(nil, uint64(tail)), body...)
	return appendRecord(nil, snapshotMagic, payload), nil
}

func decodeSnapshot(b []byte) (state *classpb.State, tail int64, err error) {
	payload, rest, err := cutRecord(b, snapshotMagic)
	if err != nil {
		return nil, 0, err
	}
	if len(rest) > 0 || len(payload) < 8 {
		return nil, 0, errTorn
	}
	tail = int64(binary.LittleEndian.Uint64(payload))
	if tail < 0 {
		return nil, 0, fmt.Errorf("the tail begins at byte %d", tail)
	}
	state = &classpb.State{}
	if err := proto.Unmarshal(payload[8:], state); err != nil {
		return nil, 0, err
	}
	return state, tail, nil
}
