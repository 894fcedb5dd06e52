package signaling

import (
	"encoding/json"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
)

// wrap puts around every handler what holds for all: paths with double slashes
// mean what they seem to mean, security headers, CORS, and a panic ends one
// request, not the process.
func (s *Server) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.recoverRequest(w, r)
		r = cleaned(r)
		securityHeaders(w.Header(), r)
		if crossOrigin(r.URL.Path) && allowCORS(w, r) {
			return
		}
		next.ServeHTTP(w, r)
	})
}

// cleaned is the request with its path made canonical. A redirect would not do:
// websocket clients do not follow one.
func cleaned(r *http.Request) *http.Request {
	p := path.Clean("/" + r.URL.Path)
	if p != "/" && strings.HasSuffix(r.URL.Path, "/") {
		p += "/"
	}
	if p == r.URL.Path {
		return r
	}
	r2 := new(http.Request)
	*r2 = *r
	u := *r.URL
	u.Path, u.RawPath = p, ""
	r2.URL = &u
	return r2
}

func (s *Server) recoverRequest(w http.ResponseWriter, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler {
		panic(fault) // net/http's own way to drop a connection
	}
	s.metrics.errors.WithLabelValues("http").Inc()
	s.log.Error("panic in a request", "path", r.URL.Path, "fault", fault, "stack", string(debug.Stack()))
	refuse(w, http.StatusInternalServerError, "internal", "internal error")
}

// securityHeaders let a page talk to this host alone, and nobody frame it.
func securityHeaders(h http.Header, r *http.Request) {
	h.Set("Content-Security-Policy", contentSecurityPolicy(r.Host))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), screen-wake-lock=(self), geolocation=(), payment=(), usb=()")
}

// contentSecurityPolicy names the host's websockets beside 'self', which older
// Safari does not take to mean them (CSP level 3, section 6.7.2.8).
func contentSecurityPolicy(host string) string {
	sockets := ""
	if host != "" && strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]_") == "" {
		sockets = " ws://" + host + " wss://" + host
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"style-src-attr 'unsafe-inline'", // style="…" in a template, no more
		"font-src 'self'",
		"img-src 'self' blob: data:",
		"media-src 'self' blob: data:",
		"worker-src 'self' blob:",
		"manifest-src 'self'",
		"connect-src 'self'" + sockets,
		"base-uri 'none'",
		"form-action 'self'",
		"frame-ancestors 'none'",
	}, "; ")
}

// crossOrigin says whether pages of other hosts may ask: LiveKit clients do, and
// bring a token of their own; no cookie is ever looked at.
func crossOrigin(p string) bool {
	return p == "/" || p == "/rtc" || p == "/class" || strings.HasPrefix(p, "/rtc/") ||
		strings.HasPrefix(p, "/class/") || strings.HasPrefix(p, "/twirp/")
}

// allowCORS writes the headers, and answers a preflight altogether.
func allowCORS(w http.ResponseWriter, r *http.Request) (answered bool) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Requested-With")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// refusal is the body of every error answer outside Twirp.
type refusal struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// refuse answers with an error: a code for machines, a sentence for humans.
func refuse(w http.ResponseWriter, status int, code, message string) {
	var body refusal
	body.Error.Code, body.Error.Message = code, message
	answer(w, status, body)
}

// answer writes JSON. That the client has gone meanwhile is nobody's error.
func answer(w http.ResponseWriter, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
