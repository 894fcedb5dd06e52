package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"

	"github.com/caddyserver/certmagic"
)

// letsEncrypt is the directory (RFC 8555, section 7.1.1) used unless another is
// given.
const letsEncrypt = certmagic.LetsEncryptProductionCA

// acmeCertificates gets certificates from a certificate authority and renews
// them in time. They and the account's key are kept in the data directory.
type acmeCertificates struct {
	domains []string
	config  *certmagic.Config
	issuer  *certmagic.ACMEIssuer
	cache   *certmagic.Cache
}

// acmePorts are where the authority's challenges come in: it calls 443 and 80,
// whatever they are forwarded to here. 0: not.
type acmePorts struct{ https, http int }

func newACME(c Config, data string, ports acmePorts, log *slog.Logger) (*acmeCertificates, error) {
	a := &acmeCertificates{domains: c.TLS.ACMEDomains}
	logger := acmeLog(log)
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.config, nil },
		Logger:           logger,
	})
	a.config = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: filepath.Join(data, "acme")},
		// A client of TURN may ask for no name.
		DefaultServerName: c.TLS.ACMEDomains[0],

		OCSP:   certmagic.OCSPConfig{DisableStapling: true}, // one host less to be told of
		Logger: logger,
	})
	template := certmagic.ACMEIssuer{
		CA: c.TLS.ACMEDirectory, Email: c.TLS.ACMEEmail, Agreed: true,
		DisableHTTPChallenge: ports.http == 0, AltHTTPPort: ports.http, AltTLSALPNPort: ports.https, ListenHost: c.HTTPBind,
		Logger: logger,
	}
	if c.TLS.ACMECA != "" {
		roots, err := readRoots(c.TLS.ACMECA)
		if err != nil {
			a.cache.Stop()
			return nil, fmt.Errorf("acme-ca: %w", err)
		}
		template.TrustedRoots = roots
	}
	a.issuer = certmagic.NewACMEIssuer(a.config, template)
	a.config.Issuers = []certmagic.Issuer{a.issuer}
	return a, nil
}

// Run gets what certificates are missing, and keeps all fresh until ctx ends.
// A failure is tried again later and later, and logged each time.
func (a *acmeCertificates) Run(ctx context.Context) error {
	if err := a.config.ManageAsync(ctx, a.domains); err != nil {
		return fmt.Errorf("certificates of %v: %w", a.domains, err)
	}
	<-ctx.Done()
	return nil
}

// Close ends what looks after the certificates.
func (a *acmeCertificates) Close() { a.cache.Stop() }

// Get implements tls.Config.GetCertificate, challenges included.
func (a *acmeCertificates) Get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	return a.config.GetCertificate(hello)
}

// Challenges answers those that come by plain HTTP, and leaves the rest to next.
func (a *acmeCertificates) Challenges(next http.Handler) http.Handler {
	return a.issuer.HTTPChallengeHandler(next)
}
