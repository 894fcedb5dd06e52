package main

import (
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// redirectServer sends who comes by plain HTTP on to HTTPS, and answers the
// challenges of a certificate authority, which come by plain HTTP.
func redirectServer(httpsPort int, challenges func(http.Handler) http.Handler, log *slog.Logger) *http.Server {
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOf(r.Host)
		if host == "" {
			http.Error(w, "no such host", http.StatusBadRequest)
			return
		}
		if httpsPort != 443 {
			host += ":" + strconv.Itoa(httpsPort)
		}
		// 308: a POST stays one. The path is taken as it came.
		w.Header().Set("Location", "https://"+host+r.URL.RequestURI())
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	if challenges != nil {
		h = challenges(h)
	}
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTime, ReadTimeout: headerTime, WriteTimeout: headerTime, IdleTimeout: headerTime,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// hostOf is a Host header without its port; empty if it is not one.
func hostOf(header string) string {
	host := header
	if h, _, err := net.SplitHostPort(header); err == nil {
		host = h
		if strings.Contains(h, ":") { // an IPv6 address
			host = "[" + h + "]"
		}
	}
	if strings.Trim(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") != "" {
		return ""
	}
	return host
}
