package main

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// How TURN over TLS is reached.
const (
	turnTLSOff    = "off"
	turnTLSShared = "shared" // on the HTTPS port
	turnTLSOwn    = "own"    // on TURNTLSPort
)

// TLS is what an operator may set of HTTPS and of TURN over TLS.
type TLS struct {
	Cert, Key     string   // PEM files; read again when they change
	ACMEDomains   []string // names to get certificates for
	ACMEEmail     string
	ACMEDirectory string
	ACMECA        string // PEM file of who signed the directory's own certificate
	RedirectPort  int    // of plain HTTP, sent on to HTTPS; negative: none

	TURNTLS           string // off, shared, own; empty: shared where HTTPS is served
	TURNTLSPort       int
	TURNCert, TURNKey string // of the own port; empty: as HTTPS
	TURNHost          string // name or name:port in what clients are told
}

// secure says whether HTTPS is served by this program.
func (t TLS) secure() bool { return t.Cert != "" || len(t.ACMEDomains) > 0 }

// checkTLS fills in what follows from other settings, and returns what is wrong.
func (c *Config) checkTLS() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	pair := func(what, cert, key string) (names *tls.Certificate) {
		switch {
		case cert == "" && key == "":
			return nil
		case cert == "" || key == "":
			fail("%s-cert, %s-key: one without the other; give both", what, what)
			return nil
		}
		p, err := readCertificate(cert, key)
		if err != nil {
			fail("%s-cert, %s-key: %w", what, what, err)
		}
		return p
	}
	page := pair("tls", c.TLS.Cert, c.TLS.Key)
	turn := pair("turn-tls", c.TLS.TURNCert, c.TLS.TURNKey)
	errs = append(errs, c.checkACME()...)
	if c.TLS.RedirectPort > 0 && !c.TLS.secure() {
		fail("redirect-port: there is no HTTPS to send anyone on to; give tls-cert and tls-key, or acme-domain")
	}
	errs = append(errs, c.checkTURNTLS(cmp.Or(turn, page))...)
	return errors.Join(errs...)
}

func (c *Config) checkACME() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	t := &c.TLS
	if len(t.ACMEDomains) == 0 {
		if t.ACMEDirectory+t.ACMEEmail+t.ACMECA != "" {
			fail("acme-domain: missing, though something else of ACME is given")
		}
		return errs
	}
	if t.Cert != "" {
		fail("acme-domain: there is a certificate by tls-cert already; give one of the two")
	}
	for _, d := range t.ACMEDomains {
		if !isHostName(d) || !strings.Contains(d, ".") || net.ParseIP(d) != nil {
			fail("acme-domain: %q is not a name like classes.example.fr", d)
		}
	}
	t.ACMEDirectory = cmp.Or(t.ACMEDirectory, letsEncrypt)
	if u, err := url.Parse(t.ACMEDirectory); err != nil || u.Scheme != "https" || u.Host == "" {
		fail("acme-directory: %q is not an https:// address", t.ACMEDirectory)
	}
	if t.ACMECA != "" {
		if _, err := readRoots(t.ACMECA); err != nil {
			fail("acme-ca: %w", err)
		}
	}
	return errs
}

// checkTURNTLS decides how TURN over TLS is reached, and under which name:
// certificate is the one it shows, nil if that is still to be got.
func (c *Config) checkTURNTLS(certificate *tls.Certificate) (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	t := &c.TLS
	if t.TURNTLS == "" {
		t.TURNTLS = turnTLSOff
		if c.TURN && t.secure() {
			t.TURNTLS = turnTLSShared
		}
	}
	switch {
	case !slices.Contains([]string{turnTLSOff, turnTLSShared, turnTLSOwn}, t.TURNTLS):
		fail("turn-tls: %q is not off, shared or own", t.TURNTLS)
		return errs
	case t.TURNTLS == turnTLSOff:
		return errs
	case !c.TURN:
		fail("turn-tls: TURN is off")
	case t.TURNTLS == turnTLSShared && !t.secure():
		fail("turn-tls: there is no HTTPS port to share; give tls-cert and tls-key, or acme-domain, or use own with turn-tls-cert and turn-tls-key")
	case t.TURNTLS == turnTLSOwn && !t.secure() && t.TURNCert == "":
		fail("turn-tls: no certificate; give turn-tls-cert and turn-tls-key")
	}
	t.TURNHost = cmp.Or(t.TURNHost, c.nameOf(certificate))
	host, port := t.TURNHost, ""
	if h, p, err := net.SplitHostPort(host); err == nil {
		host, port = h, p
	}
	if n, err := strconv.Atoi(cmp.Or(port, "443")); err != nil || n < 1 || n > 65535 || (!isHostName(host) && net.ParseIP(host) == nil) {
		fail("turn-host: say under which name of the certificate clients find TURN, like turn.example.fr or turn.example.fr:443; it is %q", t.TURNHost)
	} else if certificate != nil && certificate.Leaf.VerifyHostname(host) != nil {
		fail("turn-host: the certificate is not for %q; browsers would refuse it", host)
	}
	return errs
}

// nameOf is the name that clients know this server by, as far as that is said
// anywhere.
func (c *Config) nameOf(certificate *tls.Certificate) string {
	if len(c.TLS.ACMEDomains) > 0 {
		return c.TLS.ACMEDomains[0]
	}
	if certificate == nil {
		return ""
	}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" && certificate.Leaf.VerifyHostname(u.Hostname()) == nil {
		return u.Hostname()
	}
	for _, name := range certificate.Leaf.DNSNames {
		if !strings.HasPrefix(name, "*") {
			return name
		}
	}
	for _, ip := range certificate.Leaf.IPAddresses {
		return ip.String()
	}
	return ""
}

func isHostName(s string) bool {
	return s != "" && len(s) <= 253 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}

// checkPorts finds two uses of one port. 0 is the kernel's choice.
func (c *Config) checkPorts() error {
	type use struct {
		name string
		port int
		tcp  bool
		udp  bool
	}
	uses := []use{
		{"port", c.Port, true, false},
		{"rtc-tcp-port", c.RTCTCPPort, true, false},
		{"rtc-udp-port", c.RTCUDPPort, false, true},
	}
	if c.TURN {
		uses = append(uses, use{"turn-port", c.TURNPort, true, true})
	}
	if c.TLS.TURNTLS == turnTLSOwn {
		uses = append(uses, use{"turn-tls-port", c.TLS.TURNTLSPort, true, false})
	}
	if c.TLS.RedirectPort >= 0 {
		uses = append(uses, use{"redirect-port", c.TLS.RedirectPort, true, false})
	}
	var errs []error
	for i, a := range uses {
		if a.port < 0 || a.port > 65535 {
			errs = append(errs, fmt.Errorf("%s: %d is not a port (0 to 65535)", a.name, a.port))
		}
		for _, b := range uses[:i] {
			if a.port != 0 && a.port == b.port && (a.tcp && b.tcp || a.udp && b.udp) {
				errs = append(errs, fmt.Errorf("%s: %d is taken by %s already; give each its own", a.name, a.port, b.name))
			}
		}
	}
	return errors.Join(errs...)
}
