package signaling

import (
	"github.com/prometheus/client_golang/prometheus"

	"preau/signaling/access"
	"preau/signaling/room"
)

// Kinds of websocket, as metric label.
const (
	socketClass = "class"
	socketRTC   = "rtc"
)

// metrics are the figures of this package. Labels never carry a name, a class
// or an address.
type metrics struct {
	sockets  *prometheus.GaugeVec     // kind
	joins    *prometheus.HistogramVec // kind; seconds from the request to the first state
	commands *prometheus.CounterVec   // kind, result
	drops    *prometheus.CounterVec   // reason
	streams  prometheus.Counter
	refused  *prometheus.CounterVec // reason
	errors   *prometheus.CounterVec // where
}

func newMetrics(r prometheus.Registerer) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "preau", Subsystem: "signaling", Name: name, Help: help}, labels)
	}
	m := &metrics{
		sockets: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "preau", Subsystem: "signaling", Name: "sockets",
			Help: "Websockets open now, by kind (class, rtc).",
		}, []string{"kind"}),
		joins: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "preau", Subsystem: "signaling", Name: "join_seconds",
			Help:    "Time from a websocket's request to its first state sent, by kind.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"kind"}),
		commands: counter("commands_total", "Commands received, by kind of socket and result (ok or the error's code).", "kind", "result"),
		drops:    counter("drops_total", "What was thrown away, by reason.", "reason"),
		streams: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "preau", Subsystem: "signaling", Name: "streams_total",
			Help: "Websockets asked for as streams of an HTTP/2 connection (RFC 8441).",
		}),
		refused: counter("refused_total", "Requests refused before they reached a class, by reason.", "reason"),
		errors:  counter("errors_total", "Faults of the server itself, by where.", "where"),
	}
	r.MustRegister(m.sockets, m.joins, m.commands, m.drops, m.streams, m.refused, m.errors)
	return m
}

// countPeople registers the classes open, and who is in them with a socket.
func countPeople(r prometheus.Registerer, school *room.School, keys access.Keys, seats *seats) {
	gauge := func(name, help string, value func() int) {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "preau", Name: name, Help: help},
			func() float64 { return float64(value()) }))
	}
	gauge("classes", "Classes open now.", func() (n int) {
		for _, tenant := range keys.Tenants() {
			n += len(school.List(tenant))
		}
		return n
	})
	gauge("participants", "Participants who hold a websocket now, of either kind.", seats.people)
}
