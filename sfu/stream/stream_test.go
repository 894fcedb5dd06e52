package stream

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
)

// binding is a STUN binding request without attributes.
var binding = append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)

// reads is a connection of which only the reading matters.
type reads struct {
	net.Conn
	io.Reader
}

func (r reads) Read(p []byte) (int, error) { return r.Reader.Read(p) }

func TestTellReadsNoMoreThanItNeedsAndLosesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		sent string
		turn bool
		err  error
	}{
		"a request":        {"GET / HTTP/1.1\r\n\r\n", false, nil},
		"one letter":       {"P", false, nil},
		"STUN":             {string(binding), true, nil},
		"STUN in part":     {string(binding[:9]), true, nil},
		"channel data":     {"\x40\x00\x00\x04abcd", false, ErrUnknown},
		"no cookie":        {"\x00\x01\x00\x00\x00\x00\x00\x00....", false, ErrUnknown},
		"RTP":              {"\x80\x60\x00\x01\x00\x00\x00\x00", false, ErrUnknown},
		"nothing":          {"", false, io.EOF},
		"too few for STUN": {"\x00\x01\x00", false, io.ErrUnexpectedEOF},
	} {
		for _, slow := range []bool{false, true} {
			var from io.Reader = bytes.NewReader([]byte(c.sent))
			if slow {
				from = iotest.OneByteReader(from)
			}
			told, turn, err := Tell(reads{Reader: from})
			if turn != c.turn || !errors.Is(err, c.err) {
				t.Errorf("%s: TURN %v, error %v", name, turn, err)
			}
			if err != nil {
				continue
			}
			if all, err := io.ReadAll(told); err != nil || string(all) != c.sent {
				t.Errorf("%s: read %q afterwards, %v", name, all, err)
			}
		}
	}
}

func TestReadFrame(t *testing.T) {
	channel := []byte{0x40, 1, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0}
	r := bufio.NewReader(iotest.OneByteReader(bytes.NewReader(append(append([]byte(nil), binding...), channel...))))
	p := make([]byte, 64)
	for _, want := range [][]byte{binding, channel} {
		n, err := ReadFrame(r, p)
		if err != nil || !bytes.Equal(p[:n], want) {
			t.Fatalf("read %x, %v", p[:n], err)
		}
	}
	if _, err := ReadFrame(r, p); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	for name, c := range map[string]struct {
		sent string
		want error
	}{
		"HTTP":             {"GET / HTTP/1.1\r\n", ErrTooLong}, // as channel data of 0x2020 bytes
		"RTP":              {"\x80\x60\x00\x01", ErrNotTURN},
		"no cookie":        {"\x00\x01\x00\x00abcd", ErrNotTURN},
		"uneven length":    {"\x00\x01\x00\x01\x21\x12\xa4\x42", ErrNotTURN},
		"too long":         {"\x00\x01\xff\xfc\x21\x12\xa4\x42", ErrTooLong},
		"too long channel": {"\x40\x00\xff\xff", ErrTooLong},
		"cut off":          {string(binding[:19]), io.ErrUnexpectedEOF},
	} {
		if _, err := ReadFrame(bufio.NewReader(bytes.NewReader([]byte(c.sent))), p); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLimitBySourceAndInAll(t *testing.T) {
	l := NewLimit(4, 2)
	from := func(s string) net.Addr {
		a, err := net.ResolveTCPAddr("tcp", s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := l.Take(from("192.0.2.1:1"))
	if first == nil || l.Take(from("192.0.2.1:2")) == nil {
		t.Fatal("refused below the bound")
	}
	if l.Take(from("192.0.2.1:3")) != nil {
		t.Error("three of one source")
	}
	if l.Take(from("[2001:db8::1]:1")) == nil || l.Take(from("[2001:db8::2]:1")) == nil {
		t.Fatal("another source is refused")
	}
	if l.Take(from("192.0.2.2:1")) != nil {
		t.Error("five in all")
	}
	first()
	first()
	if l.Held() != 3 {
		t.Errorf("%d are counted", l.Held())
	}
	if l.Take(from("[2001:db8::3]:1")) != nil {
		t.Error("an IPv6 network of 64 bits is several sources")
	}
	if l.Take(from("192.0.2.1:4")) == nil {
		t.Error("what was released is not free")
	}
}

func FuzzReadFrame(f *testing.F) {
	f.Add(binding)
	f.Add([]byte{0x40, 1, 0, 5, 'h', 'e', 'l', 'l', 'o', 0, 0, 0, 0x41})
	f.Fuzz(func(t *testing.T, sent []byte) {
		r, p, read := bufio.NewReader(bytes.NewReader(sent)), make([]byte, 256), 0
		for {
			n, err := ReadFrame(r, p)
			if err != nil {
				return
			}
			if n < channelHeader || n%4 != 0 || !bytes.Equal(p[:n], sent[read:read+n]) {
				t.Fatalf("a message of %d bytes at %d", n, read)
			}
			read += n
		}
	})
}

func FuzzTell(f *testing.F) {
	f.Add(binding)
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		told, turn, err := Tell(reads{Reader: bytes.NewReader(sent)})
		if err != nil {
			return
		}
		if all, _ := io.ReadAll(told); !bytes.Equal(all, sent) || turn == (sent[0] >= 'A') {
			t.Fatalf("TURN %v, then %q", turn, all)
		}
	})
}
