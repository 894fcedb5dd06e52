package main

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"preau/signaling/classpb"
	"preau/signaling/room"
)

// roomMetrics are the figures of the classes' goroutines and logs: what was
// answered how, how long the disk took, and who was let go and why.
func roomMetrics(r prometheus.Registerer) room.Metrics {
	commands := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "preau_class_command_seconds", Help: "Time from a command's arrival to its answer, by result.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
	}, []string{"code"})
	appends := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "preau_log_append_seconds", Help: "Time to write and sync a batch of events.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14),
	})
	events := prometheus.NewCounter(prometheus.CounterOpts{Name: "preau_log_events_total", Help: "Events written to class logs."})
	failed := prometheus.NewCounter(prometheus.CounterOpts{Name: "preau_log_append_failures_total", Help: "Batches of events that the log did not take."})
	letGo := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "preau_class_members_let_go_total", Help: "Members let go, by reason."}, []string{"reason"})
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "preau_class_commands_refused_total", Help: "Commands not decided, by reason."}, []string{"reason"})
	panics := prometheus.NewCounter(prometheus.CounterOpts{Name: "preau_class_panics_total", Help: "Panics contained in a class."})
	r.MustRegister(commands, appends, events, failed, letGo, refused, panics)
	return room.Metrics{
		Command: func(code classpb.Code, waited time.Duration) {
			commands.WithLabelValues(resultOf(code)).Observe(waited.Seconds())
		},
		Appended: func(n int, took time.Duration, err error) {
			appends.Observe(took.Seconds())
			if err != nil {
				failed.Inc()
				return
			}
			events.Add(float64(n))
		},
		LetGo:    func(reason string) { letGo.WithLabelValues(reason).Inc() },
		Refused:  func(reason string) { refused.WithLabelValues(reason).Inc() },
		Panicked: panics.Inc,
	}
}

// resultOf is a code as metrics label it: "done", "forbidden", …
func resultOf(code classpb.Code) string {
	if code == classpb.Code_CODE_UNSPECIFIED {
		return "done"
	}
	return strings.ToLower(strings.TrimPrefix(code.String(), "CODE_"))
}
