package signaling

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
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
	joins   *throttle // joins, by address
	codes   *throttle // wrong codes, by address
	opens   *throttle // classes opened, by address
	rtc     *rtcHandler
	handler http.Handler

	attendance *attendance // every websocket being served
	ready      atomic.Bool // Run has begun, with the school restored
}

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
		seats:      newSeats(),
		joins:      newThrottle(o.Limits.JoinsPerSecond, o.Limits.JoinBurst),
		codes:      newThrottle(perSecond(o.Limits.WrongCodesPerMinute), o.Limits.WrongCodesPerMinute),
		opens:      newThrottle(perSecond(o.Limits.OpensPerMinute), o.Limits.OpensPerMinute),
		attendance: newAttendance(),
	}
	countClasses(o.Registry, o.School, o.Keys)
	s.handler = s.routes()
	return s
}

// Handler is the whole HTTP surface.
func (s *Server) Handler() http.Handler { return s.handler }

// Run keeps house until the context ends, then says goodbye to whoever is still
// there and waits for every socket.
func (s *Server) Run(ctx context.Context) error {
	s.ready.Store(true)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			for _, t := range []*throttle{s.joins, s.codes, s.opens} {
				t.sweep(now)
			}
		case <-ctx.Done():
			s.attendance.close()
			return s.attendance.wait(context.WithoutCancel(ctx))
		}
	}
}

// Goodbye tells every client that the server goes down, so that they come back
// by themselves, and waits for their sockets to close or the context to end.
func (s *Server) Goodbye(ctx context.Context) error {
	s.attendance.close()
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
	return s.wrap(mux)
}
