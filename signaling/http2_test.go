package signaling

//lint:file-ignore SA1019 net/http's own client lets no :protocol pass

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // RFC 6455 has it so
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/net/http2"

	"google.golang.org/protobuf/proto"
	"preau/signaling/classpb"
)

// browserHTTP2 opens websockets as streams of one HTTP/2 connection, as browsers do (RFC 8441).
type browserHTTP2 struct {
	t         *testing.T
	url       string
	transport *http2.Transport
	dials     atomic.Int32
}

func newBrowserHTTP2(t *testing.T, h http.Handler, of *Server) *browserHTTP2 {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	if of != nil {
		s.Config.ConnState, s.Config.ConnContext = of.ConnState, of.ConnContext
	}
	s.StartTLS()
	b := &browserHTTP2{t: t, url: s.URL}
	b.transport = &http2.Transport{DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
		b.dials.Add(1)
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}} //nolint:gosec // httptest's own certificate
		return d.DialContext(ctx, network, address)
	}}
	t.Cleanup(func() {
		b.transport.CloseIdleConnections()
		s.CloseClientConnections()
		s.Close()
	})
	return b
}

// dial opens a websocket; the response is what the server answered.
func (b *browserHTTP2) dial(path string, q url.Values) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{Subprotocols: []string{Subprotocol}, EnableCompression: true, HandshakeTimeout: patience}
	d.NetDialContext = func(context.Context, string, string) (net.Conn, error) {
		return &streamClient{browser: b, ended: make(chan struct{})}, nil
	}
	c, resp, err := d.Dial("ws"+strings.TrimPrefix(b.url, "https")+path+"?"+q.Encode(), nil)
	if err == nil {
		b.t.Cleanup(func() { _ = c.Close() })
	}
	return c, resp, err
}

// streamClient makes an extended CONNECT of a websocket client's handshake, and a stream of the rest.
type streamClient struct {
	net.Conn // none: what is not below is not used
	browser  *browserHTTP2
	up       *io.PipeWriter
	down     io.Reader
	body     io.Closer
	ended    chan struct{}
}

