package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

const acmeDomain = "classes.example.fr"

// acmeServer is a certificate authority on loopback: Let's Encrypt's own test
// server, which really calls the ports it is told. It waits for those, since
// the server that asks for a certificate must be there first.
type acmeServer struct {
	directory string
	root      *x509.CertPool
	orders    atomic.Int32

	ready chan struct{}
	serve http.Handler
}

func startACME(t *testing.T) *acmeServer {
	t.Helper()
	t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	a := &acmeServer{ready: make(chan struct{})}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-a.ready:
		case <-r.Context().Done():
			return
		}
		if strings.HasSuffix(r.URL.Path, "/order-plz") {
			a.orders.Add(1)
		}
		a.serve.ServeHTTP(w, r)
	}))
	cert, key, _ := authority.certify(t, t.TempDir(), time.Now().Add(time.Hour), "localhost")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	t.Cleanup(s.Close)
	a.directory = fmt.Sprintf("https://localhost:%d%s", portIn(t, s.URL), wfe.DirectoryPath)
	return a
}

// calls says at which ports the authority looks for the challenges' answers.
func (a *acmeServer) calls(t *testing.T, httpPort, tlsPort int) {
	t.Helper()
	quiet := log.New(io.Discard, "", 0) // it speaks on after the test
	store := db.NewMemoryStore()
	signer := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "default"}})
	front := wfe.New(quiet, store, va.New(quiet, httpPort, tlsPort, true, nameServer(t), store), signer, []string{"localhost"}, true, false, 1, 1)
	a.root = x509.NewCertPool()
	root, _ := pem.Decode(signer.GetRootCert(0).PEM())
	parsed, err := x509.ParseCertificate(root.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	a.root.AddCert(parsed)
	a.serve = front.Handler()
	close(a.ready)
}

// nameServer says that every name is at 127.0.0.1.
func nameServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg)
		m.SetReply(q)
		if q.Question[0].Qtype == dns.TypeA {
			m.Answer = []dns.RR{&dns.A{
				Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 1},
				A:   net.IPv4(127, 0, 0, 1),
			}}
		}
		_ = w.WriteMsg(m)
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.ActivateAndServe() })
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return l.Addr().String()
}

// shows is the certificate that the server shows for the domain, nil while it
// has none.
func (a *acmeServer) shows(t *testing.T, base string) *x509.Certificate {
	t.Helper()
	_, at, _ := strings.Cut(base, "://")
	c, err := tls.Dial("tcp", at, &tls.Config{ServerName: acmeDomain, RootCAs: a.root})
	if err != nil {
		t.Logf("not yet: %v", err)
		return nil
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0]
}

// A certificate is got over either challenge, kept, and shown again after a
// restart without asking for another; it serves TURN on the same port too.
func TestCertificateByACME(t *testing.T) {
	for _, challenge := range []string{"tls-alpn-01", "http-01"} {
		t.Run(challenge, func(t *testing.T) {
			authorityServer := startACME(t)
			c := Config{Data: t.TempDir()}
			c.TLS.ACMEDomains, c.TLS.ACMEDirectory, c.TLS.ACMECA = []string{acmeDomain}, authorityServer.directory, authority.path
			if challenge == "tls-alpn-01" {
				c.TLS.RedirectPort = -1
			}
			s := startWith(t, c, slog.New(slog.DiscardHandler))
			if challenge == "http-01" {
				authorityServer.calls(t, portIn(t, s.Redirect), 1) // nobody answers at port 1
			} else {
				authorityServer.calls(t, 1, portIn(t, s.URL))
			}
			var got *x509.Certificate
			eventually(inTime(t), t, "a certificate", func() bool {
				got = authorityServer.shows(t, s.URL)
				return got != nil
			})
			if !slices.Equal(got.DNSNames, []string{acmeDomain}) {
				t.Errorf("it is for %v", got.DNSNames)
			}
			s.stop()
			asked := authorityServer.orders.Load()
			again := startWith(t, c, slog.New(slog.DiscardHandler))
			eventually(inTime(t), t, "the kept certificate", func() bool {
				now := authorityServer.shows(t, again.URL)
				return now != nil && now.SerialNumber.Cmp(got.SerialNumber) == 0
			})
			if now := authorityServer.orders.Load(); asked == 0 || now != asked {
				t.Errorf("%d orders at first, %d with the second start", asked, now)
			}
		})
	}
}

// What the authority says against us stands in the log.
func TestWhyThereIsNoCertificateIsLogged(t *testing.T) {
	authorityServer := startACME(t)
	var said lines
	c := Config{Data: t.TempDir()}
	c.TLS.ACMEDomains, c.TLS.ACMEDirectory, c.TLS.ACMECA = []string{acmeDomain}, authorityServer.directory, authority.path
	s := startWith(t, c, slog.New(slog.NewTextHandler(&said, nil)))
	authorityServer.calls(t, 1, 1)
	eventually(inTime(t), t, "the reason", func() bool {
		text := said.String()
		return strings.Contains(text, acmeDomain) && strings.Contains(text, "level=ERROR") && strings.Contains(text, "connection refused")
	})
	if authorityServer.shows(t, s.URL) != nil {
		t.Error("a certificate from nowhere")
	}
}

// lines is a log to be looked at while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
