package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

// A year: the name of an asset changes with its content.
const immutable = "public, max-age=31536000, immutable"

// unbuilt is told where the page should be, in a program built without it.
const unbuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Préau</title>
<h1>The page is not built yet</h1>
<p>This program was compiled without its page. Run <code>make build</code>, then start it again.</p>
</html>
`

// asset is one file of the page, with the copies that the build compressed.
type asset struct {
	mime    string
	plain   encoded
	packed  []encoded // best first
	lasting bool      // its name changes with its content
}

// encoded is a file's bytes in one content coding ("" none).
type encoded struct {
	coding string
	body   []byte
	etag   string
}

// handler is read-only after construction.
type handler struct {
	assets map[string]*asset // by path from the root, without the slash
	index  *asset            // nil: the page is not built
}

func newHandler(dist fs.FS) *handler {
	h := &handler{assets: map[string]*asset{}}
	_ = fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !hidden(name) && !isPacked(name) {
			h.assets[name] = load(dist, name)
		}
		return nil
	})
	h.index = h.assets["index.html"]
	return h
}

func hidden(name string) bool { return strings.HasPrefix(path.Base(name), ".") }

func isPacked(name string) bool {
	return strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz")
}

func load(dist fs.FS, name string) *asset {
	a := &asset{mime: mimeOf(name), lasting: strings.HasPrefix(name, "assets/")}
	a.plain = read(dist, name, "")
	for _, c := range []struct{ coding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}} {
		if e := read(dist, name+c.suffix, c.coding); e.body != nil {
			a.packed = append(a.packed, e)
		}
	}
	return a
}

func read(dist fs.FS, name, coding string) encoded {
	body, err := fs.ReadFile(dist, name)
	if err != nil {
		return encoded{}
	}
	sum := sha256.Sum256(body)
	return encoded{coding: coding, body: body, etag: `"` + hex.EncodeToString(sum[:12]) + `"`}
}

// mimeOf does not ask the machine's own tables for what a page is made of: they differ.
func mimeOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	case ".json", ".map":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

// ServeHTTP answers GET and HEAD.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if a, ok := h.assets[name]; ok && a != h.index {
		a.serve(w, r)
		return
	}
	if !isScreen(name) {
		http.NotFound(w, r)
		return
	}
	if h.index == nil {
		serveUnbuilt(w)
		return
	}
	h.index.serve(w, r)
}

// isScreen says whether a path is one of the page's own addresses.
func isScreen(name string) bool {
	if name == "" || name == "index.html" || name == "join" {
		return true
	}
	first, rest, found := strings.Cut(name, "/")
	return found && rest != "" && !strings.Contains(rest, "/") && (first == "c" || first == "k")
}

func serveUnbuilt(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(unbuilt)) // the client's loss
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	e := a.choose(r.Header.Values("Accept-Encoding"))
	header := w.Header()
	header.Set("Content-Type", a.mime)
	header.Set("ETag", e.etag)
	if len(a.packed) > 0 {
		header.Add("Vary", "Accept-Encoding")
	}
	if e.coding != "" {
		header.Set("Content-Encoding", e.coding)
	}
	if a.lasting {
		header.Set("Cache-Control", immutable)
	} else {
		header.Set("Cache-Control", "no-cache") // asked again each time, by the ETag
	}
	http.ServeContent(inPieces{w}, r, "", time.Time{}, bytes.NewReader(e.body))
}

// piece is how many bytes of a file are written at once, and so the largest frame of HTTP/2: what else
// is asked on the connection, as the class's name, waits for one of them on a thin link.
const piece = 4 << 10

type inPieces struct{ http.ResponseWriter }

func (w inPieces) Write(b []byte) (written int, err error) {
	for len(b) > 0 && err == nil {
		var n int
		n, err = w.ResponseWriter.Write(b[:min(piece, len(b))])
		written, b = written+n, b[n:]
	}
	return written, err
}

// Unwrap is for http.ResponseController.
func (w inPieces) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// choose is the best copy that the client takes.
func (a *asset) choose(accepted []string) encoded {
	for _, e := range a.packed {
		if accepts(accepted, e.coding) {
			return e
		}
	}
	return a.plain
}
