package signaling

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"preau/signaling/access"
	"preau/signaling/room"
)

// Options of a Server. School and Keys are required.
type Options struct {
	School *room.School
	Media  Media        // nil: /rtc is not served
	Keys   access.Keys  // API keys, by name
	Static http.Handler // the page; nil: none

	Registry *prometheus.Registry // nil: one of the server's own
	Log      *slog.Logger         // nil: nothing is logged
	Version  string               // shown at /api/config

	OpenClasses bool // anyone who reaches the page may open a class
	Dev         bool
	PublicURL   string         // how browsers reach the page; empty: from each request
	Proxies     []netip.Prefix // reverse proxies whose X-Forwarded-For is believed
	Limits      Limits
}

// Limits on what one client may ask for. A zero field has the default.
type Limits struct {
	// Joins of one address: so many a second are let in steadily, and so many
	// at once. A whole school behind one address rings the bell at one time:
	// 300 pupils in ten seconds must pass.
	JoinsPerSecond float64 // 60
	JoinBurst      int     // 400
	// CommandsPerSecond of one socket.
	CommandsPerSecond int // 50
	// WrongCodesPerMinute of one address.
	WrongCodesPerMinute int // 60
	// OpensPerMinute is how many classes one address may open.
	OpensPerMinute int // 30
	// Frame bounds a websocket message before and after decompression, in bytes.
	Frame int64 // 2 MiB
	// Ping is how often a websocket is pinged; a peer silent for three of them is gone.
	Ping time.Duration // 10 s
	// Coalesce is how long presence alone may wait to be sent; CoalesceThin, on a thin link.
	Coalesce     time.Duration // 250 ms
	CoalesceThin time.Duration // 2 s
}

func (l Limits) filled() Limits {
	fill(&l.JoinsPerSecond, 60)
	fill(&l.JoinBurst, 400)
	fill(&l.CommandsPerSecond, 50)
	fill(&l.WrongCodesPerMinute, 60)
	fill(&l.OpensPerMinute, 30)
	fill(&l.Frame, 2<<20)
	fill(&l.Ping, 10*time.Second)
	fill(&l.Coalesce, 250*time.Millisecond)
	fill(&l.CoalesceThin, 2*time.Second)
	return l
}

func (l Limits) coalesce(thin bool) time.Duration {
	if thin {
		return l.CoalesceThin
	}
	return l.Coalesce
}

func fill[T int | int64 | float64 | time.Duration](value *T, otherwise T) {
	if *value == 0 {
		*value = otherwise
	}
}
