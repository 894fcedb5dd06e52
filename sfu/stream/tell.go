package stream

import (
	"errors"
	"fmt"
	"io"
	"net"
)

// ErrUnknown is for a connection that begins neither as HTTP nor as TURN does.
var ErrUnknown = errors.New("begins neither as HTTP nor as TURN")

// Told is a connection whose first bytes have been looked at; Read yields them first.
type Told struct {
	net.Conn
	first []byte
}

// Tell reads just enough of a connection to know whether TURN or HTTP is spoken on it: at most
// eight bytes. The caller sets the deadline. A STUN message begins with two zero bits and has its
// magic cookie (RFC 8489, section 5), and a client of TURN begins with one; a request of HTTP
// begins with a letter.
func Tell(c net.Conn) (told *Told, turn bool, err error) {
	told = &Told{Conn: c, first: make([]byte, 0, cookieEnd)}
	if err := told.more(1); err != nil {
		return nil, false, err
	}
	if b := told.first[0] | 0x20; b >= 'a' && b <= 'z' {
		return told, false, nil
	}
	if told.first[0]>>6 != 0 {
		return nil, false, ErrUnknown
	}
	if err := told.more(cookieEnd - len(told.first)); err != nil {
		return nil, false, err
	}
	if !hasCookie(told.first) {
		return nil, false, ErrUnknown
	}
	return told, true, nil
}

// more reads at least n bytes more, and no more than fit.
func (t *Told) more(n int) error {
	have := len(t.first)
	got, err := io.ReadAtLeast(t.Conn, t.first[have:cap(t.first)], n)
	t.first = t.first[:have+got]
	if errors.Is(err, io.EOF) && len(t.first) > 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("reading the first bytes: %w", err)
	}
	return nil
}

// Read yields the bytes looked at, then what follows.
func (t *Told) Read(p []byte) (int, error) {
	if len(t.first) == 0 {
		return t.Conn.Read(p)
	}
	n := copy(p, t.first)
	t.first = t.first[n:]
	return n, nil
}
