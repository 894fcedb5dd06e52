package signaling

import "net/http"

// healthz: the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz: new classes and joins are welcome here. Not before Run has begun, and
// not while the server goes down.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if !s.ready.Load() || !s.attendance.open() {
		refuse(w, http.StatusServiceUnavailable, "not_ready", "starting, or going down")
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "ready"})
}
