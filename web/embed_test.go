package web

import (
	"bytes"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

func site() fs.FS {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	return fstest.MapFS{
		".keep":                  file(""),
		"index.html":             file("<title>page</title>"),
		"index.html.br":          file("BR page"),
		"index.html.gz":          file("GZ page"),
		"favicon.svg":            file("<svg/>"),
		"assets/index-abc.js":    file("script"),
		"assets/index-abc.js.gz": file("GZ script"),
	}
}

func get(t *testing.T, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEveryScreenIsThePage(t *testing.T) {
	h := newHandler(site())
	for _, path := range []string{"/", "/index.html", "/join", "/c/ABCD1234", "/k/5e-b-sciences", "//c//ABCD1234"} {
		r := get(t, h, path)
		if r.StatusCode != http.StatusOK || !strings.Contains(body(t, r), "<title>page") {
			t.Errorf("%s: %s, want the page", path, r.Status)
		}
		if c := r.Header.Get("Cache-Control"); c != "no-cache" {
			t.Errorf("%s: Cache-Control %q: a new version would not be seen", path, c)
		}
	}
}

func TestWhatIsNoAddressIsNotFound(t *testing.T) {
	h := newHandler(site())
	for _, path := range []string{"/assets/gone-123.js", "/c/", "/c/a/b", "/api/nothing", "/.keep", "/index.html.br", "/robots.txt"} {
		if r := get(t, h, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s, want 404", path, r.Status)
		}
	}
}

func TestAssetsLastForEver(t *testing.T) {
	r := get(t, newHandler(site()), "/assets/index-abc.js")
	if c := r.Header.Get("Cache-Control"); !strings.Contains(c, "immutable") {
		t.Errorf("Cache-Control %q", c)
	}
	if c := r.Header.Get("Content-Type"); !strings.HasPrefix(c, "text/javascript") {
		t.Errorf("Content-Type %q", c)
	}
}

// writes notes how long each of them is.
type writes struct {
	*httptest.ResponseRecorder
	longest int
}

func (w *writes) Write(b []byte) (int, error) {
	w.longest = max(w.longest, len(b))
	return w.ResponseRecorder.Write(b)
}

func TestAFileIsWrittenInPieces(t *testing.T) {
	body := bytes.Repeat([]byte("x"), 5*piece+1)
	got := &writes{ResponseRecorder: httptest.NewRecorder()}
	(&asset{mime: "text/plain", plain: encoded{body: body}}).serve(got, httptest.NewRequest("GET", "/", nil))
	if got.longest != piece || !bytes.Equal(got.Body.Bytes(), body) {
		t.Errorf("%d bytes, %d at once", got.Body.Len(), got.longest)
	}
}

func TestCodingIsNegotiated(t *testing.T) {
	for _, c := range []struct{ path, accept, coding, body string }{
		{"/", "gzip, deflate, br, zstd", "br", "BR page"},
		{"/", "gzip", "gzip", "GZ page"},
		{"/", "br;q=0, gzip;q=0.5", "gzip", "GZ page"},
		{"/", "*", "br", "BR page"},
		{"/", "*, br;q=0", "gzip", "GZ page"},
		{"/", "identity", "", "<title>page</title>"},
		{"/", "", "", "<title>page</title>"},
		{"/", "br;q=nonsense", "", "<title>page</title>"},
		{"/assets/index-abc.js", "br, gzip", "gzip", "GZ script"},
		{"/favicon.svg", "br, gzip", "", "<svg/>"},
	} {
		r := get(t, newHandler(site()), c.path, "Accept-Encoding", c.accept)
		if got := r.Header.Get("Content-Encoding"); got != c.coding {
			t.Errorf("%s for %q: coding %q, want %q", c.path, c.accept, got, c.coding)
		}
		if got := body(t, r); got != c.body {
			t.Errorf("%s for %q: %q, want %q", c.path, c.accept, got, c.body)
		}
	}
}

func TestThePageIsNotSentTwice(t *testing.T) {
	h := newHandler(site())
	etag := get(t, h, "/", "Accept-Encoding", "br").Header.Get("ETag")
	if r := get(t, h, "/", "Accept-Encoding", "br", "If-None-Match", etag); r.StatusCode != http.StatusNotModified {
		t.Errorf("%s, want 304", r.Status)
	}
	if r := get(t, h, "/", "Accept-Encoding", "gzip", "If-None-Match", etag); r.StatusCode != http.StatusOK {
		t.Errorf("another coding under the same ETag: %s, want 200", r.Status)
	}
}

func TestOnlyReads(t *testing.T) {
	w := httptest.NewRecorder()
	newHandler(site()).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestWithoutAPageItSaysWhatToDo(t *testing.T) {
	h := newHandler(fstest.MapFS{".keep": &fstest.MapFile{}})
	for _, path := range []string{"/", "/c/ABCD1234"} {
		r := get(t, h, path)
		if r.StatusCode != http.StatusOK || !strings.Contains(body(t, r), "make build") {
			t.Errorf("%s: %s, want a word about make build", path, r.Status)
		}
	}
}

func TestEmbedded(t *testing.T) {
	if r := get(t, Handler(), "/"); r.StatusCode != http.StatusOK {
		t.Errorf("/: %s", r.Status)
	}
}

func FuzzAccepts(f *testing.F) {
	f.Add("gzip;q=0.5, br;q=1.0, *;q=0")
	f.Add(";;q=,=;q")
	f.Fuzz(func(t *testing.T, header string) {
		accepts([]string{header}, "br")
	})
}

func TestWorkerIsAskedForAgainEachTime(t *testing.T) {
	site, ok := site().(fstest.MapFS)
	if !ok {
		t.Fatal("the site is no map")
	}
	site["sw.js"] = &fstest.MapFile{Data: []byte("worker")}
	r := get(t, newHandler(site), "/sw.js")
	if c := r.Header.Get("Cache-Control"); c != "no-cache" {
		t.Errorf("Cache-Control %q: a new version would not be seen", c)
	}
	// At the root, a worker may answer for the whole page without further headers.
	if c := r.Header.Get("Content-Type"); !strings.HasPrefix(c, "text/javascript") {
		t.Errorf("Content-Type %q: browsers take no worker of another type", c)
	}
}
