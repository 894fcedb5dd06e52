package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

// certificateCheck is how often, at most, the files are looked at: at a
// handshake, so that nothing runs while nobody comes.
const certificateCheck = time.Second

// certificateFiles is a certificate and its key in two PEM files, which are
// read again when they have changed: whoever renews them need not restart us.
type certificateFiles struct {
	certFile, keyFile string
	log               *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	stamp  string // of the files that were read last, well or not
	looked time.Time
}

// newCertificateFiles reads the files.
func newCertificateFiles(certFile, keyFile string, log *slog.Logger) (*certificateFiles, error) {
	f := &certificateFiles{certFile: certFile, keyFile: keyFile, log: log}
	f.stamp = f.stampNow()
	c, err := readCertificate(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	f.use(c)
	return f, nil
}

// readCertificate reads a pair and says in words what is wrong with it.
func readCertificate(certFile, keyFile string) (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", certFile, keyFile, err)
	}
	if c.Leaf == nil {
		if c.Leaf, err = x509.ParseCertificate(c.Certificate[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", certFile, err)
		}
	}
	return &c, nil
}

// Get implements tls.Config.GetCertificate.
func (f *certificateFiles) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.looked) >= certificateCheck {
		f.looked = now
		f.reloadLocked()
	}
	return f.loaded, nil
}

// reloadLocked reads the files again if they have changed. Until both halves of
// a new pair are there, the old one serves.
func (f *certificateFiles) reloadLocked() {
	stamp := f.stampNow()
	if stamp == f.stamp {
		return
	}
	f.stamp = stamp
	c, err := readCertificate(f.certFile, f.keyFile)
	if err != nil {
		f.log.Error("the changed certificate cannot be used; the one before serves on", "err", err)
		return
	}
	f.use(c)
	f.log.Info("certificate read again", "file", f.certFile, "until", f.loaded.Leaf.NotAfter)
}

func (f *certificateFiles) use(c *tls.Certificate) {
	f.loaded = c
	if now := time.Now(); now.After(c.Leaf.NotAfter) {
		f.log.Error("the certificate has expired: browsers refuse it", "file", f.certFile, "expired", c.Leaf.NotAfter)
	}
}

// stampNow changes when a file does.
func (f *certificateFiles) stampNow() string {
	var b strings.Builder
	for _, path := range []string{f.certFile, f.keyFile} {
		info, err := os.Stat(path) // of what a symbolic link points at
		if err != nil {
			fmt.Fprintln(&b, "missing")
			continue
		}
		fmt.Fprintln(&b, info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}

// readRoots reads the PEM certificates of a certificate authority.
func readRoots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, errors.New(path + ": no certificate in it")
	}
	return pool, nil
}
