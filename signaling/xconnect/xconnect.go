// Package xconnect has net/http take websockets over HTTP/2 (RFC 8441).
//
// net/http can, and announces it, only where the environment says GODEBUG=http2xconnect=1 when it is
// initialised. This package says so before: packages are initialised in the order of their import
// paths as soon as what they import is, this one imports next to nothing, and net/http imports
// packages that are called vendor/… . Importing it is all there is to do; a test of package signaling
// sees that it holds.
package xconnect

import (
	"os"
	"strings"
)

const setting = "http2xconnect"

func init() {
	said := os.Getenv("GODEBUG")
	if strings.Contains(said, setting) {
		return // whoever runs the program knows better
	}
	if said != "" {
		said += ","
	}
	_ = os.Setenv("GODEBUG", said+setting+"=1") // without it browsers open sockets of their own
}
