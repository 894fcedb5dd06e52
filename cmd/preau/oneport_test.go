package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/pion/transport/v5"
	"github.com/pion/transport/v5/stdnet"
	"github.com/pion/turn/v5"
	"github.com/pion/webrtc/v4"
	"github.com/prometheus/client_golang/prometheus"

	"preau/loadtest/client"
)

// narrow is a network that lets through TCP to one port, as a school's or a
// hospital's may, and nothing else.
type narrow struct {
	transport.Net
	port int
}

var errBlocked = errors.New("blocked")

func (narrow) ListenPacket(string, string) (net.PacketConn, error) { return nil, errBlocked }

func (narrow) ListenUDP(string, *net.UDPAddr) (transport.UDPConn, error) { return nil, errBlocked }

func (narrow) DialUDP(string, *net.UDPAddr, *net.UDPAddr) (transport.UDPConn, error) {
	return nil, errBlocked
}

func (n narrow) DialTCP(network string, local, remote *net.TCPAddr) (transport.TCPConn, error) {
	if remote.Port != n.port {
		return nil, errBlocked
	}
	return n.Net.DialTCP(network, local, remote)
}

// behind is what a client's connection must be told to be on such a network.
func behind(t *testing.T, base string) func(*webrtc.SettingEngine) {
	t.Helper()
	system, err := stdnet.NewNet()
	if err != nil {
		t.Fatal(err)
	}
	return func(s *webrtc.SettingEngine) {
		s.SetNet(narrow{system, portIn(t, base)})
		s.DisableActiveTCP(true) // which would not ask the network
		s.SetRelayAcceptanceMinWait(0)
	}
}

