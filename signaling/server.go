package signaling

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// sweepEvery is how often throttles forget addresses.
const sweepEvery = time.Minute

// Server answers everything that reaches Préau over HTTP.
type Server struct {
	// Fixed after construction.
	options Options
	log     *slog.Logger
	metrics *metrics
	seats   *seats
	buffers sync.Pool // websocket write buffers
	joins   joinThrottles
	codes   *throttle // wrong codes, by address
	opens   *throttle // classes opened, by address
	rtc     *rtcHandler
	handler http.Handler

	attendance *attendance // every websocket being served
}

// joinThrottles bound the joins of one address. They are apart because a page
// that joins goes through all three.
type joinThrottles struct{ api, class, rtc *throttle }

// New makes a Server. Its handler serves at once; Run keeps it.
func New(o Options) *Server {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	o.Limits = o.Limits.filled()
	perSecond := func(perMinute int) float64 { return float64(perMinute) / 60 }
	s := &Server{
		options: o, log: o.Log,
		metrics:    newMetrics(o.Registry),
		seats:      newSeats(o.Proxies),
		joins:      joinThrottles{newJoins(o.Limits), newJoins(o.Limits), newJoins(o.Limits)},
		codes:      newThrottle(perSecond(o.Limits.WrongCodesPerMinute), o.Limits.WrongCodesPerMinute),
		opens:      newThrottle(perSecond(o.Limits.OpensPerMinute), o.Limits.OpensPerMinute),
		attendance: newAttendance(),
	}
	if o.Media != nil {
		s.rtc = newRTC(s.rtcOptions())
	}
	countPeople(o.Registry, o.School, o.Keys, s.seats)
	s.handler = s.routes()
	return s
}

// rtcOptions: what /rtc shares with the rest of the server.
func (s *Server) rtcOptions() rtcOptions {
	return rtcOptions{
		School: s.options.School, Media: s.options.Media, Keys: s.options.Keys, Claims: s.claimsOf, Limits: s.options.Limits,
		Metrics: s.metrics, Seats: s.seats, Attendance: s.attendance, Log: s.log,
	}
}

func newJoins(l Limits) *throttle { return newThrottle(l.JoinsPerSecond, l.JoinBurst) }

// Handler is the whole HTTP surface.
func (s *Server) Handler() http.Handler { return s.handler }

// ConnState is for the http.Server that serves Handler: a page's files are paced by what the voices
// leave of the link that they come over.
func (s *Server) ConnState(c net.Conn, state http.ConnState) { s.seats.pacing.connState(c, state) }

// Run keeps house until the context ends, then says goodbye to whoever is still
// there and waits for every socket.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, t := range []*throttle{s.joins.api, s.joins.class, s.joins.rtc, s.codes, s.opens} {
				t.sweep(now)
			}
		case <-ctx.Done():
			return s.Goodbye(context.WithoutCancel(ctx))
		}
	}
}

// Goodbye tells every client that the server goes down, so that they come back
// by themselves, and waits for their sockets to close or the context to end.
func (s *Server) Goodbye(ctx context.Context) error {
	s.attendance.close()
	if s.rtc != nil {
		s.rtc.Goodbye(ctx)
	}
	if err := s.attendance.wait(ctx); err != nil {
		return fmt.Errorf("goodbye: some sockets are still open: %w", err)
	}
	return nil
}

// routes is the table of what is where.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.options.Registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /class", s.throttled(s.joins.class, s.serveClass))
	mux.HandleFunc("GET /class/validate", s.throttled(s.joins.class, s.validateClass))
	if s.rtc != nil {
		rtc := s.throttled(s.joins.rtc, s.rtc.ServeHTTP)
		mux.HandleFunc("GET /rtc", rtc)
		mux.HandleFunc("GET /rtc/", rtc)
	}
	mux.Handle("/twirp/", s.twirp())
	s.routeAPI(mux)
	mux.HandleFunc("HEAD /{$}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	if s.options.Static != nil {
		mux.Handle("/", readOnly(s.seats.pacing.files(s.options.Static)))
	}
	return websocketsOverHTTP2(s.metrics.streams.Inc, s.wrap(mux))
}

// readOnly answers reading requests alone. A "GET /" pattern would say the same
// and conflict with the patterns above that take every method.
func readOnly(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD are answered here", http.StatusMethodNotAllowed)
			return
		}
		h.ServeHTTP(w, r)
	})
}
