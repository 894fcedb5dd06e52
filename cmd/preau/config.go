package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"preau/signaling/access"
)

const (
	devKey    = "devkey"
	devSecret = "secret"
	// minSecret is the least length of a secret outside --dev, in bytes: HS256
	// wants a key as long as its digest (RFC 7518, section 3.2).
	minSecret = 32
)

// Config is all that an operator may set, checked once at start.
type Config struct {
	Dev         bool
	Bind        string // address that media listens on, and HTTP unless HTTPBind says otherwise
	HTTPBind    string // address that HTTP listens on
	Port        int    // HTTP; 0: the kernel's choice
	RTCUDPPort  int    // all media over UDP
	RTCTCPPort  int    // ICE over TCP
	RTCNoGSO    bool   // each packet is a message of its own
	TURNPort    int    // TURN over UDP and TCP
	TURN        bool
	TLS         TLS
	NodeIPs     []string // addresses told to clients; empty: those of the interfaces
	STUNServer  string   // asked at start for the address the world sees us at
	Data        string   // directory of the class logs
	Keys        access.Keys
	OpenClasses bool   // anyone who reaches the page may open a class
	PublicURL   string // how browsers reach the page, for links; empty: from each request
	Proxies     []netip.Prefix
	MetricsFrom []netip.Prefix // who may read /metrics; empty: everyone, or with HTTPS this machine
	WebhookURLs []string
	WebhookKey  string // name of the key that signs webhooks
	LogLevel    string
	LogJSON     bool
}

// rawConfig is what flags, environment and file hold before it is checked.
type rawConfig struct {
	Config
	keys        string
	proxies     []string
	metricsFrom []string
}

// checked returns the Config, or every error in it at once.
func (r rawConfig) checked() (Config, error) {
	c := r.Config
	c.fill()
	errs := []error{c.checkAddresses(), c.checkPublicURL(), c.checkTLS(), c.checkPorts()}
	var err error
	c.Proxies, err = parsePrefixes("trusted-proxy", r.proxies)
	errs = append(errs, err)
	c.MetricsFrom, err = parsePrefixes("metrics-from", r.metricsFrom)
	errs = append(errs, err)
	if _, err := logLevel(c.LogLevel); err != nil {
		errs = append(errs, fmt.Errorf("log-level: %q is not debug, info, warn or error", c.LogLevel))
	}
	if !c.Dev && c.Data == "" {
		errs = append(errs, errors.New("data: say where class logs are kept, for example --data /var/lib/preau"))
	}
	c.Keys, err = parseKeys(r.keys, c.Dev)
	errs = append(errs, err)
	if c.WebhookKey, err = webhookKey(c); err != nil {
		errs = append(errs, err)
	}
	return c, errors.Join(errs...)
}

// fill sets what follows from other settings where nothing was said.
func (c *Config) fill() {
	if c.Dev {
		c.OpenClasses = true
	}
	if c.Bind == "" {
		c.Bind = map[bool]string{false: "0.0.0.0", true: "127.0.0.1"}[c.Dev]
	}
	if c.HTTPBind == "" {
		c.HTTPBind = c.Bind
	}
}

// checkAddresses checks where we listen, and where clients are told to find us.
func (c *Config) checkAddresses() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if net.ParseIP(c.Bind) == nil {
		fail("bind: %q is not an IP address", c.Bind)
	}
	if net.ParseIP(c.HTTPBind) == nil {
		fail("http-bind: %q is not an IP address", c.HTTPBind)
	}
	for _, ip := range c.NodeIPs {
		if net.ParseIP(ip) == nil {
			fail("node-ip: %q is not an IP address", ip)
		}
	}
	if c.STUNServer == "" {
		return errors.Join(errs...)
	}
	if _, _, err := net.SplitHostPort(c.STUNServer); err != nil {
		fail("stun-server: %q is not like stun.example.fr:3478", c.STUNServer)
	}
	if len(c.NodeIPs) > 0 {
		fail("stun-server: node-ip says the address already; give one of the two")
	}
	return errors.Join(errs...)
}

// checkPublicURL checks how browsers reach the page, and takes the slashes off its end.
func (c *Config) checkPublicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return fmt.Errorf("public-url: %q is not like https://classes.example.fr", c.PublicURL)
	}
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	return nil
}

// webhookKey checks what webhooks need, and is the key that signs them.
func webhookKey(c Config) (string, error) {
	if len(c.WebhookURLs) == 0 {
		if c.WebhookKey != "" {
			return "", errors.New("webhook-key: there is no webhook-url for it to sign for")
		}
		return "", nil
	}
	var errs []error
	for i, address := range c.WebhookURLs {
		u, err := url.Parse(address)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			errs = append(errs, fmt.Errorf("webhook-url: number %d is not like https://school.example.fr/hook", i+1)) // it may hold a secret
		}
	}
	key := c.WebhookKey
	if key == "" && len(c.Keys) == 1 {
		for name := range c.Keys {
			key = name
		}
	}
	switch _, known := c.Keys[key]; {
	case key == "" && len(c.Keys) > 0:
		errs = append(errs, errors.New("webhook-key: say which of the keys signs webhooks"))
	case !known && len(c.Keys) > 0:
		errs = append(errs, fmt.Errorf("webhook-key: no key is named %q", key))
	}
	return key, errors.Join(errs...)
}

// parseKeys reads `key: secret` or `tenant/key: secret`, several by comma or
// line. Errors name the key and never the secret.
func parseKeys(text string, dev bool) (access.Keys, error) {
	keys := access.Keys{}
	var errs []error
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, secret, ok := strings.Cut(pair, ":")
		key, secret = strings.TrimSpace(key), strings.TrimSpace(secret)
		tenant := ""
		if t, k, has := strings.Cut(key, "/"); has {
			tenant, key = t, k
		}
		switch {
		case !ok || key == "" || secret == "":
			errs = append(errs, errors.New(`keys: want "key: secret", several separated by commas`))
		case !dev && len(secret) < minSecret:
			errs = append(errs, fmt.Errorf("keys: the secret of %q has %d bytes, want %d at least (openssl rand -base64 32 makes one)", key, len(secret), minSecret))
		case keys[key].Secret != "":
			errs = append(errs, fmt.Errorf("keys: %q stands there twice", key))
		default:
			keys[key] = access.Key{Secret: secret, Tenant: tenant}
		}
	}
	if len(keys) == 0 && len(errs) == 0 {
		if !dev {
			return nil, errors.New(`keys: none given; set --keys "name: secret" or PREAU_KEYS`)
		}
		keys[devKey] = access.Key{Secret: devSecret}
	}
	return keys, errors.Join(errs...)
}

func parsePrefixes(flag string, all []string) (out []netip.Prefix, err error) {
	var errs []error
	for _, s := range all {
		p, err := parsePrefix(s)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %q is neither an address nor a network like 10.0.0.0/8", flag, s))
			continue
		}
		out = append(out, p)
	}
	return out, errors.Join(errs...)
}

func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}
