package main

import (
	"net/http"
	"net/netip"
	"path"
	"slices"
)

// metricsFor lets /metrics be read from the given networks alone. Behind a
// proxy, the proxy keeps it private; where the world comes straight to us, we do.
func metricsFor(c Config, next http.Handler) http.Handler {
	from := c.MetricsFrom
	if len(from) == 0 {
		if !c.TLS.secure() {
			return next
		}
		from = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path.Clean("/"+r.URL.Path) == "/metrics" {
			at, err := netip.ParseAddrPort(r.RemoteAddr)
			within := func(p netip.Prefix) bool { return p.Contains(at.Addr().Unmap()) }
			if err != nil || !slices.ContainsFunc(from, within) {
				http.NotFound(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