func (c *streamClient) Write(b []byte) (int, error) {
	if c.up != nil {
		return c.up.Write(b)
	}
	asked, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
	if err != nil {
		return 0, err
	}
	read, write := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-c.ended; cancel() }()
	r, err := http.NewRequestWithContext(ctx, http.MethodConnect, c.browser.url+asked.URL.String(), read)
	if err != nil {
		return 0, err
	}
	r.Header = http.Header{":protocol": {"websocket"}}
	for _, name := range []string{"Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions"} {
		if v := asked.Header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	resp, err := c.browser.transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	status := "101 Switching Protocols"
	if resp.StatusCode != http.StatusOK {
		status = resp.Status
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "HTTP/1.1 %s\r\n", status)
	sum := sha1.Sum([]byte(asked.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // see above
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": base64.StdEncoding.EncodeToString(sum[:]),
		"Sec-WebSocket-Protocol": resp.Header.Get("Sec-WebSocket-Protocol"), "Sec-WebSocket-Extensions": resp.Header.Get("Sec-WebSocket-Extensions"),
		"X-Headers": fmt.Sprint(len(resp.Header)),
	} {
		if value != "" {
			fmt.Fprintf(&head, "%s: %s\r\n", name, value)
		}
	}
	head.WriteString("\r\n")
	c.up, c.down, c.body = write, io.MultiReader(&head, resp.Body), resp.Body
	return len(b), nil
}

func (c *streamClient) Read(b []byte) (int, error) { return c.down.Read(b) }

func (c *streamClient) Close() error {
	select {
	case <-c.ended:
		return nil
	default:
	}
	close(c.ended)
	if c.up == nil {
		return nil
	}
	return errors.Join(c.up.Close(), c.body.Close())
}

func (c *streamClient) SetDeadline(time.Time) error      { return nil }
func (c *streamClient) SetReadDeadline(time.Time) error  { return nil }
func (c *streamClient) SetWriteDeadline(time.Time) error { return nil }

// Both sockets of a page are streams of one connection, paced as one; other requests go on beside.
func TestWebsocketsOverHTTP2(t *testing.T) {
	s := newRTCSchool(t)
	s.enter(s.token("ada", teacher))
	b := newBrowserHTTP2(t, s.server.Handler(), s.server)
	token := s.token("bob", pupil)
	page, resp, err := b.dial("/class", url.Values{"access_token": {token}, "page": {"one"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("X-Headers"); got != "3" { // with the date
		t.Errorf("the handshake is answered with %s headers", got)
	}
	if page.Subprotocol() != Subprotocol {
		t.Errorf("the subprotocol is %q", page.Subprotocol())
	}
	_, frame, err := page.ReadMessage()
	var hello classpb.ServerFrame
	if err != nil || proto.Unmarshal(frame, &hello) != nil || hello.GetHello() == nil {
		t.Fatalf("%v: %v", err, &hello)
	}
	media, _, err := b.dial("/rtc", url.Values{"access_token": {token}, "protocol": {"17"}, "page": {"one"}})
	if err != nil {
		t.Fatal(err)
	}
	c := (&rtcClient{t: t, conn: media}).joined(s)
	if got := c.join.GetParticipant().GetIdentity(); got != "bob" {
		t.Errorf("%q came in", got)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	health, err := b.transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = health.Body.Close()
	if health.StatusCode != http.StatusOK || b.dials.Load() != 1 {
		t.Errorf("status %d, over %d connections", health.StatusCode, b.dials.Load())
	}
	_, refused, err := b.dial("/class", url.Values{"access_token": {"nonsense"}})
	if err == nil || refused == nil || refused.StatusCode != http.StatusUnauthorized {
		t.Errorf("a bad token gets %v, %v", refused, err)
	}
}

// echoing serves websockets that say what they are told, and tells when each handler has ended.
func echoing(t *testing.T, each func(*websocket.Conn)) (b *browserHTTP2, ended chan struct{}) {
	ended = make(chan struct{}, 1)
	return newBrowserHTTP2(t, websocketsOverHTTP2(func() {}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
		conn, err := up.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		each(conn)
	})), nil), ended
}

func inPatience(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("waited in vain: " + what)
	}
}

// What a connection can do a stream can: what was written before the end arrives, reading ends in time,
// whoever closes ends both.
func TestAStreamIsAConnection(t *testing.T) {
	t.Run("carries all sizes both ways", func(t *testing.T) {
		b, ended := echoing(t, func(c *websocket.Conn) {
			for {
				kind, m, err := c.ReadMessage()
				if err != nil || c.WriteMessage(kind, m) != nil {
					return
				}
			}
		})
		c, _, err := b.dial("/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, 1, 125, 126, 4096, 70_000, 1 << 20} {
			sent := bytes.Repeat([]byte{byte(size)}, size)
			if err := c.WriteMessage(websocket.BinaryMessage, sent); err != nil {
				t.Fatal(err)
			}
			if _, got, err := c.ReadMessage(); err != nil || !slices.Equal(got, sent) {
				t.Fatalf("%d bytes: %d came back, %v", size, len(got), err)
			}
		}
		_ = c.Close()
		inPatience(t, "the handler ends with its client", ended)
	})
	t.Run("says what is written before it closes", func(t *testing.T) {
		b, ended := echoing(t, func(c *websocket.Conn) {
			_ = c.WriteMessage(websocket.TextMessage, []byte("goodbye"))
			_ = c.Close()
			if err := c.WriteMessage(websocket.TextMessage, nil); err == nil {
				t.Error("a closed socket was written to")
			}
		})
		c, _, err := b.dial("/", nil)
		if err != nil {
			t.Fatal(err)
		}
		inPatience(t, "the handler ends", ended)
		if _, m, err := c.ReadMessage(); err != nil || string(m) != "goodbye" {
			t.Errorf("%q, %v", m, err)
		}
		if _, _, err := c.ReadMessage(); err == nil {
			t.Error("the socket is still open")
		}
	})
	t.Run("outlives the deadlines of what has been written", func(t *testing.T) {
		b, ended := echoing(t, func(c *websocket.Conn) {
			by := time.Now().Add(time.Second)
			_ = c.SetWriteDeadline(by)
			_ = c.WriteMessage(websocket.TextMessage, []byte("one"))
			time.Sleep(time.Until(by.Add(50 * time.Millisecond))) // the deadline itself, not a guess
			_ = c.SetWriteDeadline(time.Time{})
			if err := c.WriteMessage(websocket.TextMessage, []byte("two")); err != nil {
				t.Error(err)
			}
			_, _, _ = c.ReadMessage()
		})
		c, _, err := b.dial("/", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"one", "two"} {
			if _, m, err := c.ReadMessage(); err != nil || string(m) != want {
				t.Fatalf("%q, %v", m, err)
			}
		}
		_ = c.Close()
		inPatience(t, "the handler ends", ended)
	})
	t.Run("is written no faster than its pace, which a deadline does not count", func(t *testing.T) {
		const size, rate = 8 << 10, 16 << 10 // half a second, but for the last piece
		took := make(chan time.Duration, 1)
		b, ended := echoing(t, func(c *websocket.Conn) {
			c.NetConn().(*streamConn).pace.Store(rate)
			_ = c.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
			begun := time.Now()
			if err := c.WriteMessage(websocket.BinaryMessage, make([]byte, size)); err != nil {
				t.Error(err)
			}
			took <- time.Since(begun)
			_, _, _ = c.ReadMessage()
		})
		c, _, err := b.dial("/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, m, err := c.ReadMessage(); err != nil || len(m) != size {
			t.Errorf("%d bytes, %v", len(m), err)
		}
		if d := <-took; d < 400*time.Millisecond {
			t.Errorf("it took %v", d)
		}
		_ = c.Close()
		inPatience(t, "the handler ends", ended)
	})
	t.Run("ends reading in time", func(t *testing.T) {
		b, ended := echoing(t, func(c *websocket.Conn) {
			_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			if _, _, err := c.ReadMessage(); err == nil {
				t.Error("nothing was sent, and something was read")
			}
		})
		if _, _, err := b.dial("/", nil); err != nil {
			t.Fatal(err)
		}
		inPatience(t, "the handler gives up", ended)
	})
	// The client's window takes three of these and no fourth.
	stuck := func(end func(*websocket.Conn)) func(t *testing.T) {
		return func(t *testing.T) {
			b, ended := echoing(t, func(c *websocket.Conn) {
				var written atomic.Int32
				over := make(chan struct{})
				go func() {
					defer close(over)
					for c.WriteMessage(websocket.BinaryMessage, make([]byte, 1<<20)) == nil {
						written.Add(1)
					}
				}()
				stream := c.NetConn().(*streamConn)
				writing := func() bool {
					stream.closing.Lock()
					defer stream.closing.Unlock()
					return stream.writing
				}
				for written.Load() < 3 || !writing() {
					select {
					case <-over:
						t.Error("it could not be written")
						return
					case <-time.After(time.Millisecond):
					}
				}
				end(c)
				select {
				case <-over:
				case <-time.After(patience):
					t.Error("the writer is stuck")
				}
			})
			if _, _, err := b.dial("/", nil); err != nil {
				t.Fatal(err)
			}
			inPatience(t, "the handler ends", ended)
		}
	}
	t.Run("is closed while it writes to who does not read", stuck(func(c *websocket.Conn) { _ = c.Close() }))
	t.Run("ends a write in time", stuck(func(c *websocket.Conn) {
		_ = c.NetConn().SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	}))
}
