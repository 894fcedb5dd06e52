package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"preau/sfu"
	"preau/signaling"
	"preau/signaling/access"
	"preau/signaling/room"
	"preau/signaling/webhook"
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
	// answerTime bounds the writing of an answer: the largest file takes a minute on the thinnest link.
	answerTime = 5 * time.Minute
	idleTime   = 2 * time.Minute
	// stuckTime bounds one write to an HTTP/2 connection, at most a frame of 16 kB: at the slowest pace
	// half a minute.
	stuckTime = time.Minute
)

// Output is where a run says what it does.
type Output struct {
	Out   io.Writer // what an operator reads at start
	Log   *slog.Logger
	Ready func(Running) // called once everything listens; may be nil
}

// Running is where a started server is reached.
type Running struct {
	URL      string // of the page, without a slash at the end
	Redirect string // where plain HTTP is sent on to it; empty: nowhere
	Media    sfu.Addrs
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
	config Config
	log    *slog.Logger
	node   *sfu.Node
	school *room.School
	hooks  *webhook.Hooks // nil: none
	server *signaling.Server
	http   *http.Server
	doors  doors
	guard  guarded
}

// assemble makes the parts, the lowest layer first.
func assemble(c Config, data string, log *slog.Logger) (*program, error) {
	d, err := openDoors(c)
	if err != nil {
		return nil, err
	}
	p, err := assembleBehind(d, c, data, log)
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return p, nil
}

func assembleBehind(d doors, c Config, data string, log *slog.Logger) (*program, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	node, err := sfu.New(sfu.Options{
		Bind: c.Bind, UDPPort: c.RTCUDPPort, TCPPort: c.RTCTCPPort, NodeIPs: c.NodeIPs, Loopback: c.Dev,
		STUNServer: c.STUNServer, TURN: c.TURN, TURNPort: c.TURNPort, TURNTCPPort: c.TURNPort, TURNTLS: d.turnAddress(c.TLS),
		NoSegmentation: c.RTCNoGSO, Registry: registry, Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	guard, err := d.guard(c, data, node.ServeTURN, registry, log)
	if err != nil {
		return nil, err
	}
	logs, err := room.NewFileLogs(data, room.FileOptions{Log: log})
	if err != nil {
		return nil, fmt.Errorf("class logs: %w", err)
	}
	plane := newMedia(node)
	hooks, err := newHooks(c, data, registry, log)
	if err != nil {
		return nil, fmt.Errorf("webhooks: %w", err)
	}
	school := room.NewSchool(logs, room.Options{Log: log, Metrics: roomMetrics(registry), Watch: func(r *room.Room) {
		follow(r, plane, log)
		if hooks != nil {
			hooks.Follow(r)
		}
	}})
	server := signaling.New(signaling.Options{
		School: school, Media: plane, Keys: c.Keys, Static: web.Handler(), Registry: registry, Log: log,
		Version: version, OpenClasses: c.OpenClasses, Dev: c.Dev, PublicURL: c.PublicURL, Proxies: c.Proxies,
	})
	return &program{
		config: c, log: log, node: node, school: school, hooks: hooks, server: server, doors: d, guard: guard,
		http: &http.Server{
			Handler: metricsFor(c, server.Handler()), ReadHeaderTimeout: headerTime, ReadTimeout: requestTime, IdleTimeout: idleTime,
			WriteTimeout: answerTime, HTTP2: &http.HTTP2Config{WriteByteTimeout: stuckTime},
			ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), ConnState: server.ConnState, ConnContext: server.ConnContext,
		},
	}, nil
}

// newHooks is nil where nobody is to be told.
func newHooks(c Config, data string, registry *prometheus.Registry, log *slog.Logger) (*webhook.Hooks, error) {
	if len(c.WebhookURLs) == 0 {
		return nil, nil
	}
	key := c.Keys[c.WebhookKey]
	return webhook.New(webhook.Options{
		URLs: c.WebhookURLs, Key: c.WebhookKey, Secret: key.Secret, Tenant: key.Tenant,
		Dir: filepath.Join(data, "webhooks"), Registry: registry, Log: log,
	})
}

// run starts the parts, waits for ctx to end or a part to fail, and takes them
// down in the opposite order: clients hear the goodbye while media still runs.
func (p *program) run(ctx context.Context, o Output) error {
	defer p.guard.close()
	below, stopBelow := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBelow()
	all := newParts()
	p.startClasses(below, all)
	select {
	case <-p.school.Ready():
	case err := <-all.ended:
		return errors.Join(err, all.stop(stopBelow), p.doors.close())
	case <-ctx.Done(): // told to end while classes were being restored
		return errors.Join(all.stop(stopBelow), p.doors.close())
	}
	p.startDoors(below, all)
	p.announce(o)

	var failed error
	select {
	case <-ctx.Done():
		p.log.Info("going down")
	case failed = <-all.ended:
	}
	return errors.Join(failed, p.goodbye(), all.stop(stopBelow))
}

// startClasses starts what needs no client: the media plane and the classes, restored from their logs.
func (p *program) startClasses(ctx context.Context, all *parts) {
	all.start("media", func() error { return p.node.Run(ctx) })
	if p.hooks != nil {
		all.start("webhooks", func() error { return p.hooks.Run(ctx) })
	}
	all.start("classes", func() error { return p.school.Run(ctx) })
}

// startDoors lets clients in, once the classes are there.
func (p *program) startDoors(ctx context.Context, all *parts) {
	if p.hooks != nil {
		p.hooks.Settle(ctx)
	}
	all.start("signalling", func() error { return p.server.Run(ctx) })
	all.start("http", func() error { return served(p.http.Serve(p.guard.page)) })
	for _, port := range p.guard.ports {
		all.start("tls", port.Run)
	}
	if p.guard.redirect != nil {
		all.start("redirection", func() error { return served(p.guard.redirect.Serve(p.doors.redirect)) })
	}
	if p.guard.acme != nil {
		all.start("certificates", func() error { return p.guard.acme.Run(ctx) })
	}
}

// served is the error of a server that was not told to end.
func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// goodbye tells the clients and closes the ports.
func (p *program) goodbye() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTime)
	defer cancel()
	if err := p.server.Goodbye(ctx); err != nil {
		p.log.Warn("not everyone heard the goodbye", "err", err)
	}
	var errs []error
	for _, server := range []*http.Server{p.http, p.guard.redirect} {
		if server == nil {
			continue
		}
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, server.Close())
		}
	}
	for _, port := range p.guard.ports {
		errs = append(errs, port.Close())
	}
	return errors.Join(errs...)
}

