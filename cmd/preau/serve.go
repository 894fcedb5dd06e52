package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"preau/sfu"
	"preau/signaling"
	"preau/signaling/access"
	"preau/signaling/room"
	"preau/web"
)

const (
	// goodbyeTime is how long clients have to hear the goodbye of a server that
	// goes down.
	goodbyeTime = 5 * time.Second
	// headerTime bounds the wait for a request's headers, against clients that
	// send a byte a minute.
	headerTime = 10 * time.Second
	// requestTime bounds the whole of a request's reading, bodies included; a
	// websocket is taken over before it ends.
	requestTime = 30 * time.Second
	idleTime    = 2 * time.Minute
)

// Output is where a run says what it does.
type Output struct {
	Out   io.Writer // what an operator reads at start
	Log   *slog.Logger
	Ready func(Running) // called once everything listens; may be nil
}

// Running is where a started server is reached.
type Running struct {
	URL   string // of the page, without a slash at the end
	Media sfu.Addrs
}

// Run is the whole program: it listens, serves until ctx ends, says goodbye to
// everyone and returns when all it started has ended.
func Run(ctx context.Context, c Config, o Output) error {
	data, remove, err := dataDirectory(c)
	if err != nil {
		return err
	}
	defer remove()
	s, err := assemble(c, data, o.Log)
	if err != nil {
		return err
	}
	return s.run(ctx, o)
}

// dataDirectory is where logs are kept; a temporary one goes with --dev.
func dataDirectory(c Config) (path string, remove func(), err error) {
	if c.Data != "" {
		return c.Data, func() {}, os.MkdirAll(c.Data, 0o700)
	}
	path, err = os.MkdirTemp("", "preau-dev-")
	return path, func() { _ = os.RemoveAll(path) }, err
}

// program is the parts of a server, made and not yet running.
type program struct {
	config   Config
	log      *slog.Logger
	node     *sfu.Node
	school   *room.School
	server   *signaling.Server
	http     *http.Server
	listener net.Listener
}

// assemble makes the parts, the lowest layer first. The HTTP port is taken
// before anything else, so that a second server on a machine fails at once.
func assemble(c Config, data string, log *slog.Logger) (*program, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.HTTPBind, strconv.Itoa(c.Port)))
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP: %w", err)
	}
	p, err := assembleOn(listener, c, data, log)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return p, nil
}

func assembleOn(listener net.Listener, c Config, data string, log *slog.Logger) (*program, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	node, err := sfu.New(sfu.Options{
		Bind: c.Bind, UDPPort: c.RTCUDPPort, TCPPort: c.RTCTCPPort, NodeIPs: c.NodeIPs, Loopback: c.Dev,
		TURN: c.TURN, TURNPort: c.TURNPort, Registry: registry, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	logs, err := room.NewFileLogs(data, room.FileOptions{Log: log})
	if err != nil {
		return nil, fmt.Errorf("class logs: %w", err)
	}
	plane := newMedia(node)
	school := room.NewSchool(logs, room.Options{Log: log, Metrics: roomMetrics(registry), Watch: func(r *room.Room) { follow(r, plane, log) }})
	server := signaling.New(signaling.Options{
		School: school, Media: plane, Keys: c.Keys, Static: web.Handler(), Registry: registry, Log: log,
		Version: version, OpenClasses: c.OpenClasses, Dev: c.Dev, PublicURL: c.PublicURL, Proxies: c.Proxies,
	})
	return &program{
		config: c, log: log, node: node, school: school, server: server, listener: listener,
		http: &http.Server{
			Handler: server.Handler(), ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, IdleTimeout: idleTime,
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
	}, nil
}

// run starts the parts, waits for ctx to end or a part to fail, and takes them
// down in the opposite order: clients hear the goodbye while media still runs.
func (p *program) run(ctx context.Context, o Output) error {
	below, stopBelow := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBelow()
	failed := make(chan error, 4)
	parts := 0
	start := func(name string, run func() error) {
		parts++
		go func() {
			err := run()
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			failed <- err
		}()
	}
	start("media", func() error { return p.node.Run(below) })
	start("classes", func() error { return p.school.Run(below) })
	select {
	case <-p.school.Ready():
	case err := <-failed:
		stopBelow()
		return errors.Join(err, <-failed, p.listener.Close())
	case <-ctx.Done(): // told to end while classes were being restored
		stopBelow()
		return errors.Join(<-failed, <-failed, p.listener.Close())
	}
	start("signalling", func() error { return p.server.Run(below) })
	start("http", func() error {
		if err := p.http.Serve(p.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	p.announce(o)

	var errs []error
	select {
	case <-ctx.Done():
		p.log.Info("going down")
	case err := <-failed:
		parts--
		errs = append(errs, err)
	}
	errs = append(errs, p.goodbye())
	stopBelow()
	for range parts {
		errs = append(errs, <-failed)
	}
	return errors.Join(errs...)
}

// goodbye tells the clients and closes the port.
func (p *program) goodbye() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	if err := p.server.Goodbye(ctx); err != nil {
		p.log.Warn("not everyone heard the goodbye", "err", err)
	}
	if err := p.http.Shutdown(ctx); err != nil {
		return p.http.Close()
	}
	return nil
}

// announce says where the server is; with --dev it prints links to try it.
func (p *program) announce(o Output) {
	port := p.listener.Addr().(*net.TCPAddr).Port
	running := Running{URL: "http://" + net.JoinHostPort(reachable(p.config.HTTPBind), strconv.Itoa(port)), Media: p.node.Addrs()}
	p.log.Info("ready", "url", running.URL, "udp", running.Media.UDP, "tcp", running.Media.TCP, "turn", running.Media.TURN)
	if o.Out != nil {
		fmt.Fprintf(o.Out, "Préau is ready at %s\n", running.URL)
		if p.config.Dev {
			p.printLinks(o.Out, running.URL)
		}
	}
	if o.Ready != nil {
		o.Ready(running)
	}
}

func (p *program) printLinks(out io.Writer, base string) {
	key, _ := p.config.Keys.For("")
	teacher, pupils, err := links(p.config.Keys, key, base, access.Invite{Class: "essai", Title: "Essai", Lobby: true})
	if err != nil {
		fmt.Fprintln(out, "no links:", err)
		return
	}
	fmt.Fprintf(out, "\nOpen the class as its teacher:\n  %s\n\nJoin it as a pupil (another browser, or a private window):\n  %s\n\n", teacher, pupils)
}

// reachable is an address that this machine's browser can open.
func reachable(bind string) string {
	if ip := net.ParseIP(bind); ip == nil || ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return bind
}

func newLogger(c Config, w io.Writer) *slog.Logger {
	level, _ := logLevel(c.LogLevel)
	options := &slog.HandlerOptions{Level: level}
	if c.LogJSON {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
