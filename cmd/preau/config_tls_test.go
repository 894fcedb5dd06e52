package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestConfigOfTLSSaysEveryErrorAtOnce(t *testing.T) {
	dir := t.TempDir()
	noPEM := filepath.Join(dir, "text")
	if err := os.WriteFile(noPEM, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	cert, key, _ := authority.certify(t, filepath.Join(dir), time.Now().Add(time.Hour), "classes.example.fr", "*.school.example.fr")
	_, otherKey, _ := authority.certify(t, t.TempDir(), time.Now().Add(time.Hour), "x.example.fr")
	for name, c := range map[string]struct {
		config Config
		want   []string
	}{
		"half a pair":      {Config{TLS: TLS{Cert: cert}}, []string{"tls-cert, tls-key: one without the other"}},
		"no such file":     {Config{TLS: TLS{Cert: "/nowhere", Key: key}}, []string{"/nowhere", "no such file"}},
		"not PEM":          {Config{TLS: TLS{Cert: noPEM, Key: key}}, []string{noPEM, "PEM"}},
		"another's key":    {Config{TLS: TLS{Cert: cert, Key: otherKey}}, []string{cert, "does not match"}},
		"both":             {Config{TLS: TLS{Cert: cert, Key: key, ACMEDomains: []string{"a.example.fr"}}}, []string{"acme-domain: there is a certificate"}},
		"no domain":        {Config{TLS: TLS{ACMEEmail: "a@example.fr"}}, []string{"acme-domain: missing"}},
		"ACME, all wrong":  {Config{TLS: TLS{ACMEDomains: []string{"https://a", "192.0.2.1"}, ACMEDirectory: "http://a", ACMECA: noPEM}}, []string{`"https://a"`, `"192.0.2.1"`, "acme-directory", "acme-ca"}},
		"redirect to what": {Config{TLS: TLS{RedirectPort: 80}}, []string{"redirect-port: there is no HTTPS"}},
		"no such way":      {Config{TURN: true, TLS: TLS{TURNTLS: "443"}}, []string{`turn-tls: "443"`}},
		"nothing to share": {Config{TURN: true, TLS: TLS{TURNTLS: turnTLSShared}}, []string{"turn-tls: there is no HTTPS"}},
		"no certificate":   {Config{TURN: true, TLS: TLS{TURNTLS: turnTLSOwn}}, []string{"turn-tls: no certificate", "turn-host"}},
		"TURN is off":      {Config{TLS: TLS{Cert: cert, Key: key, TURNTLS: turnTLSShared}}, []string{"turn-tls: TURN is off"}},
		"another's name":   {Config{TURN: true, TLS: TLS{Cert: cert, Key: key, TURNHost: "turn.example.fr:443"}}, []string{"turn-host: the certificate is not for"}},
		"no name":          {Config{TURN: true, TLS: TLS{Cert: cert, Key: key, TURNHost: "a b"}}, []string{"turn-host: say"}},
		"one port twice":   {Config{TURN: true, Port: 443, RTCTCPPort: 443, TURNPort: 3478, RTCUDPPort: 3478}, []string{"rtc-tcp-port: 443 is taken by port", "turn-port: 3478 is taken by rtc-udp-port"}},
		"and thrice":       {Config{TURN: true, Port: 443, TLS: TLS{Cert: cert, Key: key, TURNTLS: turnTLSOwn, TURNTLSPort: 443, RedirectPort: 443}}, []string{"turn-tls-port: 443", "redirect-port: 443"}},
		"STUN":             {Config{STUNServer: "example.fr", NodeIPs: []string{"192.0.2.1"}}, []string{"stun-server: \"example.fr\"", "give one of the two"}},
	} {
		c.config.Dev = true
		_, err := rawConfig{Config: c.config}.checked()
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: no %q in\n%v", name, want, err)
			}
		}
	}
}

func TestTURNOverTLSIsFoundUnderTheCertificatesName(t *testing.T) {
	cert, key, _ := authority.certify(t, t.TempDir(), time.Now().Add(time.Hour), "*.school.example.fr", "classes.example.fr")
	for _, c := range []struct {
		config    Config
		way, host string
	}{
		{Config{}, turnTLSOff, ""},
		{Config{TURN: true}, turnTLSOff, ""},
		{Config{TURN: true, TLS: TLS{Cert: cert, Key: key}}, turnTLSShared, "classes.example.fr"},
		{Config{TURN: true, PublicURL: "https://a.school.example.fr", TLS: TLS{Cert: cert, Key: key}}, turnTLSShared, "a.school.example.fr"},
		{Config{TURN: true, PublicURL: "https://elsewhere.example", TLS: TLS{Cert: cert, Key: key}}, turnTLSShared, "classes.example.fr"},
		{Config{TURN: true, TLS: TLS{Cert: cert, Key: key, TURNHost: "b.school.example.fr:443"}}, turnTLSShared, "b.school.example.fr:443"},
		{Config{TURN: true, TLS: TLS{ACMEDomains: []string{"classes.example.fr"}}}, turnTLSShared, "classes.example.fr"},
		{Config{TURN: true, TLS: TLS{Cert: cert, Key: key, TURNTLS: turnTLSOff}}, turnTLSOff, ""},
		{Config{TURN: true, TLS: TLS{TURNTLS: turnTLSOwn, TURNCert: cert, TURNKey: key}}, turnTLSOwn, "classes.example.fr"},
		{Config{TLS: TLS{Cert: cert, Key: key}}, turnTLSOff, ""},
	} {
		c.config.Dev = true
		got, err := rawConfig{Config: c.config}.checked()
		if err != nil || got.TLS.TURNTLS != c.way || got.TLS.TURNHost != c.host {
			t.Errorf("%+v: %s at %q, %v", c.config.TLS, got.TLS.TURNTLS, got.TLS.TURNHost, err)
		}
	}
}

// An expired certificate is no reason not to start: the file may be renewed
// any minute, and classes that are under way go on.
func TestExpiredCertificateIsReported(t *testing.T) {
	cert, key, _ := authority.certify(t, t.TempDir(), time.Now().Add(-time.Hour), "localhost")
	if _, err := (rawConfig{Config: Config{Dev: true, TURN: true, TLS: TLS{Cert: cert, Key: key}}}).checked(); err != nil {
		t.Fatal(err)
	}
	var said lines
	if _, err := newCertificateFiles(cert, key, newLogger(Config{}, &said)); err != nil || !strings.Contains(said.String(), "expired") {
		t.Errorf("%v; the log says %s", err, said.String())
	}
}
