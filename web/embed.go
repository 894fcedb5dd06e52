// Package web is the page: built by Vite into dist, embedded here, and served with
// what the build compressed. It knows nothing of classes; where an address leads is
// the page's own business, so every address of a screen answers with the same page.
// It has no goroutines.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed all:dist
var embedded embed.FS

// Handler serves the page as it was built into this program.
func Handler() http.Handler {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path: the embed directive above names it
	}
	return newHandler(dist)
}
