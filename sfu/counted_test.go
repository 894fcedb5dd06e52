package sfu

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// counted reads a counter or gauge.
func counted(t testing.TB, m prometheus.Metric) int {
	t.Helper()
	var d dto.Metric
	if err := m.Write(&d); err != nil {
		t.Fatal(err)
	}
	if d.Gauge != nil {
		return int(d.Gauge.GetValue())
	}
	return int(d.Counter.GetValue())
}
