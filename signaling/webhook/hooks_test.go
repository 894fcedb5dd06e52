package webhook

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	lk "github.com/livekit/protocol/livekit"
	livekithook "github.com/livekit/protocol/webhook"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

const (
	testKey    = "school"
	testSecret = "a secret of at least thirty-two bytes"
)

// receiver of the tests: LiveKit's own verification, and a mood.
type inbox struct {
	t   *testing.T
	url string

	mu     sync.Mutex
	mood   func(*lk.WebhookEvent) int // status to answer; nil: 200
	came   []*lk.WebhookEvent         // acknowledged
	tried  []string                   // ids, in the order of attempts
	hang   chan struct{}              // not nil: nothing is answered before it is closed
	change chan struct{}
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	b := &inbox{t: t, change: make(chan struct{})}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	b.url = server.URL + "/hook?token=hidden"
	return b
}

func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if got := r.Header.Get("Content-Type"); got != "application/webhook+json" {
		b.t.Errorf("content type %q", got)
	}
	e, err := livekithook.ReceiveWebhookEvent(r, auth.NewSimpleKeyProvider(testKey, testSecret))
	if err != nil {
		b.t.Errorf("LiveKit's receiver refuses: %v", err)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	hang := b.hang
	if hang != nil {
		b.mu.Unlock()
		select {
		case <-hang:
		case <-r.Context().Done():
		}
		b.mu.Lock()
	}
	status := http.StatusOK
	if b.mood != nil {
		status = b.mood(e)
	}
	b.tried = append(b.tried, e.GetId())
	again := slices.ContainsFunc(b.came, func(c *lk.WebhookEvent) bool { return c.GetId() == e.GetId() })
	if status == http.StatusOK && !again { // its answer may have been lost
		b.came = append(b.came, e)
	}
	close(b.change)
	b.change = make(chan struct{})
	w.WriteHeader(status)
}

func (b *inbox) set(mood func(*lk.WebhookEvent) int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mood = mood
}

// until waits for a condition of what has come.
func (b *inbox) until(what string, ok func() bool) {
	b.t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	for {
		b.mu.Lock()
		good, change := ok(), b.change
		b.mu.Unlock()
		if good {
			return
		}
		select {
		case <-change:
		case <-limit.C:
			b.t.Fatalf("never came: %s; came: %v", what, b.names(""))
		}
	}
}

// names are the events of a class (empty: of all) that came, shortly: "joined amina".
func (b *inbox) names(class string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.namesLocked(class)
}

func (b *inbox) namesLocked(class string) []string {
	var out []string
	for _, e := range b.came {
		if class != "" && e.GetRoom().GetName() != class {
			continue
		}
		name := strings.TrimSpace(e.GetEvent() + " " + e.GetParticipant().GetIdentity() + " " + e.GetTrack().GetSid())
		out = append(out, name)
	}
	return out
}

func (b *inbox) expect(class string, want ...string) {
	b.t.Helper()
	b.until(strings.Join(want, ", "), func() bool { return slices.Equal(b.namesLocked(class), want) })
}

func fails(status int) func(*lk.WebhookEvent) int {
	return func(*lk.WebhookEvent) int { return status }
}

// school is rooms with hooks.
type school struct {
	*testing.T
	*room.School
	hooks *Hooks
	stop  func()
}

func start(t *testing.T, logs room.Logs, o Options) *school {
	t.Helper()
	o.Key, o.Secret = testKey, testSecret
	hooks, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s := &school{T: t, hooks: hooks}
	s.School = room.NewSchool(logs, room.Options{Watch: hooks.Follow})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := hooks.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	running.Go(func() { _ = s.School.Run(ctx) })
	<-s.Ready()
	hooks.Settle(ctx)
	s.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(s.stop)
	return s
}

// lesson is one class being acted in.
type lesson struct {
	*school
	*room.Room
	people map[string]string
}

func (s *school) open(tenant, name string) *lesson {
	s.Helper()
	r, err := s.School.Open(context.Background(), &classpb.OpenClass{Tenant: tenant, Name: name, Title: name}, class.Node())
	if err != nil {
		s.Fatal(err)
	}
	return &lesson{s, r, map[string]string{}}
}

func (l *lesson) do(a class.Actor, c *classpb.Command) {
	l.Helper()
	result, err := l.Room.Do(context.Background(), a, c)
	if err != nil {
		l.Fatal(err)
	}
	if j := c.GetJoin(); j != nil {
		l.people[j.GetProfile().GetIdentity()] = result.Participant
	}
}

func (l *lesson) join(identity string) {
	l.do(class.Node(), &classpb.Command{Body: &classpb.Command_Join{Join: &classpb.Join{
		Role: classpb.Role_ROLE_PUPIL, Profile: &classpb.Profile{Identity: identity, Name: "N. " + identity},
	}}})
	l.Cleanup(l.Connected(l.people[identity]))
}

func (l *lesson) sid(identity, sid string) {
	l.do(class.Node(), &classpb.Command{Body: &classpb.Command_SetSid{SetSid: &classpb.SetSid{Participant: l.people[identity], Sid: sid}}})
}

func (l *lesson) connected(identity, sid string) {
	l.do(class.Node(), &classpb.Command{Body: &classpb.Command_SetConnected{SetConnected: &classpb.SetConnected{Participant: l.people[identity], Sid: sid}}})
}

func (l *lesson) enter(identity string) {
	l.join(identity)
	l.sid(identity, "PA_"+identity)
	l.connected(identity, "PA_"+identity)
}

func (l *lesson) publish(identity, sid string) {
	l.do(class.Node(), &classpb.Command{Body: &classpb.Command_PublishTrack{PublishTrack: &classpb.PublishTrack{Track: &classpb.Track{
		Sid: sid, Participant: l.people[identity], Source: classpb.Source_SOURCE_CAMERA, Kind: classpb.TrackKind_TRACK_KIND_VIDEO, Mime: "video/VP8",
	}}}})
}

func (l *lesson) unpublish(sid string) {
	l.do(class.Node(), &classpb.Command{Body: &classpb.Command_UnpublishTrack{UnpublishTrack: &classpb.UnpublishTrack{Sid: sid}}})
}

func (l *lesson) remove(identity string) {
	l.do(class.Key("school"), &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: l.people[identity]}}})
}

func (l *lesson) end(a class.Actor) {
	l.do(a, &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
}

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
	for i := range 3 {
		l.publish("amina", fmt.Sprint("TR_", i))
		l.unpublish(fmt.Sprint("TR_", i))
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

func (b *inbox) settled(n int) []string {
	b.t.Helper()
	b.until(fmt.Sprint(n, " events"), func() bool { return len(b.came) == n })
	return b.names("")
}

func compactNow(dir string, urls []string) error {
	h, err := New(Options{URLs: urls, Dir: dir, Key: testKey, Secret: testSecret})
	if err != nil {
		return err
	}
	if err := h.journal.replace(h.whole()); err != nil {
		return err
	}
	return h.journal.close()
}

func fileLogs(t *testing.T) func() room.Logs {
	dir := t.TempDir()
	return func() room.Logs {
		t.Helper()
		logs, err := room.NewFileLogs(dir, room.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return logs
	}
}

func tear(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func size(t *testing.T, dir string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(dir, journalName))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit.C:
			t.Fatalf("it never came true: %s", what)
		}
	}
}
