package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/urfave/cli/v3"
)

// configFile is the YAML file named by --config, read when the first flag that
// was given neither on the command line nor in the environment asks for it.
type configFile struct {
	path   string
	loaded bool
	values map[string]any
	err    error
}

func (f *configFile) load() {
	if f.loaded || f.path == "" {
		return
	}
	f.loaded = true
	text, err := os.ReadFile(f.path)
	if err == nil {
		err = yaml.Unmarshal(text, &f.values)
	}
	if err != nil {
		f.err = fmt.Errorf("config: %w", err)
	}
}

// unknown lists the keys of the file that no flag has: a misspelt setting must
// not be passed over in silence.
func (f *configFile) unknown(known []string) error {
	f.load()
	var errs []error
	for key := range f.values {
		if !slices.Contains(known, key) {
			errs = append(errs, fmt.Errorf("config: %s: unknown key %q", f.path, key))
		}
	}
	return errors.Join(append(errs, f.err)...)
}

// fileValue is one key of the file as a source of a flag's value.
type fileValue struct {
	file *configFile
	key  string
}

func (v fileValue) Lookup() (string, bool) {
	v.file.load()
	value, ok := v.file.values[v.key]
	if !ok {
		return "", false
	}
	switch value := value.(type) {
	case []any:
		parts := make([]string, len(value))
		for i, p := range value {
			parts[i] = fmt.Sprint(p)
		}
		return strings.Join(parts, ","), true
	case map[string]any: // keys: {name: secret}
		parts := make([]string, 0, len(value))
		for k, p := range value {
			parts = append(parts, fmt.Sprintf("%s: %v", k, p))
		}
		return strings.Join(parts, ","), true
	default:
		return fmt.Sprint(value), true
	}
}

func (v fileValue) String() string   { return "file " + v.file.path + " key " + v.key }
func (v fileValue) GoString() string { return v.String() }

// sources is where a flag's value comes from, after the command line: the
// environment as PREAU_…, then the file.
func sources(f *configFile, name string) cli.ValueSourceChain {
	env := "PREAU_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	return cli.NewValueSourceChain(append(cli.EnvVars(env).Chain, fileValue{f, name})...)
}

// binder makes flags whose values are looked for in all their sources.
type binder struct{ file *configFile }

func (b binder) text(name, usage, value string, to *string) cli.Flag {
	return &cli.StringFlag{Name: name, Usage: usage, Value: value, Destination: to, Sources: sources(b.file, name)}
}

func (b binder) port(name, usage string, value int, to *int) cli.Flag {
	return &cli.IntFlag{Name: name, Usage: usage, Value: value, Destination: to, Sources: sources(b.file, name)}
}

func (b binder) yes(name, usage string, value bool, to *bool) cli.Flag {
	return &cli.BoolFlag{Name: name, Usage: usage, Value: value, Destination: to, Sources: sources(b.file, name)}
}

func (b binder) list(name, usage string, to *[]string) cli.Flag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, Destination: to, Sources: sources(b.file, name)}
}

