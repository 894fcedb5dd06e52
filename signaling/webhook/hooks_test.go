package webhook

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/room"
)

func TestEventsOfAClassInOrder(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		b := newInbox(t)
		s := start(t, room.NewMemoryLogs(), Options{URLs: []string{b.url}, Dir: dir})
		l := s.open("", "5b")
		s.open("nord", "other tenant's")
		l.enter("amina")
		l.publish("amina", "TR_1")
		l.join("basile")
		l.sid("basile", "PA_1") // its media never comes
		l.sid("basile", "PA_2")
		l.publish("basile", "TR_2") // told of when it has joined
		l.connected("basile", "PA_2")
		l.sid("amina", "PA_amina2") // joins anew
		l.connected("amina", "PA_amina2")
		l.remove("amina")
		l.unpublish("TR_2")
		l.end(class.Key("school"))
		b.expect(
			"", "room_started",
			"participant_joined amina", "track_published amina TR_1",
			"participant_connection_aborted basile",
			"participant_joined basile", "track_published basile TR_2",
			"track_unpublished amina TR_1", "participant_left amina", "participant_joined amina", "participant_left amina",
			"track_unpublished basile TR_2",
			"participant_left basile", "room_finished",
		)
		s.stop()
		ids := map[string]bool{}
		for _, e := range b.came {
			if ids[e.GetId()] || e.GetId() == "" {
				t.Errorf("the id %q comes again", e.GetId())
			}
			ids[e.GetId()] = true
			if e.GetRoom().GetName() != "5b" || e.GetRoom().GetSid() != l.Session() || time.Since(time.Unix(e.GetCreatedAt(), 0)) > time.Minute {
				t.Errorf("event %v", e)
			}
		}
		left, last := b.came[9], b.came[len(b.came)-1]
		if left.GetParticipant().GetDisconnectReason() != lk.DisconnectReason_PARTICIPANT_REMOVED || left.GetParticipant().GetSid() != "PA_amina2" ||
			left.GetParticipant().GetState() != lk.ParticipantInfo_DISCONNECTED || left.GetParticipant().GetName() != "N. amina" {
			t.Errorf("left: %v", left)
		}
		if last.GetRoomEndReason() != lk.RoomEndReason_ROOM_END_API_DELETE {
			t.Errorf("finished: %v", last)
		}
	}
}

// A receiver that fails, hangs and answers nonsense gets everything once it is well again: each
// event once, in order, under the id of its first attempt.
func TestReceiverThatIsUnwell(t *testing.T) {
	b, well := newInbox(t), newInbox(t)
	n := 0
	b.set(func(*lk.WebhookEvent) int {
		n++
		return []int{500, 302, 404, 200, 503, 200}[n%6]
	})
	s := start(t, room.NewMemoryLogs(), Options{URLs: []string{b.url, well.url}, Dir: t.TempDir(), Timeout: 300 * time.Millisecond})
	l := s.open("", "5b")
	l.enter("amina")
	all := []string{"room_started", "participant_joined amina"}
	b.expect("", all...)
	hang := make(chan struct{})
	b.mu.Lock()
	b.hang, b.mood = hang, nil
	b.mu.Unlock()
	l.publish("amina", "TR_1")
	l.unpublish("TR_1")
	all = append(all, "track_published amina TR_1", "track_unpublished amina TR_1")
	well.expect("", all...) // one receiver does not wait for another
	b.until("attempts that hang", func() bool { return len(b.tried) >= 2 })
	b.mu.Lock()
	b.hang = nil
	b.mu.Unlock()
	close(hang)
	b.expect("", all...)
	b.mu.Lock()
	defer b.mu.Unlock()
	if first := slices.Compact(slices.Clone(b.tried)); len(first) != len(all) {
		t.Errorf("attempts under %d ids for %d events: %v", len(first), len(all), b.tried)
	}
}

// A class whose events are not taken holds up no other.
func TestLanesDoNotWaitForEachOther(t *testing.T) {
	b := newInbox(t)
	b.set(func(e *lk.WebhookEvent) int {
		if e.GetRoom().GetName() == "poison" {
			return 500
		}
		return 200
	})
	s := start(t, room.NewMemoryLogs(), Options{URLs: []string{b.url}})
	s.open("", "poison")
	b.until("an attempt", func() bool { return len(b.tried) > 0 })
	l := s.open("", "5b")
	l.enter("amina")
	b.expect("5b", "room_started", "participant_joined amina")
	b.set(nil)
	b.expect("poison", "room_started")
}

// Above the bound the oldest are dropped, and how many is said.
func TestOverflow(t *testing.T) {
	b := newInbox(t)
	b.set(fails(500))
	s := start(t, room.NewMemoryLogs(), Options{URLs: []string{b.url}, Dir: t.TempDir(), MaxQueued: 3})
	l := s.open("", "5b")
	l.enter("amina")
	for i := range 10 {
		l.publish("amina", fmt.Sprint("TR_", i))
		l.unpublish(fmt.Sprint("TR_", i))
	}
	events := 2 + 20
	eventually(t, "all are queued or dropped", func() bool {
		s.hooks.mu.Lock()
		defer s.hooks.mu.Unlock()
		r := s.hooks.receivers[0]
		return s.hooks.stories[l.Session()] != nil && r.queued == 3 && int(r.lanes[l.Session()].lost) == events-3
	})
	b.set(nil)
	b.until("the newest", func() bool { return slices.Contains(b.namesLocked(""), "track_unpublished amina TR_9") })
	b.mu.Lock()
	dropped := 0
	for _, e := range b.came {
		//lint:ignore SA1019 there is no other way to be told
		dropped += int(e.GetNumDropped())
	}
	if len(b.came)+dropped != events || len(b.came) > 4 {
		t.Errorf("%d came, %d are said to be dropped, of %d", len(b.came), dropped, events)
	}
	b.mu.Unlock()
	l.end(class.Key("k"))
	b.until("the end", func() bool { return slices.Contains(b.namesLocked(""), "room_finished") })
	//lint:ignore SA1019 there is no other way to be told
	if last := b.came[len(b.came)-1]; last.GetNumDropped() != 0 {
		t.Errorf("said twice: %v", last)
	}
}