// announce says where the server is; with --dev it prints links to try it.
func (p *program) announce(o Output) {
	scheme := map[bool]string{false: "http", true: "https"}[p.config.TLS.secure()]
	here := func(l net.Listener) string {
		return net.JoinHostPort(reachable(p.config.HTTPBind), strconv.Itoa(portOf(l)))
	}
	running := Running{URL: scheme + "://" + here(p.doors.page), Media: p.node.Addrs()}
	if p.doors.redirect != nil {
		running.Redirect = "http://" + here(p.doors.redirect)
	}
	m := running.Media
	p.log.Info("ready", "url", running.URL, "udp", m.UDP, "tcp", m.TCP, "turn", m.TURN, "turn_tls", p.doors.turnAddress(p.config.TLS), "announced", m.Announced)
	if o.Out != nil {
		fmt.Fprintf(o.Out, "Préau is ready at %s\n", cmp.Or(p.config.PublicURL, p.named(), running.URL))
		if p.config.Dev {
			p.printLinks(o.Out, running.URL)
		}
	}
	if o.Ready != nil {
		o.Ready(running)
	}
}

// named is the page's address by the name it has a certificate for, if that
// name was given to us.
func (p *program) named() string {
	if p.guard.acme == nil {
		return ""
	}
	name := p.config.TLS.ACMEDomains[0]
	if port := portOf(p.doors.page); port != 443 {
		name += ":" + strconv.Itoa(port)
	}
	return "https://" + name
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
