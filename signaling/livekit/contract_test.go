package livekit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The package comment names a test for every line of the contract: each is one that `go test` runs.
func TestContractNamesTests(t *testing.T) {
	set := token.NewFileSet()
	doc, err := parser.ParseFile(set, "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	there := testsOf(t, filepath.Join("..", ".."))
	named := regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(doc.Doc.Text(), -1)
	if len(named) < 100 {
		t.Errorf("the contract names %d tests", len(named))
	}
	for _, name := range named {
		if !there[name] {
			t.Errorf("%s is named, and not in the tree", name)
		}
	}
	for _, line := range regexp.MustCompile(`(?m)^ +(- |\d+\. )`).Split(doc.Doc.Text(), -1)[1:] {
		line, _, _ = strings.Cut(line, "\n\n")
		if !strings.Contains(line, "Test") && !strings.Contains(line, "Fuzz") {
			t.Errorf("no test is named for: %s", line)
		}
	}
}

// testsOf are the names of the tests and fuzz targets of a source tree.
func testsOf(t *testing.T, root string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil {
				found[f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Clients take RPC from 1.8.0 on, and beyond 1.13.6 what is not served here.
func TestVersionIsOneThatClientsTakeFeaturesFrom(t *testing.T) {
	number := func(version string) (n int) {
		t.Helper()
		parts := strings.Split(version, ".")
		if len(parts) != 3 {
			t.Fatalf("%q is not of three numbers", version)
		}
		for _, part := range parts {
			i, err := strconv.Atoi(part)
			if err != nil {
				t.Fatal(err)
			}
			n = n*1000 + i
		}
		return n
	}
	if v := number(Version); v < number("1.8.0") || v > number("1.13.6") {
		t.Errorf("version %s", Version)
	}
}