func portIn(t *testing.T, base string) int {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// Everything comes in by one port: the page, the websockets and, by TURN over
// TLS, the media of clients that get nothing else through, both ways.
func TestEverythingOverOnePort(t *testing.T) {
	for _, single := range []bool{true, false} {
		t.Run(fmt.Sprint("one connection ", single), func(t *testing.T) {
			s := startSecure(t, Config{})
			ctx := inTime(t)
			over := client.Options{SinglePC: single, SettingsFunc: behind(t, s.URL)}
			lea := s.join(t, "narrow", "lea", teacher, over)
			amina := s.join(t, "narrow", "amina", pupil, over)
			voice, err := lea.PublishMicrophone(ctx)
			if err != nil {
				t.Fatal(err)
			}
			camera, err := amina.PublishVideo(ctx, livekit.TrackSource_CAMERA, client.Simulcast[:1])
			if err != nil {
				t.Fatal(err)
			}
			receives(ctx, t, amina, voice.Info.GetSid(), 50)
			receives(ctx, t, lea, camera.Info.GetSid(), 30)
			if n := s.metric(t, `preau_tls_connections_total{kind="turn"}`); n < 2 {
				t.Errorf("%v connections of TURN are counted", n)
			}
			s.page(t, "narrow", "basile", pupil).say("and the page")
		})
	}
}

// TURN over TLS may have a port and a certificate of its own, behind a proxy
// that serves the page.
func TestTURNOverTLSOnItsOwnPort(t *testing.T) {
	dir := t.TempDir()
	var c Config
	c.TLS.TURNTLS = turnTLSOwn
	c.TLS.TURNCert, c.TLS.TURNKey, _ = authority.certify(t, dir, time.Now().Add(time.Hour), "localhost")
	s := startWith(t, c, quietLog(t))
	var urls []string
	s.join(t, "own", "lea", teacher, client.Options{OnSignal: func(m *livekit.SignalResponse) {
		for _, server := range m.GetJoin().GetIceServers() {
			urls = append(urls, server.GetUrls()...)
		}
	}})
	at := ""
	for _, u := range urls {
		if rest, ok := strings.CutPrefix(u, "turns:localhost:"); ok {
			at = "https://localhost:" + strings.TrimSuffix(rest, "?transport=tcp")
		}
	}
	if at == "" {
		t.Fatalf("clients are told %v", urls)
	}
	ctx := inTime(t)
	over := client.Options{SettingsFunc: behind(t, at)}
	voice, err := s.join(t, "own", "amina", teacher, over).PublishMicrophone(ctx)
	if err != nil {
		t.Fatal(err)
	}
	receives(ctx, t, s.join(t, "own", "basile", pupil, over), voice.Info.GetSid(), 25)
}

// pion's TURN client on the shared port, with the ALPN of RFC 7443 and without.
func TestTURNClientOnTheSharedPort(t *testing.T) {
	s := startSecure(t, Config{})
	var server *livekit.ICEServer
	s.join(t, "turn", "lea", teacher, client.Options{OnSignal: func(m *livekit.SignalResponse) {
		if servers := m.GetJoin().GetIceServers(); len(servers) > 0 {
			server = servers[0]
		}
	}})
	if user := server.GetUsername(); !strings.Contains(user, ":PA_") {
		t.Errorf("the credentials are for %q", user)
	}
	for _, protocols := range [][]string{nil, {alpnTURN}} {
		c, err := tls.Dial("tcp", fmt.Sprintf("localhost:%d", portIn(t, s.URL)), &tls.Config{NextProtos: protocols})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		tc, err := turn.NewClient(&turn.ClientConfig{
			TURNServerAddr: c.RemoteAddr().String(), Conn: turn.NewSTUNConn(c),
			Username: server.GetUsername(), Password: server.GetCredential(),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer tc.Close()
		if err := tc.Listen(); err != nil {
			t.Fatal(err)
		}
		relay, err := tc.Allocate()
		if err != nil {
			t.Fatalf("ALPN %v: %v", protocols, err)
		}
		_ = relay.Close()
	}
}

// A flood of clients that shake hands and then say nothing, a byte at a time or
// nonsense: bounded, counted, and the class goes on.
func TestSlowAndSillyClientsOnTheTLSPort(t *testing.T) {
	s := startSecure(t, Config{})
	page := s.page(t, "slow", "lea", teacher)
	_, at, _ := strings.Cut(s.URL, "://")
	silly := func(text string) {
		t.Helper()
		c, err := tls.Dial("tcp", at, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		for i := range text {
			if _, err := c.Write([]byte{text[i]}); err != nil {
				break
			}
		}
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Errorf("%q was answered", text)
		}
	}
	silly("\x00\x01\x00\x00 not TURN, in the end")
	silly("\x80\x60 RTP")
	silly("\x00\x01\xff\xfc\x21\x12\xa4\x42 TURN, and a message of 65,532 bytes")
	if got := s.metric(t, `preau_tls_refused_total{reason="unknown"}`); got != 2 {
		t.Errorf("%v are counted as unknown", got)
	}
	if got := s.metric(t, `preau_sfu_turn_refused_total{reason="framing"}`); got != 1 {
		t.Errorf("%v are counted as TURN without its framing", got)
	}
	if got := exchange(t, s.URL, "\x16\x03\x01\x00\x05hello"); len(got) > 7 { // an alert at most
		t.Errorf("half a handshake was answered %q", got)
	}
	open := make([]net.Conn, 0, tlsUndecidedSource+100)
	for range cap(open) { // they do not even begin
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
	}
	for _, c := range open[tlsUndecidedSource:] { // one too many: its end comes at once
		_ = c.SetReadDeadline(time.Now().Add(30 * time.Second))
		if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("one of too many connections: %v", err)
		}
	}
	page.say("the class goes on")
	for _, c := range open {
		_ = c.Close()
	}
	eventually(inTime(t), t, "new clients to be served again", func() bool {
		resp, err := http.Get(s.URL + "/healthz")
		if err != nil {
			return false
		}
		return resp.Body.Close() == nil
	})
	if got := s.metric(t, `preau_tls_refused_total{reason="flood"}`); got < 100 {
		t.Errorf("%v are counted as a flood", got)
	}
}

// pipes is a listener of connections inside this process.
type pipes struct {
	in     chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.in:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error   { close(p.closed); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// However slowly a client shakes hands or speaks, its time is that of all its
// bytes together.
func TestSilentClientsOnTheTLSPortAreClosed(t *testing.T) {
	cert, key, _ := authority.certify(t, t.TempDir(), time.Now().Add(time.Hour), "localhost")
	synctest.Test(t, func(t *testing.T) {
		config := &tls.Config{}
		if err := certified(config, cert, key, quietLog(t)); err != nil {
			t.Fatal(err)
		}
		l := pipes{make(chan net.Conn), make(chan struct{})}
		m := newDoorMetrics(prometheus.NewRegistry())
		port := newTLSPort(l, config, true, func(c net.Conn) { t.Error("handed on"); _ = c.Close() }, m)
		ended := make(chan error, 1)
		go func() { ended <- port.Run() }()
		for name, drip := range map[string]func(net.Conn){
			"nothing": func(net.Conn) {},
			"a handshake, a byte a second": func(c net.Conn) {
				for _, b := range append([]byte{0x16, 3, 1, 2, 0}, bytes.Repeat([]byte{1}, 100)...) {
					if _, err := c.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			},
			"a handshake, then nothing": func(c net.Conn) {
				_ = tls.Client(c, &tls.Config{InsecureSkipVerify: true}).HandshakeContext(context.Background())
			},
			"a handshake, then half a STUN header": func(c net.Conn) {
				secured := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
				_, _ = secured.Write([]byte{0, 1, 0, 0})
			},
		} {
			ours, theirs := net.Pipe()
			l.in <- theirs
			began := time.Now()
			go drip(ours)
			go func() { time.Sleep(2 * tlsShow); _ = ours.Close() }()
			synctest.Wait()
			for port.undecided.Held() > 0 {
				time.Sleep(time.Millisecond)
				synctest.Wait()
			}
			if took := time.Since(began); took < tlsShow || took > tlsShow+6*time.Second { // a goodbye has 5 s
				t.Errorf("%s: closed after %s", name, took)
			}
			time.Sleep(3 * tlsShow)
		}
		_ = port.Close()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if got := countOf(t, m.refused[refusedSilent]); got != 4 {
			t.Errorf("%v are counted", got)
		}
	})
}

// Who has said by ALPN that it speaks HTTP and then drips a request, or says
// nothing in HTTP/2, is closed too, by net/http.
func TestSlowRequestsOnTheTLSPortAreClosed(t *testing.T) {
	cert, key, _ := authority.certify(t, t.TempDir(), time.Now().Add(time.Hour), "localhost")
	synctest.Test(t, func(t *testing.T) {
		config := &tls.Config{}
		if err := certified(config, cert, key, quietLog(t)); err != nil {
			t.Fatal(err)
		}
		l := pipes{make(chan net.Conn), make(chan struct{})}
		port := newTLSPort(l, config, true, nil, newDoorMetrics(prometheus.NewRegistry()))
		server := &http.Server{
			Handler:           http.NotFoundHandler(),
			ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, IdleTimeout: idleTime, ErrorLog: log.New(io.Discard, "", 0),
		}
		running := make(chan error, 2)
		go func() { running <- port.Run() }()
		go func() { running <- served(server.Serve(port)) }()
		for _, c := range []struct {
			protocol string
			within   time.Duration
		}{{alpnHTTP1, headerTime}, {alpnHTTP2, requestTime}} {
			ours, theirs := net.Pipe()
			l.in <- theirs
			client := tls.Client(ours, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{c.protocol}})
			if err := client.HandshakeContext(t.Context()); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			go func() {
				for _, b := range bytes.Repeat([]byte("G"), 200) {
					if c.protocol == alpnHTTP2 {
						return
					}
					if _, err := client.Write([]byte{b}); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
			_, _ = io.Copy(io.Discard, client)
			if took := time.Since(began); took > c.within+6*time.Second {
				t.Errorf("%s: closed after %s", c.protocol, took)
			}
			_ = ours.Close()
		}
		_ = server.Close()
		for range 2 {
			if err := <-running; err != nil {
				t.Error(err)
			}
		}
	})
}

func countOf(t *testing.T, m prometheus.Collector) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	if err := reg.Register(m); err != nil {
		t.Fatal(err)
	}
	all, err := reg.Gather()
	if err != nil || len(all) != 1 {
		t.Fatal(err)
	}
	return all[0].GetMetric()[0].GetCounter().GetValue()
}
