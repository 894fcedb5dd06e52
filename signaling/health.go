package signaling

import "net/http"

// healthz: the process answers.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz: joins are welcome here. Not before the school has its classes back,
// and not while the server goes down.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	ready := s.attendance.open()
	select {
	case <-s.options.School.Ready():
	default:
		ready = false
	}
	if !ready {
		refuse(w, http.StatusServiceUnavailable, "not_ready", "starting, or going down")
		return
	}
	answer(w, http.StatusOK, map[string]string{"status": "ready"})
}