func TestEventsThatAreTooOldAreGivenUp(t *testing.T) {
	b := newInbox(t)
	b.set(fails(500))
	s := start(t, room.NewMemoryLogs(), Options{URLs: []string{b.url}, MaxAge: time.Second})
	s.open("", "5b")
	b.until("an attempt", func() bool { return len(b.tried) > 0 })
	eventually(t, "it is given up", func() bool { return s.hooks.waiting() == 0 })
}

// What was not delivered when the program ended is delivered by the next one, and what happened
// to the class meanwhile is told.
func TestRestart(t *testing.T) {
	b := newInbox(t)
	b.set(fails(500))
	dir, logs := t.TempDir(), fileLogs(t)
	s := start(t, logs(), Options{URLs: []string{b.url}, Dir: dir})
	l := s.open("", "5b")
	l.enter("amina")
	l.publish("amina", "TR_1")
	gone := s.open("", "6a")
	gone.enter("basile")
	eventually(t, "all is queued", func() bool { return s.hooks.waiting() == 5 })
	s.stop()
	first := slices.Clone(b.tried)

	// Killed in the middle of a line, which nobody was told of.
	tear(t, filepath.Join(dir, journalName), `{"n":99,"session":"RM_x","event":{"event":"room_sta`)
	b.set(nil)
	s = start(t, logs(), Options{URLs: []string{b.url}, Dir: dir})
	b.expect("5b", "room_started", "participant_joined amina", "track_published amina TR_1")
	b.expect("6a", "room_started", "participant_joined basile")
	if !slices.Contains(b.tried[len(first):], first[0]) {
		t.Errorf("tried first as %v, then %v", first, b.tried[len(first):])
	}
	r, ok := s.Get("", "5b")
	if !ok {
		t.Fatal("the class is not open again")
	}
	again := &lesson{s, r, l.people}
	again.unpublish("TR_1")
	b.expect("5b", "room_started", "participant_joined amina", "track_published amina TR_1", "track_unpublished amina TR_1")
	s.stop()

	// A class that ended while nothing could be told, as in a crash between its end and the journal.
	s = start(t, room.NewMemoryLogs(), Options{URLs: []string{b.url}, Dir: dir})
	b.expect("5b", "room_started", "participant_joined amina", "track_published amina TR_1", "track_unpublished amina TR_1",
		"participant_left amina", "room_finished")
	b.expect("6a", "room_started", "participant_joined basile", "participant_left basile", "room_finished")
	s.stop()
	start(t, room.NewMemoryLogs(), Options{URLs: []string{b.url}, Dir: dir})
	if n := len(b.names("")); n != 10 {
		t.Errorf("%d events came, one of them once more", n)
	}
}

// The journal is written anew, as short as it can be, and says the same.
func TestCompaction(t *testing.T) {
	b, down := newInbox(t), newInbox(t)
	down.set(fails(500))
	dir, logs := t.TempDir(), fileLogs(t)
	urls := []string{b.url, down.url}
	s := start(t, logs(), Options{URLs: urls, Dir: dir, MaxQueued: 3})
	l := s.open("", "5b")
	l.enter("amina")
	b.settled(2) // so fast are they told that this receiver loses none
	for i := range 3 {
		l.publish("amina", fmt.Sprint("TR_", i))
		l.unpublish(fmt.Sprint("TR_", i))
		b.settled(4 + 2*i)
	}
	l.publish("amina", "TR_9")
	all := b.settled(9)
	s.stop()
	long := size(t, dir)
	if err := compactNow(dir, urls); err != nil {
		t.Fatal(err)
	}
	if short := size(t, dir); short >= long {
		t.Errorf("%d bytes became %d", long, short)
	}
	down.set(nil)
	s = start(t, logs(), Options{URLs: urls, Dir: dir})
	down.until("the newest", func() bool { return slices.Contains(down.namesLocked(""), "track_published amina TR_9") })
	r, _ := s.Get("", "5b")
	(&lesson{s, r, l.people}).unpublish("TR_9")
	b.expect("5b", append(all, "track_unpublished amina TR_9")...)
	down.until("the next", func() bool { return slices.Contains(down.namesLocked(""), "track_unpublished amina TR_9") })
	dropped := 0
	for _, e := range down.came {
		//lint:ignore SA1019 there is no other way to be told
		dropped += int(e.GetNumDropped())
	}
	if dropped+len(down.came) != len(all)+1 {
		t.Errorf("%d came and %d are said to be dropped, of %d", len(down.came), dropped, len(all)+1)
	}
}
