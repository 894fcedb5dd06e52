package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layers is the house's order: a package imports only packages of this module
// that stand above it, its tests included. Packages on one line do not import each other unless
// the line says so by naming them in order.
var layers = [][]string{
	{"preau/signaling/classpb", "preau/signaling/xconnect"},
	{"preau/signaling/class", "preau/sfu/packet", "preau/sfu/stream"},
	{"preau/sfu/internal/"},
	{"preau/signaling/room", "preau/signaling/livekit", "preau/signaling/access", "preau/sfu", "preau/recorder"},
	{"preau/signaling/room/logtest", "preau/signaling/webhook", "preau/signaling/cluster"},
	{"preau/signaling"},
	{"preau/web", "preau/loadtest"},
	{"preau/cmd/preau"},
}

// only says which packages may import a library, by prefix of the library; a name ending in "/"
// stands for its whole subtree.
var only = map[string][]string{
	"github.com/pion/webrtc/":      {"preau/sfu", "preau/loadtest/"},
	"github.com/gorilla/websocket": {"preau/signaling", "preau/loadtest/"},
	"github.com/redis/go-redis/":   {"preau/signaling/cluster"},
	"github.com/livekit/protocol/": {
		"preau/signaling", "preau/signaling/access", "preau/signaling/livekit", "preau/signaling/webhook",
		"preau/loadtest/",
	},
	"github.com/prometheus/client_go": {
		"preau/signaling", "preau/signaling/webhook", "preau/sfu", "preau/cmd/preau", "preau/loadtest/",
		"preau/recorder",
	},
}

// worldly is what the class's rules are told and never ask: time, chance, words for the operator,
// files and sockets.
var worldly = []string{"time", "math/rand", "math/rand/v2", "crypto/rand", "log", "log/slog", "os", "io", "net", "net/http"}

// worlds never meet: only cmd sees both.
var worlds = []string{"preau/sfu", "preau/signaling", "preau/recorder"}

// inTests are the imports that only a package's tests may have, by prefix, each with its reason.
var inTests = []exception{
	{"preau/sfu/packet", "preau/sfu/internal/svctest", "the parsers are tried on streams that svctest makes of whole packets"},
	{"preau/signaling/room", "preau/signaling/room/logtest", "both logs pass the one conformance test, which knows but the interface"},
	{"preau/cmd/preau", "github.com/pion/webrtc/", "clients of the whole program, taken apart to lose one thing at a time"},
	{"preau/cmd/preau", "github.com/gorilla/websocket", "the same, and pages that are clients of /class alone"},
	{"preau/cmd/preau", "github.com/livekit/protocol/", "the same, and callers of the server API"},
}

type exception struct{ from, to, reason string }

type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

// imported is one import; test: of a package's tests alone.
type imported struct {
	path string
	test bool
}

// all are the imports of a package and of its tests. That tests from outside import the package
// that they are of goes without saying.
func (p goPackage) all() (list []imported) {
	for _, to := range p.Imports {
		list = append(list, imported{to, false})
	}
	for _, to := range slices.Concat(p.TestImports, p.XTestImports) {
		if to != p.ImportPath && !slices.Contains(p.Imports, to) {
			list = append(list, imported{to, true})
		}
	}
	return list
}

// excused says whether an import is one of those that only tests may have.
func (i imported) excused(from string) bool {
	return i.test && slices.ContainsFunc(inTests, func(e exception) bool {
		return from == e.from && strings.HasPrefix(i.path, e.to)
	})
}

func TestLayers(t *testing.T) {
	for _, p := range goList(t) {
		from := layerOf(p.ImportPath)
		if from < 0 {
			t.Errorf("%s stands in no layer: give it a place in layers_test.go and in the README", p.ImportPath)
		}
		for _, to := range p.all() {
			if strings.HasPrefix(to.path, "preau/") && !allowed(p.ImportPath, to.path) && !to.excused(p.ImportPath) {
				t.Errorf("%s imports %s, which does not stand above it (in tests: %v)", p.ImportPath, to.path, to.test)
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
		for _, to := range p.all() {
			if theirs := worldOf(to.path); theirs != "" && theirs != mine {
				t.Errorf("%s imports %s: only cmd sees both (in tests: %v)", p.ImportPath, to.path, to.test)
			}
		}
	}
}

func TestTheClassSeesNoWorld(t *testing.T) {
	for _, p := range goList(t) {
		for _, to := range p.Imports {
			if p.ImportPath == "preau/signaling/class" && slices.Contains(worldly, to) {
				t.Errorf("%s imports %s: it comes in as an argument", p.ImportPath, to)
			}
		}
	}
}

func TestLibrariesHaveOneHome(t *testing.T) {
	for _, p := range goList(t) {
		for _, to := range p.all() {
			for library, homes := range only {
				if strings.HasPrefix(to.path, library) && !within(p.ImportPath, homes) && !to.excused(p.ImportPath) {
					t.Errorf("%s imports %s, which is for %v only (in tests: %v)", p.ImportPath, to.path, homes, to.test)
				}
			}
		}
	}
}

// What tests need no longer is not to stand there for others to lean on.
func TestExceptionsAreNeeded(t *testing.T) {
	needed := map[exception]bool{}
	for _, p := range goList(t) {
		for _, to := range p.all() {
			for _, e := range inTests {
				if to.test && p.ImportPath == e.from && strings.HasPrefix(to.path, e.to) {
					needed[e] = true
				}
			}
		}
	}
	for _, e := range inTests {
		if !needed[e] {
			t.Errorf("no test of %s imports %s (%s)", e.from, e.to, e.reason)
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
		if path == h || strings.HasSuffix(h, "/") && strings.HasPrefix(path, h) {
			return true
		}
	}
	return false
}

func goList(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "preau/...")
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
