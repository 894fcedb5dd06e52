package room_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"preau/signaling/classpb"
	"preau/signaling/room"
)

// The bell: 300 pupils join, attach and talk, all at once, onto a disk.
func TestTheBell(t *testing.T) {
	appends, events := 0, 0
	o := room.Options{Mailbox: 64, Metrics: room.Metrics{Appended: func(n int, _ time.Duration, _ error) { appends++; events += n }}}
	h, stop := open(t, &restarting{t: t, dir: t.TempDir()}, o)
	defer stop()
	r := maths(t, h)
	defer r.Connected(teacher(t, r))()
	var all sync.WaitGroup
	listeners := make([]*listener, 300)
	for i := range listeners {
		all.Go(func() {
			who := join(t, r, fmt.Sprint("pupil ", i), classpb.Role_ROLE_PUPIL)
			listeners[i] = attach(t, r, who)
			defer r.Connected(who)()
			do(t, r, who, say("hello", fmt.Sprint(i)))
		})
	}
	all.Wait()
	full := state(t, r)
	if n := len(full.GetChat()); n != 300 {
		t.Errorf("%d messages, want 300", n)
	}
	for i, l := range listeners {
		if n := len(l.state.GetChat()); n != 300 {
			t.Fatalf("pupil %d holds %d messages, want 300", i, n)
		}
	}
	stop()
	if appends*2 > events {
		t.Errorf("%d appends for %d events: they share too little", appends, events)
	}
}
