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

// serveFlags binds the flags of `preau serve` to raw.
func serveFlags(raw *rawConfig, f *configFile) []cli.Flag {
	text := func(name, usage, value string, to *string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Value: value, Destination: to, Sources: sources(f, name)}
	}
	port := func(name, usage string, value int, to *int) cli.Flag {
		return &cli.IntFlag{Name: name, Usage: usage, Value: value, Destination: to, Sources: sources(f, name)}
	}
	yes := func(name, usage string, value bool, to *bool) cli.Flag {
		return &cli.BoolFlag{Name: name, Usage: usage, Value: value, Destination: to, Sources: sources(f, name)}
	}
	list := func(name, usage string, to *[]string) cli.Flag {
		return &cli.StringSliceFlag{Name: name, Usage: usage, Destination: to, Sources: sources(f, name)}
	}
	return []cli.Flag{
		configFlag(f),
		yes("dev", "try it on this machine: loopback, keys \"devkey: secret\", links printed", false, &raw.Dev),
		text("bind", "address to listen on (default: 0.0.0.0; with --dev 127.0.0.1)", "", &raw.Bind),
		text("http-bind", "address that the page and the API listen on, if another than --bind: 127.0.0.1 behind a proxy", "", &raw.HTTPBind),
		port("port", "TCP port of the page, the websockets and the API", 7880, &raw.Port),
		port("rtc-udp-port", "UDP port of all media", 7882, &raw.RTCUDPPort),
		port("rtc-tcp-port", "TCP port of media where UDP is blocked", 7881, &raw.RTCTCPPort),
		yes("turn", "run the embedded TURN server", true, &raw.TURN),
		port("turn-port", "UDP port of the embedded TURN server", 3478, &raw.TURNPort),
		list("node-ip", "address told to clients for media; may be given several times (default: those of the network interfaces)", &raw.NodeIPs),
		text("data", "directory where classes are kept", "", &raw.Data),
		keysFlag(&raw.keys, f),
		yes("open-classes", "let anyone who reaches the page open a class", false, &raw.OpenClasses),
		text("public-url", "how browsers reach the page, for links", "", &raw.PublicURL),
		list("trusted-proxy", "address or network of a reverse proxy whose X-Forwarded-For is believed", &raw.proxies),
		text("log-level", "debug, info, warn or error", "info", &raw.LogLevel),
		yes("log-json", "log as JSON lines", false, &raw.LogJSON),
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
