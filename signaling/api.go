package signaling

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// maxBody bounds a request to the page's API, in bytes.
const maxBody = 64 << 10

// routeAPI is the page's small JSON API: what it needs before it is in a class.
func (s *Server) routeAPI(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/config", s.apiConfig)
	mux.HandleFunc("POST /api/classes", s.apiOpen)
	mux.HandleFunc("GET /api/codes/{code}", s.apiCode)
	mux.HandleFunc("POST /api/join", s.throttled(s.joins.api, s.apiJoin))
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		s.turnAway(w, r, &refused{http.StatusNotFound, "not_found", "there is nothing here"})
	})
}

type configAnswer struct {
	Version     string `json:"version"`
	OpenClasses bool   `json:"openClasses"`
	Dev         bool   `json:"dev"`
}

func (s *Server) apiConfig(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, configAnswer{s.options.Version, s.options.OpenClasses, s.options.Dev})
}

// readJSON reads a request's body into to. A form of another site's cannot send
// this content type without asking first (Fetch, section 4.8), which is refused.
func readJSON(w http.ResponseWriter, r *http.Request, to any) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return &refused{http.StatusUnsupportedMediaType, "content_type", "want Content-Type: application/json"}
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if err := d.Decode(to); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return &refused{http.StatusRequestEntityTooLarge, "too_large", "the request is too large"}
		}
		return &refused{http.StatusBadRequest, "invalid", "the request is not the JSON that is wanted here"}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &refused{http.StatusBadRequest, "invalid", "there is something behind the JSON"}
	}
	return nil
}

// apiContext bounds what one request to the API may wait for a class.
func apiContext(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), commandTimeout)
}
