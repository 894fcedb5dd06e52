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

// What shows how clients come back, what webhooks do and what tokens say belongs to the contract in
// whole: each test of these files is named.
func TestContractNamesAllOfSomeFiles(t *testing.T) {
	doc, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(doc.Doc.Text(), -1) {
		named[name] = true
	}
	for _, path := range []string{
		"../../cmd/preau/comeback_test.go", "../webhook/hooks_test.go", "../access/access_test.go", "../access/refresh_test.go",
	} {
		there := testsIn(t, path)
		if len(there) == 0 {
			t.Errorf("%s has no tests", path)
		}
		for name := range there {
			if !named[name] {
				t.Errorf("%s of %s is not named", name, path)
			}
		}
	}
}

// testsIn are the names of one file's tests and fuzz targets.
func testsIn(t *testing.T, path string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
			found[f.Name.Name] = true
		}
	}
	return found
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
