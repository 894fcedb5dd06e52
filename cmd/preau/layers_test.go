package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// layers is the house's order: a package imports only packages of this module
// that stand above it. Packages on one line do not import each other unless
// the line says so by naming them in order.
var layers = [][]string{
	{"preau/signaling/classpb"},
	{"preau/signaling/class", "preau/sfu/packet", "preau/sfu/stream"},
	{"preau/sfu/internal/"},
	{"preau/signaling/room", "preau/signaling/livekit", "preau/signaling/access", "preau/sfu", "preau/recorder"},
	{"preau/signaling/room/logtest", "preau/signaling/webhook", "preau/signaling/cluster"},
	{"preau/signaling"},
	{"preau/web", "preau/loadtest"},
	{"preau/cmd/preau"},
}

// only says which packages may import a library, by prefix of the library.
var only = map[string][]string{
	"github.com/pion/webrtc/":         {"preau/sfu", "preau/loadtest"},
	"github.com/gorilla/websocket":    {"preau/signaling", "preau/loadtest"},
	"github.com/redis/go-redis/":      {"preau/signaling/cluster"},
	"github.com/livekit/protocol/":    {"preau/signaling", "preau/loadtest"},
	"github.com/prometheus/client_go": {"preau/signaling", "preau/sfu", "preau/cmd/preau", "preau/loadtest", "preau/recorder"},
}

// worlds never meet: only cmd sees both.
var worlds = []string{"preau/sfu", "preau/signaling", "preau/recorder"}

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestLayers(t *testing.T) {
	for _, p := range goList(t) {
		from := layerOf(p.ImportPath)
		if from < 0 {
			t.Errorf("%s stands in no layer: give it a place in layers_test.go and in the README", p.ImportPath)
		}
		for _, to := range p.Imports {
			if strings.HasPrefix(to, "preau/") && !allowed(p.ImportPath, to) {
				t.Errorf("%s imports %s, which does not stand above it", p.ImportPath, to)
			}
		}
	}
}

func TestWorldsNeverMeet(t *testing.T) {
	for _, p := range goList(t) {
		mine := worldOf(p.ImportPath)
		if mine == "" {
			continue
		}
		for _, to := range p.Imports {
			if theirs := worldOf(to); theirs != "" && theirs != mine {
				t.Errorf("%s imports %s: only cmd sees both", p.ImportPath, to)
			}
		}
	}
}

func TestLibrariesHaveOneHome(t *testing.T) {
	for _, p := range goList(t) {
		for _, to := range p.Imports {
			for library, homes := range only {
				if strings.HasPrefix(to, library) && !within(p.ImportPath, homes) {
					t.Errorf("%s imports %s, which is for %v only", p.ImportPath, to, homes)
				}
			}
		}
	}
}

func allowed(from, to string) bool {
	f, t := layerOf(from), layerOf(to)
	inside := func(p string) bool {
		return strings.HasPrefix(p, "preau/sfu/internal/") || strings.HasPrefix(p, "preau/loadtest")
	}
	return t < f || (t == f && inside(from) && inside(to))
}

// layerOf is the index of the longest name that fits; a name ending in "/" and
// loadtest stand for their whole subtree.
func layerOf(path string) int {
	best, length := -1, 0
	for i, names := range layers {
		for _, name := range names {
			subtree := strings.HasSuffix(name, "/") || name == "preau/loadtest"
			if (path == name || subtree && strings.HasPrefix(path, name)) && len(name) > length {
				best, length = i, len(name)
			}
		}
	}
	return best
}

func worldOf(path string) string {
	for _, w := range worlds {
		if path == w || strings.HasPrefix(path, w+"/") {
			return w
		}
	}
	return ""
}

func within(path string, homes []string) bool {
	for _, h := range homes {
		if path == h || strings.HasPrefix(path, h+"/") {
			return true
		}
	}
	return false
}

func goList(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "preau/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		all = append(all, p)
	}
}
