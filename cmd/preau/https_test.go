package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"preau/loadtest/client"
)

// startSecure runs the program with HTTPS for localhost.
func startSecure(t *testing.T, c Config) *testServer {
	t.Helper()
	if !c.TLS.secure() {
		c.TLS.Cert, c.TLS.Key, _ = authority.certify(t, t.TempDir(), time.Now().Add(time.Hour), "localhost")
	}
	return startWith(t, c, quietLog(t))
}

func quietLog(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// Over HTTPS the page is HTTP/2, websockets are HTTP/1.1, and a class is held.
func TestHTTPS(t *testing.T) {
	s := startSecure(t, Config{})
	if !strings.HasPrefix(s.URL, "https://") {
		t.Fatalf("the page is at %s", s.URL)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "<html") {
		t.Errorf("the page: %s %s, %d bytes", resp.Proto, resp.Status, len(body))
	}
	page := s.page(t, "secure", "lea", teacher)
	page.say("by wss")
	ctx := inTime(t)
	voice, err := s.join(t, "secure", "lea", teacher, client.Options{SinglePC: true}).PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	receives(ctx, t, s.join(t, "secure", "amina", pupil, client.Options{}), voice.Info.GetSid(), 25)
	if n := s.metric(t, `preau_tls_connections_total{kind="http"}`); n < 4 {
		t.Errorf("%v connections are counted", n)
	}
}

// Clients that say nothing by ALPN are told apart by what they send.
func TestHTTPSWithoutALPN(t *testing.T) {
	for _, turn := range []string{turnTLSShared, turnTLSOff} {
		s := startSecure(t, Config{TLS: TLS{TURNTLS: turn}})
		transport := &http.Transport{TLSClientConfig: &tls.Config{}, TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}}
		resp, err := (&http.Client{Transport: transport}).Get(s.URL + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.ProtoMajor != 1 || resp.StatusCode != http.StatusOK {
			t.Errorf("TURN %s: %s %s", turn, resp.Proto, resp.Status)
		}
		transport.CloseIdleConnections()
	}
}

func TestPlainHTTPIsSentOnToHTTPS(t *testing.T) {
	s := startSecure(t, Config{})
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{
		"/join?x=1":            s.URL + "/join?x=1",
		"//evil.example/a/../": s.URL + "//evil.example/a/../",
	} {
		resp, err := browser.Get(s.Redirect + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusPermanentRedirect || resp.Header.Get("Location") != want {
			t.Errorf("%s: %s to %s", path, resp.Status, resp.Header.Get("Location"))
		}
	}
	resp, err := http.Get(s.Redirect + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Request.URL.Scheme != "https" {
		t.Errorf("followed to %s: %s", resp.Request.URL, resp.Status)
	}
	if got := exchange(t, s.Redirect, "GET / HTTP/1.1\r\nHost: evil.example/\"<x>\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.1 400 ") {
		t.Errorf("a host that is none: %s", got)
	}
}

// Who writes http:// before the HTTPS port is told so, in words.
func TestPlainHTTPOnTheHTTPSPort(t *testing.T) {
	s := startSecure(t, Config{})
	if got := exchange(t, s.URL, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); !strings.HasPrefix(got, "HTTP/1.0 400 ") || !strings.Contains(got, "https://") {
		t.Errorf("answered %q", got)
	}
}

// exchange sends bytes over plain TCP and reads all that comes back.
func exchange(t *testing.T, base, text string) string {
	t.Helper()
	_, at, _ := strings.Cut(base, "://")
	c, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	all, _ := io.ReadAll(bufio.NewReader(c)) // to the end, or to a reset after it
	return string(all)
}

func serialAt(t *testing.T, base string) string {
	t.Helper()
	_, at, _ := strings.Cut(base, "://")
	c, err := tls.Dial("tcp", at, &tls.Config{ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}

// A renewed certificate serves without a restart, whoever is connected stays,
// and one whose key is not there yet does not.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	var c Config
	var old, renewed int64
	c.TLS.Cert, c.TLS.Key, old = authority.certify(t, dir, time.Now().Add(time.Hour), "localhost")
	s := startSecure(t, c)
	page := s.page(t, "renewed", "lea", teacher)
	if got := serialAt(t, s.URL); got != fmt.Sprint(old) {
		t.Fatalf("certificate %s, not %d", got, old)
	}
	key, err := os.ReadFile(c.TLS.Key)
	if err != nil {
		t.Fatal(err)
	}
	_, _, renewed = authority.certify(t, dir, time.Now().Add(time.Hour), "localhost")
	newKey, err := os.ReadFile(c.TLS.Key)
	if err != nil {
		t.Fatal(err)
	}
	ctx := inTime(t)
	replace(t, c.TLS.Key, key) // half of the new pair: the certificate alone
	looked := time.Now()
	eventually(ctx, t, "the files to be looked at", func() bool {
		got := serialAt(t, s.URL)
		if got != fmt.Sprint(old) {
			t.Fatalf("half a pair serves: %s", got)
		}
		return time.Since(looked) > 2*certificateCheck
	})
	replace(t, c.TLS.Key, newKey)
	eventually(ctx, t, "the renewed certificate", func() bool { return serialAt(t, s.URL) == fmt.Sprint(renewed) })
	page.say("still here")
}

// Where the world comes straight to us, the figures are for this machine, or
// for whom the operator names.
func TestMetricsArePrivate(t *testing.T) {
	get := func(c Config, from string) int {
		seen := http.StatusOK
		h := metricsFor(c, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
		r, err := http.NewRequest(http.MethodGet, "http://x//metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = from
		h.ServeHTTP(status{func(code int) { seen = code }}, r)
		return seen
	}
	secure, proxied := Config{TLS: TLS{Cert: "x"}}, Config{}
	named, err := rawConfig{Config: Config{Dev: true}, metricsFrom: []string{"10.0.0.0/8"}}.checked()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		config Config
		from   string
		want   int
	}{
		{secure, "127.0.0.1:9", 200},
		{secure, "[::1]:9", 200},
		{secure, "[::ffff:127.0.0.1]:9", 200},
		{secure, "192.0.2.1:9", 404},
		{proxied, "192.0.2.1:9", 200},
		{named, "10.1.2.3:9", 200},
		{named, "127.0.0.1:9", 404},
	} {
		if got := get(c.config, c.from); got != c.want {
			t.Errorf("from %s: %d, want %d", c.from, got, c.want)
		}
	}
}

// status is a ResponseWriter of which only the status matters.
type status struct{ seen func(int) }

func (s status) Header() http.Header         { return http.Header{} }
func (s status) Write(b []byte) (int, error) { return len(b), nil }
func (s status) WriteHeader(code int)        { s.seen(code) }
