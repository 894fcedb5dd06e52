package main

import "github.com/prometheus/client_golang/prometheus"

// What a connection to a TLS port turned out to be; label values of
// preau_tls_connections_total.
type servedKind int

const (
	servedHTTP servedKind = iota
	servedTURN
	servedACME // a certificate authority that looks whether the name is ours
	servedKinds
)

var servedNames = [servedKinds]string{"http", "turn", "acme"}

// Why one was closed; label values of preau_tls_refused_total.
type refusedReason int

const (
	refusedHandshake refusedReason = iota // not TLS, or no TLS that we speak
	refusedSilent                         // too slow, or said nothing
	refusedUnknown                        // neither HTTP nor TURN
	refusedFlood                          // too many undecided at once
	refusedReasons
)

var refusedNames = [refusedReasons]string{"handshake", "silent", "unknown", "flood"}

// doorMetrics are the figures of the TLS ports.
type doorMetrics struct {
	served  [servedKinds]prometheus.Counter
	refused [refusedReasons]prometheus.Counter
}

func newDoorMetrics(r prometheus.Registerer) *doorMetrics {
	served := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "preau_tls_connections_total", Help: "Connections to the TLS ports, by what is spoken.",
	}, []string{"kind"})
	refused := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "preau_tls_refused_total", Help: "Connections to the TLS ports that were closed, by reason.",
	}, []string{"reason"})
	r.MustRegister(served, refused)
	m := &doorMetrics{}
	for i, name := range servedNames {
		m.served[i] = served.WithLabelValues(name)
	}
	for i, name := range refusedNames {
		m.refused[i] = refused.WithLabelValues(name)
	}
	return m
}
