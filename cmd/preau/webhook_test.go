package main

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/webhook"

	"preau/loadtest/client"
)

// hookProgram, in the environment, makes the test below the program that is killed: its data
// directory and the receiver's address.
const hookProgram = "PREAU_TEST_HOOK_PROGRAM"

// hookInbox is a receiver that verifies as LiveKit's do, and may be unwell.
type hookInbox struct {
	mu   sync.Mutex
	ill  bool
	seen []string // ids of all attempts
	came []*livekit.WebhookEvent
}

func (b *hookInbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, err := webhook.ReceiveWebhookEvent(r, auth.NewSimpleKeyProvider(devKey, devSecret))
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	b.seen = append(b.seen, e.GetId())
	if b.ill {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if !slices.ContainsFunc(b.came, func(c *livekit.WebhookEvent) bool { return c.GetId() == e.GetId() }) {
		b.came = append(b.came, e)
	}
}

func (b *hookInbox) names() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for _, e := range b.came {
		names = append(names, strings.TrimSpace(e.GetEvent()+" "+e.GetParticipant().GetIdentity()))
	}
	return strings.Join(names, ", ")
}

// What happened in a class is told even though the receiver was down and the program was killed
// before it could be; by real clients, real media and a real kill.
func TestWebhooksOutliveAKill(t *testing.T) {
	if c := os.Getenv(hookProgram); c != "" {
		beHookProgram(t, c)
		return
	}
	inbox := &hookInbox{ill: true}
	receiver := httptest.NewServer(inbox)
	t.Cleanup(receiver.Close)
	ctx, data := inTime(t), t.TempDir()

	s, kill := startHookProgram(t, data, receiver.URL)
	lea := s.join(t, "told", "lea", teacher, client.Options{SinglePC: true})
	if _, err := lea.PublishMicrophone(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(ctx, t, "three events wait", func() bool { return s.metric(t, "preau_webhook_waiting") == 3 })
	amina := s.join(t, "told", "amina", pupil, client.Options{})
	eventually(ctx, t, "four events wait", func() bool { return s.metric(t, "preau_webhook_waiting") == 4 })
	kill()
	lea.Close()
	amina.Close()

	inbox.mu.Lock()
	first := slices.Clone(inbox.seen)
	inbox.ill = false
	inbox.mu.Unlock()
	startHookProgram(t, data, receiver.URL)
	const want = "room_started, participant_joined lea, track_published lea, participant_joined amina"
	eventually(ctx, t, want, func() bool { return strings.HasPrefix(inbox.names(), want) })
	inbox.mu.Lock()
	defer inbox.mu.Unlock()
	if len(first) == 0 || inbox.came[0].GetId() != first[0] {
		t.Errorf("the first event was tried as %v and came as %s", first, inbox.came[0].GetId())
	}
}

// startHookProgram runs this test as the program, in a process of its own.
func startHookProgram(t *testing.T, data, receiver string) (s *testServer, kill func()) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestWebhooksOutliveAKill$")
	c.Env = append(os.Environ(), hookProgram+"="+data+" "+receiver)
	c.Stderr = testLog{t}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = c.Process.Kill() // it may have ended
		_ = c.Wait()
	})
	t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			config, err := rawConfig{Config: Config{Dev: true}}.checked()
			if err != nil {
				t.Fatal(err)
			}
			return &testServer{Running: Running{URL: url}, keys: config.Keys}, kill
		}
	}
	t.Fatal("the program did not start")
	return nil, nil
}

func beHookProgram(t *testing.T, c string) {
	data, receiver, _ := strings.Cut(c, " ")
	config, err := rawConfig{Config: Config{Dev: true, Data: data, WebhookURLs: []string{receiver}}}.checked()
	if err != nil {
		t.Fatal(err)
	}
	err = Run(context.Background(), config, Output{Log: newLogger(config, os.Stderr), Ready: func(r Running) {
		_, _ = os.Stdout.WriteString("ready " + r.URL + "\n")
	}})
	t.Error("it ended: ", err)
}

func TestWebhookSettings(t *testing.T) {
	keys := "a: " + longSecret + ", lyon/b: " + longSecret
	check := func(key string, urls ...string) error {
		_, err := rawConfig{Config: Config{Data: "x", WebhookURLs: urls, WebhookKey: key}, keys: keys}.checked()
		return err
	}
	if err := check("b", "https://school.example.fr/hook"); err != nil {
		t.Error(err)
	}
	for want, err := range map[string]error{
		"say which of the keys":  check("", "https://a"),
		`no key is named "c"`:    check("c", "https://a"),
		"no webhook-url":         check("a"),
		"webhook-url: number 2 ": check("a", "https://a", "nonsense?token=hidden"),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
