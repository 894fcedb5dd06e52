package sfu

import "github.com/prometheus/client_golang/prometheus"

// Why a packet was dropped; each is a label value of preau_sfu_dropped_total.
type dropReason int

const (
	dropMalformed   dropReason = iota // not RTP, or too big
	dropNotSTUN                       // to the media port from nobody known
	dropMuted                         // the track is muted or blocked
	dropQueue                         // an egress writer's queue was full
	dropRelay                         // a relay's queue was full, or it aimed elsewhere
	dropFeedback                      // RTCP: malformed, or the writer's queue was full
	dropWrite                         // the transport refused it
	dropEvent                         // lossy data, the peer's event queue was full
	dropData                          // a data channel was full
	dropLate                          // asked for again, but no longer in the history
	dropNack                          // asked for again: never sent, forgotten, just answered, or too many
	dropCodec                         // the receiver cannot take the payload's form
	dropDescriptor                    // its dependency descriptor cannot be read
	dropName                          // another stream is the layer that it is named after
	dropConns                         // a connection to ICE over TCP: too many
	dropCandidate                     // a client's candidate: malformed
	dropPace                          // too much waited for its turn
	dropDescription                   // a client's description: unusable
	dropUnannounced                   // media of no publication: too much waits for its AddTrack
	dropReasons
)

var dropNames = [dropReasons]string{
	"malformed", "unknown", "muted", "queue", "relay", "feedback", "write", "event", "data", "late", "nack", "codec", "descriptor", "name", "connections", "candidate", "pace", "description", "unannounced",
}

// What the embedded TURN refused; each is a label value of preau_sfu_turn_refused_total.
type turnReason int

const (
	turnRequest turnReason = iota // not understood, not authenticated or not granted
	turnPeer                      // to reach another host or port than our media's
	turnFraming                   // a stream on which not TURN is spoken
	turnSilent                    // a stream without an allocation for too long, or idle
	turnFlood                     // too many streams without an allocation
	turnReasons
)

var turnNames = [turnReasons]string{"request", "peer", "framing", "silent", "flood"}

// metrics of one node. No label carries a name of anybody or anything.
type metrics struct {
	peers, routers, publications, subscriptions prometheus.Gauge

	packetsIn, packetsOut, bytesIn, bytesOut prometheus.Counter
	retransmitted, keyframesAsked, panics    prometheus.Counter
	probes                                   prometheus.Counter
	dropped                                  [dropReasons]prometheus.Counter
	joinSeconds                              prometheus.Histogram

	candidates      prometheus.Counter
	turnAllocations prometheus.Gauge
	turnReplaced    prometheus.Counter
	turnRefused     [turnReasons]prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "preau", Subsystem: "sfu", Name: name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "preau", Subsystem: "sfu", Name: name, Help: help})
	}
	drops := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "preau", Subsystem: "sfu", Name: "dropped_total", Help: "Packets and messages dropped, by reason.",
	}, []string{"reason"})
	refusals := prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "preau", Subsystem: "sfu", Name: "turn_refused_total", Help: "What the embedded TURN refused, by reason.",
	}, []string{"reason"})
	m := &metrics{
		candidates:      counter("candidates_total", "Candidates that clients named; none of them is contacted."),
		turnAllocations: gauge("turn_allocations", "Relays of the embedded TURN."),
		turnReplaced:    counter("turn_replaced_total", "Relays that ended for a newer one of the same participant."),
		peers:           gauge("peers", "Participants with a media connection."),
		routers:         gauge("routers", "Classes with a media connection."),
		publications:    gauge("tracks", "Tracks published."),
		subscriptions:   gauge("subscriptions", "Tracks sent to subscribers."),
		packetsIn:       counter("packets_in_total", "RTP packets received."),
		packetsOut:      counter("packets_out_total", "RTP packets sent."),
		bytesIn:         counter("bytes_in_total", "Bytes of RTP received."),
		bytesOut:        counter("bytes_out_total", "Bytes of RTP sent."),
		retransmitted:   counter("retransmitted_total", "Packets sent again for a NACK."),
		probes:          counter("probes_total", "Bursts of padding sent to see whether more passes."),
		keyframesAsked:  counter("keyframes_asked_total", "Keyframe requests sent to publishers."),
		panics:          counter("panics_total", "Panics caught; each closed one peer."),
		joinSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "preau", Subsystem: "sfu", Name: "join_seconds",
			Help:    "From a peer's join to its first connected transport.",
			Buckets: []float64{.05, .1, .2, .4, .8, 1.6, 3.2, 6.4, 15},
		}),
	}
	for i, name := range dropNames {
		m.dropped[i] = drops.WithLabelValues(name)
	}
	for i, name := range turnNames {
		m.turnRefused[i] = refusals.WithLabelValues(name)
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.peers, m.routers, m.publications, m.subscriptions, m.packetsIn, m.packetsOut, m.bytesIn, m.bytesOut,
		m.retransmitted, m.probes, m.keyframesAsked, m.panics, m.joinSeconds, drops,
		m.candidates, m.turnAllocations, m.turnReplaced, refusals,
	} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) drop(why dropReason) { m.dropped[why].Inc() }
