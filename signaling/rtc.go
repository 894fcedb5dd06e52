package signaling

import (
	"context"
	"log/slog"
	"net/http"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/access"
	"preau/signaling/room"
)

// rtcOptions of the /rtc handler. School, Media and Keys are required.
type rtcOptions struct {
	School  *room.School
	Media   Media
	Keys    access.Keys
	Limits  Limits
	Metrics *metrics
	Log     *slog.Logger
	// Taken is called when a participant has joined /rtc anew, with the lineage of its token: the
	// /class sockets of other lineages are replaced. nil: nobody cares.
	Taken func(class, participant, lineage string)
	// OnClass says whether a participant has a /class socket too: then leaving /rtc is not leaving
	// the class. nil: nobody has.
	OnClass func(class, participant string) bool
}

// rtcHandler serves /rtc, /rtc/v1 and their validate. Classes are named "tenant/name".
type rtcHandler struct {
	options rtcOptions
}

func newRTC(o rtcOptions) *rtcHandler {
	return &rtcHandler{options: o}
}

func (h *rtcHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.Error(w, "not served yet", http.StatusNotImplemented)
}

// Goodbye sends every client away to come back, and waits until all sessions have ended or the
// context has.
func (h *rtcHandler) Goodbye(ctx context.Context) {}

// replaced ends the participant's session when its token has another lineage: it has joined
// elsewhere.
func (h *rtcHandler) replaced(class, participant, lineage string) {}

// disconnect ends a participant's /rtc session, if it has one. The class is not told.
func (h *rtcHandler) disconnect(class, participant string, reason lk.DisconnectReason) {}

// sendData sends a packet of the server API to the identities it names, or to everyone, and says
// how many it was queued for.
func (h *rtcHandler) sendData(class string, kind DataKind, p *lk.DataPacket) int { return 0 }