// serveFlags binds the flags of `preau serve` to raw.
func serveFlags(raw *rawConfig, f *configFile) []cli.Flag {
	b := binder{f}
	flags := []cli.Flag{
		configFlag(f),
		b.yes("dev", "try it on this machine: loopback, keys \"devkey: secret\", links printed", false, &raw.Dev),
		b.text("bind", "address to listen on (default: 0.0.0.0; with --dev 127.0.0.1)", "", &raw.Bind),
		b.text("http-bind", "address that the page and the API listen on, if another than --bind: 127.0.0.1 behind a proxy", "", &raw.HTTPBind),
		b.port("port", "TCP port of the page, the websockets and the API", 7880, &raw.Port),
		b.port("rtc-udp-port", "UDP port of all media", 7882, &raw.RTCUDPPort),
		b.yes("rtc-no-gso", "do not leave it to the kernel or the network card to cut media up into packets (UDP GSO)", false, &raw.RTCNoGSO),
		b.port("rtc-tcp-port", "TCP port of media where UDP is blocked", 7881, &raw.RTCTCPPort),
		b.yes("turn", "run the embedded TURN server", true, &raw.TURN),
		b.port("turn-port", "UDP and TCP port of the embedded TURN server", 3478, &raw.TURNPort),
		b.list("node-ip", "address told to clients for media; may be given several times (default: those of the network interfaces)", &raw.NodeIPs),
		b.text("stun-server", "server asked at start for the address the world sees this machine at, as host:port, instead of --node-ip", "", &raw.STUNServer),
		b.text("data", "directory where classes are kept", "", &raw.Data),
		keysFlag(&raw.keys, f),
		b.yes("open-classes", "let anyone who reaches the page open a class", false, &raw.OpenClasses),
		b.text("public-url", "how browsers reach the page, for links", "", &raw.PublicURL),
		b.list("trusted-proxy", "address or network of a reverse proxy whose X-Forwarded-For is believed", &raw.proxies),
		b.list("metrics-from", "address or network that may read /metrics (default: everyone; with HTTPS here, this machine)", &raw.metricsFrom),
		b.list("webhook-url", "address told what happens in classes, as LiveKit's webhooks; may be given several times", &raw.WebhookURLs),
		b.text("webhook-key", "name of the API key that signs webhooks; those of its tenant's classes are sent (default: the only key)", "", &raw.WebhookKey),
		b.text("log-level", "debug, info, warn or error", "info", &raw.LogLevel),
		b.yes("log-json", "log as JSON lines", false, &raw.LogJSON),
	}
	return append(flags, tlsFlags(&raw.TLS, b)...)
}

// tlsFlags are those of HTTPS and of TURN over TLS.
func tlsFlags(t *TLS, b binder) []cli.Flag {
	return []cli.Flag{
		b.text("tls-cert", "serve HTTPS on --port with this certificate (PEM file, read again when it changes)", "", &t.Cert),
		b.text("tls-key", "the certificate's key (PEM file)", "", &t.Key),
		b.list("acme-domain", "serve HTTPS on --port with a certificate got and renewed for this name, whose authority's terms you accept; may be given several times", &t.ACMEDomains),
		b.text("acme-email", "where the certificate authority may write to", "", &t.ACMEEmail),
		b.text("acme-directory", "the certificate authority's ACME directory (default: Let's Encrypt's)", "", &t.ACMEDirectory),
		b.text("acme-ca", "PEM file to trust for the directory's own certificate (default: the system's)", "", &t.ACMECA),
		&cli.IntFlag{
			Name: "redirect-port", Usage: "TCP port of plain HTTP that sends browsers on to HTTPS, usually 80 (default: none)",
			Value: -1, Destination: &t.RedirectPort, Sources: sources(b.file, "redirect-port"), HideDefault: true,
		},
		b.text("turn-tls", "TURN over TLS: off, shared (on the HTTPS port) or own (on --turn-tls-port) (default: shared if HTTPS is served here)", "", &t.TURNTLS),
		b.port("turn-tls-port", "TCP port of TURN over TLS, with --turn-tls own", 5349, &t.TURNTLSPort),
		b.text("turn-tls-cert", "certificate of --turn-tls own (default: that of HTTPS)", "", &t.TURNCert),
		b.text("turn-tls-key", "its key", "", &t.TURNKey),
		b.text("turn-host", "name, or name:port, under which clients find TURN over TLS (default: that of the certificate)", "", &t.TURNHost),
	}
}

func configFlag(f *configFile) cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "YAML file with the same names as the flags", Destination: &f.path, Sources: cli.EnvVars("PREAU_CONFIG")}
}

func keysFlag(to *string, f *configFile) cli.Flag {
	return &cli.StringFlag{
		Name: "keys", Usage: `API keys as "key: secret", several separated by commas`,
		Destination: to, Sources: sources(f, "keys"), HideDefault: true,
	}
}

// flagNames are the keys that a configuration file may hold.
func flagNames(flags []cli.Flag) []string {
	var names []string
	for _, f := range flags {
		names = append(names, f.Names()...)
	}
	return names
}

func logLevel(name string) (slog.Level, error) {
	var l slog.Level
	if name == "" {
		return slog.LevelInfo, nil
	}
	return l, l.UnmarshalText([]byte(name))
}
