package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// doors are the TCP ports that clients come in by, but for those of the media
// plane. They are taken before anything else, so that a second server on a
// machine fails at once; nobody is let in before the rest of the program runs.
type doors struct {
	page     net.Listener // HTTP, or HTTPS when secure
	turn     net.Listener // TURN over TLS on a port of its own; nil: none
	redirect net.Listener // plain HTTP that is sent on to HTTPS; nil: none
}

// openDoors takes the ports.
func openDoors(c Config) (d doors, err error) {
	if d.page, err = listenTCP(c.HTTPBind, c.Port, map[bool]string{false: "HTTP", true: "HTTPS"}[c.TLS.secure()]); err != nil {
		return d, err
	}
	if c.TLS.TURNTLS == turnTLSOwn {
		if d.turn, err = listenTCP(c.Bind, c.TLS.TURNTLSPort, "TURN over TLS"); err != nil {
			return d, errors.Join(err, d.close())
		}
	}
	if c.TLS.secure() && c.TLS.RedirectPort >= 0 {
		if d.redirect, err = listenTCP(c.HTTPBind, c.TLS.RedirectPort, "the redirection to HTTPS"); err != nil {
			return d, errors.Join(err, d.close())
		}
	}
	return d, nil
}

func listenTCP(bind string, port int, what string) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(bind, strconv.Itoa(port)))
	if errors.Is(err, fs.ErrPermission) && port < 1024 {
		return nil, fmt.Errorf("listen for %s: %w (ports below 1024 are for who has the capability cap_net_bind_service)", what, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for %s: %w", what, err)
	}
	return l, nil
}

func (d doors) close() error {
	var errs []error
	for _, l := range []net.Listener{d.page, d.turn, d.redirect} {
		if l != nil {
			errs = append(errs, l.Close())
		}
	}
	return errors.Join(errs...)
}

func portOf(l net.Listener) int {
	if l == nil {
		return 0
	}
	return l.Addr().(*net.TCPAddr).Port
}

// turnAddress is where clients are told to find TURN over TLS; empty: nowhere.
func (d doors) turnAddress(t TLS) string {
	port := portOf(d.page)
	switch t.TURNTLS {
	case turnTLSShared:
	case turnTLSOwn:
		port = portOf(d.turn)
	default:
		return ""
	}
	if _, _, err := net.SplitHostPort(t.TURNHost); err == nil {
		return t.TURNHost
	}
	return net.JoinHostPort(t.TURNHost, strconv.Itoa(port))
}

// guarded are the doors with what stands behind them.
type guarded struct {
	page     net.Listener // what the HTTP server accepts from
	ports    []*tlsPort
	redirect *http.Server
	acme     *acmeCertificates // nil: certificates come from files, or not at all
}

// close ends what was made and may not have run.
func (g guarded) close() {
	if g.acme != nil {
		g.acme.Close()
	}
}

// guard puts TLS at the doors that have it, and behind it TURN where that is
// spoken.
func (d doors) guard(c Config, data string, turn func(net.Conn), r prometheus.Registerer, log *slog.Logger) (g guarded, err error) {
	g.page = d.page
	if !c.TLS.secure() && d.turn == nil {
		return g, nil
	}
	m := newDoorMetrics(r)
	page := &tls.Config{MinVersion: tls.VersionTLS12}
	var challenges func(http.Handler) http.Handler
	switch {
	case c.TLS.Cert != "":
		err = certified(page, c.TLS.Cert, c.TLS.Key, log)
	case c.TLS.secure():
		if g.acme, err = newACME(c, data, acmePorts{https: portOf(d.page), http: portOf(d.redirect)}, log); err == nil {
			page.GetCertificate, page.NextProtos = g.acme.Get, []string{alpnACME}
			challenges = g.acme.Challenges
		}
	}
	if err != nil {
		return g, err
	}
	if c.TLS.secure() {
		shared := turn
		if c.TLS.TURNTLS != turnTLSShared {
			shared = nil
		}
		port := newTLSPort(d.page, page, true, shared, m)
		g.page, g.ports = port, append(g.ports, port)
	}
	if d.turn != nil {
		own := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: page.GetCertificate}
		if c.TLS.TURNCert != "" {
			if err := certified(own, c.TLS.TURNCert, c.TLS.TURNKey, log); err != nil {
				return g, err
			}
		}
		g.ports = append(g.ports, newTLSPort(d.turn, own, false, turn, m))
	}
	if d.redirect != nil {
		g.redirect = redirectServer(portOf(d.page), challenges, log)
	}
	return g, nil
}

func certified(config *tls.Config, cert, key string, log *slog.Logger) error {
	files, err := newCertificateFiles(cert, key, log)
	if err != nil {
		return err
	}
	config.GetCertificate = files.Get
	return nil
}
