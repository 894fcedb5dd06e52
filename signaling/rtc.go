package signaling

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/access"
	"preau/signaling/room"
)

// rtcLinger is how long a session whose socket is lost waits for it to come back.
const rtcLinger = 60 * time.Second

// rtcOptions of the /rtc handler. All but Linger, Refresh and Log are required.
type rtcOptions struct {
	School     *room.School
	Media      Media
	Keys       access.Keys
	Claims     func(*http.Request) (*access.Claims, error) // of a request's token
	Limits     Limits
	Metrics    *metrics
	Seats      *seats
	Attendance *attendance // sessions enter; its closing sends them away to come back
	Log        *slog.Logger
	Linger     time.Duration // 0: 60 s
	Refresh    time.Duration // how often tokens are renewed; 0: 5 min
}

// rtcHandler serves LiveKit's signalling: /rtc, /rtc/v1, and their validate. Classes are named
// "tenant/name" here.
type rtcHandler struct {
	options rtcOptions
	log     *slog.Logger

	mu     sync.Mutex // guards what follows, and what is in the hubs
	hubs   map[string]*rtcHub
	forced map[seatKey]rtcForcing
	// forwards are those under way: of one connection, by the class they go to.
	forwards map[Peer]map[string]*rtcForward

	calls rpcCalls // of the server API
}

func newRTC(o rtcOptions) *rtcHandler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	fill(&o.Linger, rtcLinger)
	fill(&o.Refresh, 5*time.Minute)
	o.Limits = o.Limits.filled()
	return &rtcHandler{
		options: o, log: o.Log, hubs: map[string]*rtcHub{}, forced: map[seatKey]rtcForcing{},
		forwards: map[Peer]map[string]*rtcForward{},
	}
}

// ServeHTTP tells the paths apart. Both socket paths take both forms of query: the Go client asks
// /rtc with a join request.
func (h *rtcHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch strings.TrimSuffix(r.URL.Path, "/") {
	case "/rtc", "/rtc/v1":
		h.serveSocket(w, r)
	case "/rtc/validate", "/rtc/v1/validate":
		h.serveValidate(w, r)
	default:
		http.NotFound(w, r)
	}
}

// sendData sends a packet of the server API to the identities it names, or to everyone, and says
// to how many.
func (h *rtcHandler) sendData(class string, kind DataKind, p *lk.DataPacket) int {
	hub := h.hub(class)
	if hub == nil {
		return 0
	}
	return hub.deliver(nil, kind, p)
}

// Goodbye waits until all sessions have ended or the context has; it is the closing of the
// attendance that ends them.
func (h *rtcHandler) Goodbye(ctx context.Context) {
	for _, s := range h.all() {
		select {
		case <-s.done:
		case <-ctx.Done():
			return
		}
	}
}
