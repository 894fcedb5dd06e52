package main

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"preau/loadtest/client"
	"preau/signaling/access"
	"preau/signaling/classpb"
)

// testServer is the whole program on ports of the kernel's choice.
type testServer struct {
	Running
	keys access.Keys
	stop func()
}

// startServer runs the program until the test ends. Data may be shared by two
// servers, one after the other.
func startServer(t *testing.T, data string) *testServer {
	t.Helper()
	log := slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return startWith(t, Config{Data: data}, log)
}

// startWith runs the program with --dev, TURN and what else c says.
func startWith(t *testing.T, c Config, log *slog.Logger) *testServer {
	t.Helper()
	return startTelling(t, c, log, nil)
}

// startTelling does so too; out: what an operator reads at start.
func startTelling(t *testing.T, c Config, log *slog.Logger, out io.Writer) *testServer {
	t.Helper()
	c.Dev, c.TURN = true, true
	c, err := rawConfig{Config: c}.checked()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan Running, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, c, Output{Out: out, Log: log, Ready: func(r Running) { ready <- r }})
	}()
	s := &testServer{keys: c.Keys}
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	select {
	case s.Running = <-ready:
	case err := <-ended:
		t.Fatalf("the server did not start: %v", err)
	}
	t.Cleanup(s.stop)
	return s
}

// testLog shows the server's warnings in a failed test.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Logf("%s", p)
	return len(p), nil
}

func (s *testServer) token(t *testing.T, class, identity string, role classpb.Role) string {
	t.Helper()
	token, err := s.keys.Sign(devKey, access.Token{Class: class, Identity: identity, Name: identity, Role: role})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (s *testServer) join(t *testing.T, class, identity string, role classpb.Role, o client.Options) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	c, err := client.Join(ctx, s.URL, s.token(t, class, identity, role), o)
	if err != nil {
		t.Fatalf("%s: %v", identity, err)
	}
	t.Cleanup(c.Close)
	return c
}

// inTime ends when even a busy machine should long have done what a test waits for.
func inTime(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// eventually asks until ok holds or ctx ends.
func eventually(ctx context.Context, t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-tick.C:
		}
	}
}
