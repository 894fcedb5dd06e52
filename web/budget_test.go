package web

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// What a weak link must carry, in bytes as Brotli. At 200 kb/s a second is 25 kB.
const (
	mostFirst  = 50_000  // until a pupil may type a name: page, script, style
	mostClass  = 105_000 // with the class's own screen, fetched while the name is typed
	mostListen = 225_000 // with livekit-client, fetched then too: all there is before the first sound
)

var (
	ofPage   = regexp.MustCompile(`(?:src|href)="/(assets/[^"]+\.(?:js|css))"`)
	ofScript = regexp.MustCompile(`(?:from|import)\s*"\./([^"]+\.js)"`)
)

// fetched is files of the page that have been fetched.
type fetched struct {
	h     *handler
	bytes map[string]int
}

// add fetches a file, and what it imports before it runs.
func (l *fetched) add(t *testing.T, name string) {
	t.Helper()
	a := l.h.assets[name]
	if a == nil {
		t.Fatalf("%s is not in the build", name)
	}
	if _, known := l.bytes[name]; known {
		return
	}
	l.bytes[name] = len(a.choose([]string{"br"}).body)
	text := string(a.plain.body)
	switch path.Ext(name) {
	case ".html":
		for _, found := range ofPage.FindAllStringSubmatch(text, -1) {
			l.add(t, found[1])
		}
	case ".js":
		for _, found := range ofScript.FindAllStringSubmatch(text, -1) {
			l.add(t, "assets/"+found[1])
		}
	}
}

// addPart fetches a part that is imported while the page runs, with its style.
func (l *fetched) addPart(t *testing.T, part string) {
	t.Helper()
	found := false
	for name := range l.h.assets {
		if strings.HasPrefix(name, "assets/"+part+"-") {
			l.add(t, name)
			found = true
		}
	}
	if !found {
		t.Fatalf("no part %q in the build", part)
	}
}

func (l *fetched) total() int {
	sum := 0
	for _, n := range l.bytes {
		sum += n
	}
	return sum
}

func TestPupilsFirstLoadIsSmall(t *testing.T) {
	h, ok := Handler().(*handler)
	if !ok || h.index == nil {
		t.Skip("the page is not built")
	}
	l := &fetched{h: h, bytes: map[string]int{}}
	l.add(t, "index.html")
	for name := range l.bytes {
		if strings.Contains(name, "livekit") || strings.Contains(name, "Lesson") {
			t.Errorf("the first load has %s in it", name)
		}
	}
	if len(l.bytes) < 3 {
		t.Fatalf("the first load is %v: its files were not found", l.bytes)
	}
	within := func(what string, most int) {
		t.Logf("%s: %d bytes in %d files", what, l.total(), len(l.bytes))
		if l.total() > most {
			t.Errorf("%s: %d bytes, want at most %d: %v", what, l.total(), most, l.bytes)
		}
	}
	within("until a name is typed", mostFirst)
	l.addPart(t, "Lesson")
	within("with the class", mostClass)
	l.addPart(t, "livekit")
	within("until the first sound", mostListen)
}
