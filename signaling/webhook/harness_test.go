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

// inbox is the receiver of the tests: LiveKit's own verification, and a mood.
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
