package stream

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	stunHeader    = 20
	magicCookie   = 0x2112A442 // RFC 8489, section 5
	channelHeader = 4
	// cookieEnd is how many bytes it takes to know a STUN message: type, length, cookie.
	cookieEnd = 8
)

var (
	// ErrNotTURN is for bytes that are neither a STUN message nor channel data.
	ErrNotTURN = errors.New("neither STUN nor channel data")
	// ErrTooLong is for a message larger than the caller takes.
	ErrTooLong = errors.New("message too long")
)

// ReadFrame reads one whole STUN message or channel data message (RFC 8656, section 12.5: padded
// to four bytes over a stream) into p. A stream that yields an error has lost its framing.
func ReadFrame(r *bufio.Reader, p []byte) (int, error) {
	head, err := r.Peek(channelHeader)
	if err != nil {
		return 0, err
	}
	size := int(binary.BigEndian.Uint16(head[2:]))
	switch head[0] >> 6 {
	case 0:
		if head, err = r.Peek(cookieEnd); err != nil {
			return 0, err
		}
		if !hasCookie(head) || size%4 != 0 {
			return 0, ErrNotTURN
		}
		size += stunHeader
	case 1:
		size = channelHeader + (size+3)&^3
	default:
		return 0, ErrNotTURN
	}
	if size > len(p) {
		return 0, fmt.Errorf("%w: %d bytes", ErrTooLong, size)
	}
	return io.ReadFull(r, p[:size])
}

func hasCookie(b []byte) bool { return binary.BigEndian.Uint32(b[4:]) == magicCookie }
