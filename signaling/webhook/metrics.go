package webhook

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	delivered prometheus.Counter
	failed    *prometheus.CounterVec
	dropped   *prometheus.CounterVec
}

func newMetrics(r *prometheus.Registry, waiting func() float64) *metrics {
	m := &metrics{
		delivered: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "preau_webhook_delivered_total", Help: "Events that a receiver acknowledged.",
		}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "preau_webhook_failures_total", Help: "Attempts that failed, by what failed: receiver or journal.",
		}, []string{"at"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "preau_webhook_dropped_total", Help: "Events never delivered, by reason: overflow or expired; and followers that began anew: follower.",
		}, []string{"reason"}),
	}
	if r != nil {
		r.MustRegister(m.delivered, m.failed, m.dropped, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "preau_webhook_waiting", Help: "Events that wait to be acknowledged.",
		}, waiting))
	}
	return m
}
