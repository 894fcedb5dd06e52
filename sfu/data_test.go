package sfu

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

func TestDataChannels(t *testing.T) {
	for _, one := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", one), func(t *testing.T) {
			n := testNode(t, Options{})
			c := join(t, n.Router("t/class"), "PA_a", one)
			c.until("channels", func() bool { return len(c.channels) >= 3 })
			up := c.channels["_reliable"]
			for i := range 50 {
				if err := up.Send(fmt.Appendf(nil, "up %d", i)); err != nil && one {
					t.Fatal(err)
				}
			}
			if one {
				c.until("all messages up, in order", func() bool {
					next := 0
					for _, e := range c.seen {
						if d, ok := e.(DataEvent); ok && d.Kind == DataReliable && bytes.Equal(d.Payload, fmt.Appendf(nil, "up %d", next)) {
							next++
						}
					}
					return next == 50
				})
			}
			for _, kind := range []DataKind{DataReliable, DataLossy, DataTrack} {
				var err error
				c.until("the server's end open", func() bool {
					err = c.peer.Send(kind, fmt.Appendf(nil, "down %d", kind))
					return !errors.Is(err, ErrNoChannel)
				})
				if err != nil {
					t.Fatal(err)
				}
				c.until("a message down", func() bool {
					_, ok := find(c, func(d DataEvent) bool { return string(d.Payload) == fmt.Sprintf("down %d", kind) })
					return ok
				})
			}
			if err := c.peer.Send(DataReliable, make([]byte, maxData+1)); !errors.Is(err, ErrTooLarge) {
				t.Errorf("a message too large: %v", err)
			}
		})
	}
}
