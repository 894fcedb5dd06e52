package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// What the README points at exists: a picture that is missing greets every newcomer.
func TestReadmePointsAtWhatExists(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^)#:]+)\)|`+"`((?:deploy|signaling|cmd)/[A-Za-z0-9_./-]+)`").FindAllSubmatch(text, -1)
	if len(links) < 5 {
		t.Fatalf("found only %d links", len(links))
	}
	for _, l := range links {
		path := string(l[1]) + string(l[2])
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Errorf("README.md points at %s, which does not exist", path)
		}
	}
}
